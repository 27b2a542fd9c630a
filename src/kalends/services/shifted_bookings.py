"""Finds shifted bookings, whose wall-clock time changed with new time-zone data. Does not move
them."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.wallclock import UnknownZone
from kalends.runtime.unit_of_work import Context
from kalends.scheduling.local_time import wall_clock_of
from kalends.store.bookings.bookings import BookedWallClock, list_booked_wall_clocks

CLOCKS_AT_ONCE: Final = 5000
BEFORE_ALL: Final = (UUID(int=0), UUID(int=0))


class ShiftedBooking(Struct, frozen=True):
    """A booking to come that was made for one wall-clock time and now falls on another."""

    organization_id: UUID
    booking_id: UUID
    timezone: str
    made_for: str
    will_be: str


async def find_shifted_bookings(context: Context) -> AsyncIterator[ShiftedBooking]:
    """The shifted bookings of all organizations. Their instants stay: people have to decide what to
    do."""
    last, now = BEFORE_ALL, context.clock()
    while True:
        async with context.database.connection() as tx:
            clocks = await list_booked_wall_clocks(tx, last, now, CLOCKS_AT_ONCE)
        for clock in clocks:
            will_be = _wall_clock_now(clock)
            if will_be != clock.wall_clock:
                yield ShiftedBooking(
                    clock.organization_id, clock.id, clock.timezone, clock.wall_clock, will_be
                )
        if len(clocks) < CLOCKS_AT_ONCE:
            return
        last = (clocks[-1].organization_id, clocks[-1].id)


def _wall_clock_now(clock: BookedWallClock) -> str:
    try:
        return wall_clock_of(clock.start_time, clock.timezone)
    except UnknownZone:
        return "no wall-clock time, as there is no such time zone"
