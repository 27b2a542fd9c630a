"""Bookings by page: limits their number, makes each form book once, and returns a booking link.

A visitor has neither account nor key. Limits, which are exact over all processes, keep a machine
from filling the calendar: a booking is counted in its own transaction. A visitor with cookies (see
`holds`) can find the booking again.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs

from kalends.availability.interval import MINUTE_SECONDS
from kalends.domain.access import hash_of
from kalends.domain.booking import Booking, Status
from kalends.domain.errors import NotFound, RateLimited
from kalends.domain.event_type import EventType
from kalends.domain.hold import Hold
from kalends.runtime.links import create_link
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.booking_creation import NewBooking, create_booking
from kalends.services.booking_pages.drafts import delete_draft
from kalends.services.booking_pages.holds import (
    claim_over_own_holds,
    find_live_hold,
    first_hold_for,
    list_visitor_holds,
    release_hold,
)
from kalends.services.booking_pages.offers import find_schedule_for
from kalends.store.bookings import links
from kalends.store.bookings.bookings import find_booking
from kalends.store.rate_windows import add_to_windows


class BookingRates(Struct, frozen=True, kw_only=True):
    """How many new bookings a minute are allowed from a network address and for a schedule; 0 is no
    limit."""

    address: str
    per_address: int = 0
    per_schedule: int = 0


class FormSubmission(Struct, frozen=True, kw_only=True):
    """The form that is sent, and its visitor, if they are known."""

    form: str | None = None
    visitor: bytes | None = None


class Booked(Struct, frozen=True):
    """A booking, and the token of a new link to it; the token is shown only now."""

    booking: Booking
    token: str


async def book_by_page(
    work: UnitOfWork,
    event_type: EventType,
    new: NewBooking,
    limits: BookingRates,
    sending: FormSubmission,
) -> Booked:
    """Creates the booking, from its hold if that is still live. A form that is sent several times,
    even at the same moment, makes one booking, and each submission gets it as its answer.

    Raises as creating a booking does, and RateLimited.
    """
    marks = _marks_of(new, sending)
    await links.lock_marks(work.tx, marks)
    booking = await _find_earlier(work, new, marks)
    if booking is None:
        await _count(work, {_subject("address", limits.address): 1}, limits.per_address)
        booking = await _create(work, event_type, new, sending.visitor)
        on = {_subject("schedule", str(id_)): 1 for id_ in booking.schedule_ids}
        await _count(work, on, limits.per_schedule)
        if sending.visitor is not None:
            marks.append(_mark_of_visitor(event_type, new.start_time, sending.visitor))
            await delete_draft(work, event_type, sending.visitor)
        await links.insert_marks(work.tenant, marks, booking.id, work.recorded_at)
    return Booked(booking, await create_link(work.tenant, booking.id, work.recorded_at))


async def find_own_booking(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, visitor: bytes | None
) -> Booking | None:
    """The booking that this visitor has made there, unless it was cancelled; else None."""
    if visitor is None:
        return None
    return await _find_by_mark(work, _mark_of_visitor(event_type, starts_at, visitor))


async def find_booking_of_hold(
    work: UnitOfWork, starts_at: datetime, hold_id: UUID
) -> Booking | None:
    """The booking that was made from the hold, unless it was cancelled or moved; else None."""
    booking = await _find_by_mark(work, _mark_of_hold(hold_id))
    return booking if booking is not None and booking.start_time == starts_at else None


async def open_own_booking(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, visitor: bytes | None
) -> Booked:
    """A new link to the booking that this visitor has made there. Raises NotFound."""
    booking = await find_own_booking(work, event_type, starts_at, visitor)
    if booking is None:
        raise NotFound("There is no such booking here.")
    return Booked(booking, await create_link(work.tenant, booking.id, work.recorded_at))


async def _create(
    work: UnitOfWork, event_type: EventType, new: NewBooking, visitor: bytes | None
) -> Booking:
    own = await list_visitor_holds(work, visitor)
    with_hold = await _with_hold(work, event_type, new, own)
    others = [hold for hold in own if hold.id != with_hold.hold_id]
    return await claim_over_own_holds(work, others, lambda: create_booking(work, with_hold))


async def _with_hold(
    work: UnitOfWork, event_type: EventType, new: NewBooking, own: Sequence[Hold]
) -> NewBooking:
    """The new booking with its hold, if that is live and fits, else with another hold of the
    visitor's. A hold of another time, or without the requested host, is released. If the event type
    names no schedule, chooses one."""
    own = [hold for hold in own if new.schedule_id in (None, *hold.schedule_ids)]
    hold = None
    if new.hold_id is not None:
        hold = await find_live_hold(work, event_type, new.start_time, new.hold_id)
        if hold is not None and new.schedule_id not in (None, *hold.schedule_ids):
            hold = None
        if hold is None:
            await release_hold(work, event_type, new.hold_id)
    if hold is None:
        hold = first_hold_for(work, own, event_type, new.start_time)
    if hold is not None:
        return structs.replace(new, hold_id=hold.id, schedule_id=hold.schedule_id)
    schedule_id = new.schedule_id or await find_schedule_for(work, event_type, new.start_time)
    return structs.replace(new, hold_id=None, schedule_id=schedule_id)


async def _find_earlier(
    work: UnitOfWork, new: NewBooking, marks: Sequence[bytes]
) -> Booking | None:
    """The booking that this very form has already made, or another tab with the same hold for the
    same person."""
    for mark in marks:
        booking = await _find_by_mark(work, mark)
        if booking is not None and _is_for_same(booking, new):
            return booking
    return None


def _is_for_same(booking: Booking, new: NewBooking) -> bool:
    attendee = new.attendee
    booked = (booking.start_time, booking.attendee_email, booking.attendee_name)
    return booked == (new.start_time, attendee.email, attendee.name)


async def _find_by_mark(work: UnitOfWork, mark: bytes) -> Booking | None:
    """The booking under the mark, unless it was cancelled."""
    booking_id = await links.find_marked(work.tenant, mark)
    if booking_id is None:
        return None
    booking = await find_booking(work.tenant, booking_id)
    return booking if booking is not None and booking.status != Status.CANCELLED else None


async def _count(work: UnitOfWork, hits: dict[str, int], limit: int) -> None:
    """Counts in this transaction, so that a booking that fails is not counted. Raises
    RateLimited."""
    if not limit:
        return
    now = int(work.recorded_at.timestamp())
    counts = await add_to_windows(work.tx, now // MINUTE_SECONDS * MINUTE_SECONDS, hits)
    if any(count > limit for count in counts.values()):
        seconds = MINUTE_SECONDS - now % MINUTE_SECONDS
        raise RateLimited(f"Too many bookings. Try again in {seconds} s.", seconds)


def _subject(kind: str, text: str) -> str:
    """The subject's name in the table of counts; the hash hides the address."""
    return f"page {kind} {hashlib.sha256(text.encode()).hexdigest()}"


# Marks find a booking by the form, hold or visitor that it came from. They are stored beside the
# hashes of links and never equal one, since no token is as long as these texts.


def _marks_of(new: NewBooking, sending: FormSubmission) -> list[bytes]:
    marks = [] if new.hold_id is None else [_mark_of_hold(new.hold_id)]
    if sending.form:
        about = (new.event_type_id, new.start_time.isoformat(), new.attendee.email)
        marks.append(hash_of(f"the booking that was made of the form {sending.form} for {about}"))
    return marks


def _mark_of_hold(hold_id: UUID) -> bytes:
    return hash_of(f"the booking that was made of the hold {hold_id}")


def _mark_of_visitor(event_type: EventType, starts_at: datetime, visitor: bytes) -> bytes:
    about = f"{event_type.id} at {starts_at.isoformat()}"
    return hash_of(f"the booking that the visitor {visitor.hex()} made of {about}")
