"""Bookings by page: held while the form is filled in, counted, and answered with a link.

A page's visitor has no account and no key. What keeps the calendar from being filled by a machine
are the limits, which are exact over all processes: a booking counts in its own transaction.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.access import hash_of
from kalends.domain.booking import Booking
from kalends.domain.errors import RateLimited
from kalends.domain.event_type import EventType
from kalends.domain.hold import Hold
from kalends.services import bookings, holds
from kalends.services.bookings import NewBooking
from kalends.services.holds import NewHold
from kalends.services.offers import find_schedule_for
from kalends.services.self_service import mint_link
from kalends.services.work import Work
from kalends.store import booking_links
from kalends.store import holds as held
from kalends.store.bookings import find_booking
from kalends.store.rate_windows import add_to_windows

HOLD_MINUTES: Final = 10
# A form that is sent with faults keeps its time longer, but nobody keeps one for good.
LONGEST_HOLD: Final = timedelta(minutes=30)
MINUTE: Final = 60


class Limits(Struct, frozen=True, kw_only=True):
    """New bookings a minute, from the network address and for each schedule; 0 is without."""

    address: str
    per_address: int = 0
    per_schedule: int = 0


class Booked(Struct, frozen=True):
    """A booking, and the token of a link that opens it; it is shown this once."""

    booking: Booking
    token: str


async def hold_by_page(
    work: Work, event_type: EventType, starts_at: datetime, instead_of: UUID | None
) -> Hold:
    """Keeps the time while the form is filled in, and gives back the one held before.

    Raises as creating a booking does.
    """
    if instead_of is not None:
        await _give_back(work, event_type, instead_of)
    wanted = NewHold(
        start_time=starts_at,
        minutes=HOLD_MINUTES,
        schedule_id=await find_schedule_for(work, event_type, starts_at),
        event_type_id=event_type.id,
    )
    return await holds.create_hold(work, wanted)


async def find_live_hold(
    work: Work, event_type: EventType, starts_at: datetime, hold_id: UUID
) -> Hold | None:
    """The hold, if it still keeps that time for that event type."""
    hold = await held.find_hold(work.organization_id, work.tx, hold_id)
    return hold if hold and _is_for(work, hold, event_type, starts_at) else None


async def renew_hold(
    work: Work, event_type: EventType, starts_at: datetime, hold_id: UUID
) -> Hold | None:
    """The live hold, kept longer; half an hour in all at the most."""
    hold = await find_live_hold(work, event_type, starts_at, hold_id)
    if hold is None:
        return None
    until = min(work.now + timedelta(minutes=HOLD_MINUTES), hold.created_at + LONGEST_HOLD)
    await held.extend_hold(work.organization_id, work.tx, hold_id, until, work.now)
    return structs.replace(hold, expires_at=max(until, hold.expires_at))


async def book_by_page(
    work: Work, event_type: EventType, wanted: NewBooking, limits: Limits
) -> Booked:
    """The booking, in place of its hold if that still lives. The same form sent twice makes one.

    Raises as creating a booking does, and RateLimited.
    """
    made = await _find_made(work, wanted)
    if made is not None:
        return Booked(made, await mint_link(work.organization_id, work.tx, made.id, work.stamp))
    await _count(work, {_subject("address", limits.address): 1}, limits.per_address)
    booking = await bookings.create_booking(work, await _placed(work, event_type, wanted))
    on = {_subject("schedule", str(id_)): 1 for id_ in booking.schedule_ids}
    await _count(work, on, limits.per_schedule)
    if wanted.hold_id is not None:
        await booking_links.insert_link(
            work.organization_id, work.tx, _mark(wanted.hold_id), booking.id, work.stamp
        )
    return Booked(booking, await mint_link(work.organization_id, work.tx, booking.id, work.stamp))


async def _placed(work: Work, event_type: EventType, wanted: NewBooking) -> NewBooking:
    """What is wanted with its hold if that lives and is for it; a hold of another time is given
    back. Where the event type names no schedule, with one."""
    if wanted.hold_id is not None:
        hold = await find_live_hold(work, event_type, wanted.start_time, wanted.hold_id)
        if hold is not None:
            return structs.replace(wanted, schedule_id=hold.schedule_id)
        await _give_back(work, event_type, wanted.hold_id)
    schedule_id = await find_schedule_for(work, event_type, wanted.start_time)
    return structs.replace(wanted, hold_id=None, schedule_id=schedule_id)


async def _give_back(work: Work, event_type: EventType, hold_id: UUID) -> None:
    hold = await held.find_hold(work.organization_id, work.tx, hold_id)
    if hold is not None and hold.event_type_id == event_type.id:
        await held.end_hold(work.organization_id, work.tx, hold_id, work.now)


async def _find_made(work: Work, wanted: NewBooking) -> Booking | None:
    """The booking that this very form has already made."""
    if wanted.hold_id is None:
        return None
    known = await booking_links.find_link(work.tx, _mark(wanted.hold_id))
    if known is None or known[0] != work.organization_id:
        return None
    made = await find_booking(work.organization_id, work.tx, known[1])
    is_same = made is not None and (
        (made.start_time, made.attendee_email) == (wanted.start_time, wanted.attendee.email)
    )
    return made if is_same else None


async def _count(work: Work, hits: dict[str, int], limit: int) -> None:
    """Counts in this transaction: what fails later was never counted. Raises RateLimited."""
    if not limit:
        return
    now = int(work.stamp.timestamp())
    counts = await add_to_windows(work.tx, now // MINUTE * MINUTE, hits)
    if any(count > limit for count in counts.values()):
        seconds = MINUTE - now % MINUTE
        raise RateLimited(f"Too many bookings. Try again in {seconds} s.", seconds)


def _subject(kind: str, text: str) -> str:
    """A name in the table of counts, of which no address can be read."""
    return f"page {kind} {hashlib.sha256(text.encode()).hexdigest()}"


def _mark(hold_id: UUID) -> bytes:
    """Under which a booking is known by the hold that it came from. It is no link's hash: no
    token is that long."""
    return hash_of(f"the booking that was made of the hold {hold_id}")


def _is_for(work: Work, hold: Hold, event_type: EventType, starts_at: datetime) -> bool:
    is_alive = hold.expires_at > work.now
    return is_alive and (hold.event_type_id, hold.start_time) == (event_type.id, starts_at)
