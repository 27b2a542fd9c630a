"""Bookings by page: held while the form is filled in, counted, and answered with a link.

A page's visitor has no account and no key. What keeps the calendar from being filled by a machine
are the limits, which are exact over all processes: a booking counts in its own transaction.

A browser that keeps cookies names its visitor, by something random; `visitor` is its SHA-256. So
the visitor's own holds are in nobody's way in any of its tabs, and a booking that was made is found
again. Whoever keeps no cookies has the hold of the form alone.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.access import hash_of
from kalends.domain.booking import Booking, Status
from kalends.domain.errors import NotFound, RateLimited, Refused, SlotTaken
from kalends.domain.event_type import EventType
from kalends.domain.hold import Hold
from kalends.runtime.links import create_link
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.booking_creation import NewBooking, create_booking
from kalends.scheduling.holds import NewHold, create_hold
from kalends.services.booking_pages.drafts import forget_draft
from kalends.services.booking_pages.offers import find_schedule_for
from kalends.store.bookings import holds as held
from kalends.store.bookings import links
from kalends.store.bookings.bookings import find_booking
from kalends.store.rate_windows import add_to_windows

HOLD_MINUTES: Final = 10
# A form that is sent with faults keeps its time longer, but nobody keeps one for good.
LONGEST_HOLD: Final = timedelta(minutes=30)
# Several tabs may each keep a time; the oldest gives way to one more.
MOST_HOLDS: Final = 3
MINUTE_SECONDS: Final = 60

T = TypeVar("T")


class BookingRates(Struct, frozen=True, kw_only=True):
    """New bookings a minute, from the network address and for each schedule; 0 is without."""

    address: str
    per_address: int = 0
    per_schedule: int = 0


class FormSubmission(Struct, frozen=True, kw_only=True):
    """Which form is sent, and by which visitor, where that is known."""

    form: str | None = None
    visitor: bytes | None = None


class Booked(Struct, frozen=True):
    """A booking, and the token of a link that opens it; it is shown this once."""

    booking: Booking
    token: str


async def hold_by_page(
    work: UnitOfWork,
    event_type: EventType,
    starts_at: datetime,
    instead_of: UUID | None,
    visitor: bytes | None,
) -> Hold:
    """Keeps the time while the form is filled in, and gives back the one held before. The visitor
    that has it already keeps it, in whichever tab.

    Raises as creating a booking does.
    """
    own = await _own_holds(work, visitor)
    kept = next((hold for hold in own if _is_for(work, hold, event_type, starts_at)), None)
    if instead_of is not None and (kept is None or kept.id != instead_of):
        await _give_back(work, event_type, instead_of)
    if kept is not None:
        return await renew_hold(work, event_type, starts_at, kept.id) or kept
    others = [hold for hold in own if hold.id != instead_of]
    for oldest in others[: max(0, len(others) - MOST_HOLDS + 1)]:
        await held.end_hold(work.tenant, oldest.id, work.now)

    async def take() -> Hold:
        wanted = NewHold(
            start_time=starts_at,
            minutes=HOLD_MINUTES,
            schedule_id=await find_schedule_for(work, event_type, starts_at),
            event_type_id=event_type.id,
        )
        return await create_hold(work, wanted)

    hold = await _past_own_holds(work, others, take)
    if visitor is not None:
        await held.give_to_visitor(work.tenant, hold.id, visitor)
    return hold


async def list_own_holds(work: UnitOfWork, visitor: bytes | None) -> list[UUID]:
    """What the visitor holds at this moment, at this organization."""
    return [hold.id for hold in await _own_holds(work, visitor)]


async def find_live_hold(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, hold_id: UUID
) -> Hold | None:
    """The hold, if it still keeps that time for that event type."""
    hold = await held.find_hold(work.tenant, hold_id)
    return hold if hold and _is_for(work, hold, event_type, starts_at) else None


async def find_own_hold(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, visitor: bytes | None
) -> Hold | None:
    """The visitor's live hold of that time for that event type, from whichever tab."""
    own = await _own_holds(work, visitor)
    return next((hold for hold in own if _is_for(work, hold, event_type, starts_at)), None)


async def renew_hold(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, hold_id: UUID
) -> Hold | None:
    """The live hold, kept longer; half an hour in all at the most."""
    hold = await find_live_hold(work, event_type, starts_at, hold_id)
    if hold is None:
        return None
    until = min(work.now + timedelta(minutes=HOLD_MINUTES), hold.created_at + LONGEST_HOLD)
    await held.extend_hold(work.tenant, hold_id, until, work.now)
    return structs.replace(hold, expires_at=max(until, hold.expires_at))


async def book_by_page(
    work: UnitOfWork,
    event_type: EventType,
    wanted: NewBooking,
    limits: BookingRates,
    sending: FormSubmission,
) -> Booked:
    """The booking, in place of its hold if that still lives. However often one form is sent, and
    however many of its sendings meet, it makes one booking, and each of them is answered with it.

    Raises as creating a booking does, and RateLimited.
    """
    marks = _marks_of(wanted, sending)
    await links.lock_marks(work.tx, marks)
    made = await _find_made(work, wanted, marks)
    if made is None:
        await _count(work, {_subject("address", limits.address): 1}, limits.per_address)
        made = await _create(work, event_type, wanted, sending.visitor)
        on = {_subject("schedule", str(id_)): 1 for id_ in made.schedule_ids}
        await _count(work, on, limits.per_schedule)
        if sending.visitor is not None:
            marks.append(_mark_of_visitor(event_type, wanted.start_time, sending.visitor))
            await forget_draft(work, event_type, sending.visitor)
        await links.put_marks(work.tenant, marks, made.id, work.recorded_at)
    return Booked(made, await create_link(work.tenant, made.id, work.recorded_at))


async def find_own_booking(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, visitor: bytes | None
) -> Booking | None:
    """What this visitor has booked there, if it stands."""
    if visitor is None:
        return None
    return await _find_by_mark(work, _mark_of_visitor(event_type, starts_at, visitor))


async def find_booking_of_hold(
    work: UnitOfWork, starts_at: datetime, hold_id: UUID
) -> Booking | None:
    """What became of the hold, if that is a booking which stands."""
    made = await _find_by_mark(work, _mark_of_hold(hold_id))
    return made if made is not None and made.start_time == starts_at else None


async def open_own_booking(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, visitor: bytes | None
) -> Booked:
    """A new link to what this visitor has booked there. Raises NotFound."""
    made = await find_own_booking(work, event_type, starts_at, visitor)
    if made is None:
        raise NotFound("There is no such booking here.")
    return Booked(made, await create_link(work.tenant, made.id, work.recorded_at))


async def _create(
    work: UnitOfWork, event_type: EventType, wanted: NewBooking, visitor: bytes | None
) -> Booking:
    own = await _own_holds(work, visitor)
    placed = await _placed(work, event_type, wanted, own)
    in_the_way = [hold for hold in own if hold.id != placed.hold_id]
    return await _past_own_holds(work, in_the_way, lambda: create_booking(work, placed))


async def _past_own_holds(
    work: UnitOfWork, own: Sequence[Hold], take: Callable[[], Awaitable[T]]
) -> T:
    """Takes a time beside one's own holds; where that cannot be, in their place. Raises as `take`
    does, and has then given nothing back."""
    if not own:
        return await take()
    try:
        async with work.tx.transaction():
            return await take()
    except (SlotTaken, Refused):
        for hold in own:
            await held.end_hold(work.tenant, hold.id, work.now)
        return await take()


async def _placed(
    work: UnitOfWork, event_type: EventType, wanted: NewBooking, own: Sequence[Hold]
) -> NewBooking:
    """What is wanted with its hold if that lives and is for it, else with another of the visitor's
    own; a hold of another time is given back. Where the event type names no schedule, with one."""
    hold = None
    if wanted.hold_id is not None:
        hold = await find_live_hold(work, event_type, wanted.start_time, wanted.hold_id)
        if hold is None:
            await _give_back(work, event_type, wanted.hold_id)
    for mine in own:
        if hold is None and _is_for(work, mine, event_type, wanted.start_time):
            hold = mine
    if hold is not None:
        return structs.replace(wanted, hold_id=hold.id, schedule_id=hold.schedule_id)
    schedule_id = await find_schedule_for(work, event_type, wanted.start_time)
    return structs.replace(wanted, hold_id=None, schedule_id=schedule_id)


async def _own_holds(work: UnitOfWork, visitor: bytes | None) -> list[Hold]:
    """The visitor's live holds, the oldest first."""
    if visitor is None:
        return []
    return await held.list_holds_of(work.tenant, visitor, work.now)


async def _give_back(work: UnitOfWork, event_type: EventType, hold_id: UUID) -> None:
    hold = await held.find_hold(work.tenant, hold_id)
    if hold is not None and hold.event_type_id == event_type.id:
        await held.end_hold(work.tenant, hold_id, work.now)


async def _find_made(
    work: UnitOfWork, wanted: NewBooking, marks: Sequence[bytes]
) -> Booking | None:
    """The booking that this very form has already made, or another tab's with the same hold for
    the same person."""
    for mark in marks:
        made = await _find_by_mark(work, mark)
        if made is not None and _is_for_same(made, wanted):
            return made
    return None


def _is_for_same(made: Booking, wanted: NewBooking) -> bool:
    who = wanted.attendee
    asked = (wanted.start_time, who.email, who.name)
    return (made.start_time, made.attendee_email, made.attendee_name) == asked


async def _find_by_mark(work: UnitOfWork, mark: bytes) -> Booking | None:
    """The booking under the mark, unless it was cancelled since."""
    known = await links.find_link(work.tx, mark)
    if known is None or known[0] != work.organization_id:
        return None
    made = await find_booking(work.tenant, known[1])
    return made if made is not None and made.status != Status.CANCELLED else None


async def _count(work: UnitOfWork, hits: dict[str, int], limit: int) -> None:
    """Counts in this transaction: what fails later was never counted. Raises RateLimited."""
    if not limit:
        return
    now = int(work.recorded_at.timestamp())
    counts = await add_to_windows(work.tx, now // MINUTE_SECONDS * MINUTE_SECONDS, hits)
    if any(count > limit for count in counts.values()):
        seconds = MINUTE_SECONDS - now % MINUTE_SECONDS
        raise RateLimited(f"Too many bookings. Try again in {seconds} s.", seconds)


def _subject(kind: str, text: str) -> str:
    """A name in the table of counts, of which no address can be read."""
    return f"page {kind} {hashlib.sha256(text.encode()).hexdigest()}"


# Marks: a booking is known by what it came from. They are no link's hash: no token is that long.


def _marks_of(wanted: NewBooking, sending: FormSubmission) -> list[bytes]:
    marks = [] if wanted.hold_id is None else [_mark_of_hold(wanted.hold_id)]
    if sending.form:
        about = (wanted.event_type_id, wanted.start_time.isoformat(), wanted.attendee.email)
        marks.append(hash_of(f"the booking that was made of the form {sending.form} for {about}"))
    return marks


def _mark_of_hold(hold_id: UUID) -> bytes:
    return hash_of(f"the booking that was made of the hold {hold_id}")


def _mark_of_visitor(event_type: EventType, starts_at: datetime, visitor: bytes) -> bytes:
    about = f"{event_type.id} at {starts_at.isoformat()}"
    return hash_of(f"the booking that the visitor {visitor.hex()} made of {about}")


def _is_for(work: UnitOfWork, hold: Hold, event_type: EventType, starts_at: datetime) -> bool:
    is_alive = hold.expires_at > work.now
    return is_alive and (hold.event_type_id, hold.start_time) == (event_type.id, starts_at)
