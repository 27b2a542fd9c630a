"""Bookings: list, get, create, update, cancel."""

from typing import Final
from uuid import UUID

from msgspec import UNSET, Raw, Struct, structs

from kalends.domain.booking import Booking, BookingFilter
from kalends.domain.errors import Invalid
from kalends.domain.schedule import Schedule
from kalends.domain.scopes import Scope
from kalends.runtime.if_match import IfMatch
from kalends.runtime.shown_bookings import list_shown_bookings, seen_by
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling import booking_changes, booking_creation
from kalends.scheduling.booking_changes import BookingChanges, Cancellation, ChangeableBooking
from kalends.scheduling.booking_creation import NewBooking
from kalends.scheduling.booking_requests import check_schedule_seen
from kalends.scheduling.replacements import list_replacements
from kalends.store.availability.schedules import find_schedules

MOST_METADATA_BYTES: Final = 4_000_000


async def list_bookings(
    work: UnitOfWork, criteria: BookingFilter, *, upcoming: bool, limit: int, offset: int
) -> tuple[list[Raw], int]:
    """A page of the bookings that the caller sees, as public JSON, sorted by start, then id; and
    the total. Raises Invalid if the page has more than 4 MB of metadata."""
    criteria = seen_by(work.caller, criteria)
    if upcoming:
        criteria = structs.replace(criteria, after=work.now)
    listed, total = await list_shown_bookings(work.tenant, criteria, limit, offset)
    if sum(booking.metadata_bytes for booking in listed) > MOST_METADATA_BYTES:
        raise Invalid.field(
            "limit",
            f"these {len(listed)} bookings have more than {MOST_METADATA_BYTES // 10**6} MB of "
            "metadata, which is the most that one answer holds. Ask for a smaller limit",
        )
    return [booking.body for booking in listed], total


class Replacements(Struct, frozen=True):
    """A schedule that a booking takes, and the schedules that could take its place, in the order
    in which they would get the booking."""

    leaving: Schedule
    able: list[Schedule]


async def list_candidates(work: UnitOfWork, booking_id: UUID) -> list[Replacements]:
    """The replacements for each schedule that the booking takes and the caller sees. Raises
    NotFound."""
    booking = await get_booking(work, booking_id)
    able = {
        id_: await list_replacements(work, booking, id_)
        for id_ in booking.schedule_ids
        if work.caller.sees((id_,))
    }
    named = {*able, *(id_ for ids in able.values() for id_ in ids)}
    known = await find_schedules(work.tenant, sorted(named))
    return [
        Replacements(known[leaving], [known[id_] for id_ in ids if id_ in known])
        for leaving, ids in able.items()
        if leaving in known
    ]


async def get_booking(work: UnitOfWork, booking_id: UUID) -> Booking:
    """Raises NotFound."""
    return await booking_changes.get_booking(work, booking_id)


async def create_booking(work: UnitOfWork, new: NewBooking) -> Booking:
    """Creates a booking; a caller who sees only some schedules has to name one of them. Raises
    Forbidden, NotFound, Invalid, Inactive, HoldExpired, Refused, SlotTaken."""
    check_schedule_seen(work.caller, new.schedule_id)
    if new.override:
        work.caller.check(Scope.BOOKINGS_OVERRIDE)
    return await booking_creation.create_booking(work, new)


async def get_changeable(
    work: UnitOfWork, booking_id: UUID, if_match: IfMatch
) -> ChangeableBooking:
    """The booking, to be updated or cancelled in this unit of work. Raises NotFound, Stale."""
    return await booking_changes.get_changeable(work, booking_id, if_match)


async def update_booking(
    work: UnitOfWork, changeable: ChangeableBooking, changes: BookingChanges
) -> Booking:
    """Changes status, details, time or schedules; without a difference it succeeds and records no
    event.

    Raises Forbidden, Stale, Invalid, InvalidTransition, NotReschedulable, Refused, SlotTaken.
    """
    for named in (changes.schedule_id, *(changes.schedule_ids or ())):
        if named is not UNSET and named not in changeable.booking.schedule_ids:
            check_schedule_seen(work.caller, named)
    if changes.override:
        work.caller.check(Scope.BOOKINGS_OVERRIDE)
    return await booking_changes.update_booking(work, changeable, changes)


async def cancel_booking(
    work: UnitOfWork, changeable: ChangeableBooking, cancellation: Cancellation
) -> Booking:
    """Cancels a booking; one that is cancelled already stays as it is. Raises Stale,
    InvalidTransition."""
    return await booking_changes.cancel_booking(work, changeable, cancellation)
