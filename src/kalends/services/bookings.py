"""Bookings: list, get, create, update, cancel."""

from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.access import Scope
from kalends.domain.booking import Booking, BookingFilter
from kalends.domain.errors import Invalid
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling import booking_changes, booking_creation
from kalends.scheduling.booking_changes import BookingChanges, Cancellation, ChangeableBooking
from kalends.scheduling.booking_creation import NewBooking
from kalends.store.bookings import bookings

MOST_METADATA_BYTES: Final = 4_000_000


async def list_bookings(
    work: UnitOfWork, criteria: BookingFilter, *, upcoming: bool, limit: int, offset: int
) -> tuple[list[Booking], int]:
    """A page, sorted by start, then id, and the total. Raises Invalid for more than 4 MB of
    metadata."""
    if upcoming:
        criteria = structs.replace(criteria, after=work.now)
    listed, total = await bookings.list_bookings(work.tenant, criteria, limit, offset)
    if sum(len(bytes(booking.metadata)) for booking in listed) > MOST_METADATA_BYTES:
        raise Invalid.field(
            "limit",
            f"these {len(listed)} bookings have more than {MOST_METADATA_BYTES // 10**6} MB of "
            "metadata, which is the most that one answer holds. Ask for a smaller limit",
        )
    return listed, total


async def get_booking(work: UnitOfWork, booking_id: UUID) -> Booking:
    """Raises NotFound."""
    return await booking_changes.get_booking(work, booking_id)


async def create_booking(work: UnitOfWork, new: NewBooking) -> Booking:
    """Raises Forbidden, NotFound, Invalid, Inactive, HoldExpired, Refused, SlotTaken."""
    if new.override:
        work.caller.check(Scope.BOOKINGS_OVERRIDE)
    return await booking_creation.create_booking(work, new)


async def get_changeable(
    work: UnitOfWork, booking_id: UUID, if_match: IfMatch
) -> ChangeableBooking:
    """The booking, to be updated or cancelled in this unit of work. Raises NotFound, Stale."""
    return await booking_changes.get_changeable(work, booking_id, if_match)


async def update_booking(
    work: UnitOfWork, seen: ChangeableBooking, changes: BookingChanges
) -> Booking:
    """Changes status, details or time; what changes nothing succeeds and records nothing.

    Raises Forbidden, Stale, Invalid, InvalidTransition, NotReschedulable, Refused, SlotTaken.
    """
    if changes.override:
        work.caller.check(Scope.BOOKINGS_OVERRIDE)
    return await booking_changes.update_booking(work, seen, changes)


async def cancel_booking(
    work: UnitOfWork, seen: ChangeableBooking, cancellation: Cancellation
) -> Booking:
    """Cancels; a cancelled booking stays as it is. Raises Stale, InvalidTransition."""
    return await booking_changes.cancel_booking(work, seen, cancellation)
