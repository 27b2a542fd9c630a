"""Bookings for a file: all that a filter finds, in pages that are read one after another."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.booking import Booking, BookingFilter
from kalends.services.work import Work
from kalends.store import bookings

AT_ONCE: Final = 500


async def list_next_bookings(
    work: Work,
    wanted: BookingFilter,
    after: tuple[datetime, UUID] | None,
    *,
    upcoming: bool,
) -> list[Booking]:
    """The next page in the order of start, then id; empty where there are no more."""
    if upcoming:
        wanted = structs.replace(wanted, after=work.now)
    return await bookings.list_bookings_after(work.organization_id, work.tx, wanted, after, AT_ONCE)
