"""Searching bookings as the console does: by filter, by a text from one search box, those to
come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.booking import Booking, BookingFilter, Status
from kalends.domain.event_type import EventType
from kalends.domain.ids import BOOKING, decode_id
from kalends.runtime.shown_bookings import seen_by
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.availability import event_types
from kalends.store.bookings import lists
from kalends.store.bookings.search import LONGEST_SEARCH_TEXT, find_patterns

LONGEST_TEXT: Final = LONGEST_SEARCH_TEXT
BOOKINGS_AT_ONCE: Final = 500
NOT_CANCELLED: Final = tuple(status for status in Status if status is not Status.CANCELLED)


class Search(Struct, frozen=True, kw_only=True):
    """A search: bookings that pass the filter and match the text.

    The text is a booking's id, which is found whether or not it is to come; or it is terms, each of
    which has to occur in the name, e-mail address, title or phone. `is_to_come` leaves out bookings
    that have ended, and cancelled ones unless the filter names statuses; one that is running is
    still to come.
    """

    filter: BookingFilter
    text: str = ""
    is_to_come: bool = False


async def search_bookings(
    work: UnitOfWork, search: Search, *, limit: int, offset: int
) -> tuple[list[Booking], int]:
    """A page of the bookings found, sorted by start, then id, and the total."""
    criteria = await _filter_of(work, search)
    return await lists.list_bookings(work.tenant, criteria, limit, offset)


async def list_next_page(
    work: UnitOfWork, search: Search, after: tuple[datetime, UUID] | None
) -> list[Booking]:
    """The next page by start, then id, for writing all into a file; empty at the end."""
    criteria = await _filter_of(work, search)
    return await lists.list_bookings_after(work.tenant, criteria, after, BOOKINGS_AT_ONCE)


async def list_event_types_of(work: UnitOfWork, listed: Sequence[Booking]) -> dict[UUID, EventType]:
    """The event types of the bookings by id, including deleted ones."""
    ids = list({booking.event_type_id for booking in listed if booking.event_type_id})
    return await event_types.find_event_types_of_bookings(work.tenant, ids)


async def _filter_of(work: UnitOfWork, search: Search) -> BookingFilter:
    criteria = seen_by(work.caller, search.filter)
    if booking_id := decode_id(BOOKING, search.text):
        return structs.replace(criteria, booking_id=booking_id)
    if search.text:
        criteria = structs.replace(criteria, search=await find_patterns(work.tx, search.text))
    return _to_come(criteria, work.now) if search.is_to_come else criteria


def _to_come(criteria: BookingFilter, now: datetime) -> BookingFilter:
    return structs.replace(
        criteria,
        statuses=criteria.statuses or NOT_CANCELLED,
        ends_after=max(now, criteria.ends_after) if criteria.ends_after else now,
    )
