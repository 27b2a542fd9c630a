"""Lists bookings as public JSON, and caches the JSON of each under its stamp, the state of its row.

PostgreSQL is asked each time which bookings a page has, and with which stamps. So a cached booking
is right whoever has changed the row, by whatever way.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Raw, structs

from kalends.domain.booking import Booking, BookingFilter, MinimumTotal
from kalends.domain.errors import Unavailable
from kalends.formats.bookings import booking_json
from kalends.runtime.unit_of_work import Caller
from kalends.store.bookings.bookings import find_stamped
from kalends.store.bookings.lists import BEING_COUNTED_SAID, list_bookings, list_stamps
from kalends.store.database import TenantConnection

# The cache has two halves of so many bookings, usually of 1.3 kB each.
MOST_KEPT: Final = 1_000
LARGEST_KEPT_BYTES: Final = 2_000


class ShownBooking(NamedTuple):
    """The public JSON of a booking, and how many bytes of it are metadata."""

    body: Raw
    metadata_bytes: int


async def list_shown_bookings(
    tenant: TenantConnection, criteria: BookingFilter, limit: int, offset: int
) -> tuple[list[ShownBooking], int]:
    """A page sorted by start, then id, and the total, both from one snapshot. Raises Unavailable
    while bookings are still being counted, since the total must be exact."""
    stamps, total = await list_stamps(tenant, criteria, limit, offset)
    _check_counted(total)
    shown = _kept.find(tenant.organization_id, stamps)
    missing = [stamp for stamp, booking in zip(stamps, shown, strict=True) if booking is None]
    if missing:
        found = await find_stamped(tenant, missing)
        if len(found) < len(missing):  # some have changed meanwhile: read all in one snapshot
            listed, total = await list_bookings(tenant, criteria, limit, offset)
            _check_counted(total)
            return [_shown(booking) for booking in listed], total
        made = {stamp: _shown(booking) for stamp, booking in found.items()}
        _kept.keep(tenant.organization_id, made)
        shown = [made.get(stamp, booking) for stamp, booking in zip(stamps, shown, strict=True)]
    return [booking for booking in shown if booking is not None], total


def seen_by(caller: Caller, criteria: BookingFilter) -> BookingFilter:
    """The filter, narrowed to the bookings that the caller sees."""
    only = caller.only_schedules
    if only is None or criteria.schedule_id in only:
        return criteria
    if criteria.schedule_id is None and len(only) == 1:
        return structs.replace(criteria, schedule_id=next(iter(only)))
    among = () if criteria.schedule_id else tuple(sorted(only))
    return structs.replace(criteria, among_schedules=among)


class KeptBookings:
    """The cache of one process, in two halves. When the new half is full it becomes the old one,
    which drops what was not used since the last time."""

    def __init__(self) -> None:
        self._new: dict[bytes, ShownBooking] = {}
        self._old: dict[bytes, ShownBooking] = {}

    def find(self, organization_id: UUID, stamps: Sequence[bytes]) -> list[ShownBooking | None]:
        """The cached booking for each stamp, or None."""
        owner = organization_id.bytes
        return [self._find(owner + stamp) for stamp in stamps]

    def keep(self, organization_id: UUID, made: dict[bytes, ShownBooking]) -> None:
        owner = organization_id.bytes
        for stamp, booking in made.items():
            if len(bytes(booking.body)) <= LARGEST_KEPT_BYTES:
                self._put(owner + stamp, booking)

    def _find(self, key: bytes) -> ShownBooking | None:
        booking = self._new.get(key)
        if booking is None and (booking := self._old.get(key)) is not None:
            self._put(key, booking)
        return booking

    def _put(self, key: bytes, booking: ShownBooking) -> None:
        if len(self._new) >= MOST_KEPT:
            self._old, self._new = self._new, {}
        self._new[key] = booking


_kept: Final = KeptBookings()


def _check_counted(total: int) -> None:
    if isinstance(total, MinimumTotal):
        raise Unavailable(BEING_COUNTED_SAID)


def _shown(booking: Booking) -> ShownBooking:
    return ShownBooking(booking_json(booking), len(bytes(booking.metadata)))
