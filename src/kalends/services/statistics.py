"""An organization's weeks in numbers."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

from kalends.availability.hours import open_intervals
from kalends.availability.interval import Interval
from kalends.domain.booking import Status
from kalends.domain.schedule import Schedule
from kalends.runtime.cooperative import cooperatively
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.clocks import bounds_of, hours_of
from kalends.scheduling.zones import zone_of_schedule
from kalends.store.bookings import statistics

A_WEEK: Final = timedelta(days=7)
# Of how many schedules the hours of a week are added up at one go.
SCHEDULES_A_PIECE: Final = 50


class Week(Struct, frozen=True, kw_only=True):
    """Bookings that start in the week; those that were cancelled are not counted. Seconds are of
    the active schedules: how long they are open by their hours of today, and are booked."""

    first_day: date
    bookings: int
    no_shows: int
    booked_seconds: int
    open_seconds: int

    @property
    def utilisation(self) -> int:
        """Booked time in percent of open time; more than 100 where bookings lie outside it."""
        return round(100 * self.booked_seconds / self.open_seconds) if self.open_seconds else 0


async def list_weeks(
    work: UnitOfWork,
    first_days: Sequence[date],
    zone_name: str,
    schedules: Sequence[Schedule],
    only: Schedule | None,
) -> list[Week]:
    """The weeks that begin on these days, one after another, on all schedules or one."""
    measured = [only] if only else schedules
    bounds = [bounds_of(day, zone_name)[0] for day in (*first_days, first_days[-1] + A_WEEK)]
    only_id = only.id if only else None
    counts = await statistics.count_by_week(work.tenant, bounds, only_id)
    booked = await statistics.booked_by_week(
        work.tenant, bounds, only_id, [one.id for one in measured]
    )
    opened = await count_open_seconds(measured, bounds)
    return [
        Week(
            first_day=day,
            bookings=sum(n for w, status, n in counts if w == i and status != Status.CANCELLED),
            no_shows=sum(n for w, status, n in counts if w == i and status == Status.NO_SHOW),
            booked_seconds=booked.get(i, 0),
            open_seconds=opened[i],
        )
        for i, day in enumerate(first_days)
    ]


async def count_open_seconds(
    schedules: Sequence[Schedule], bounds: Sequence[datetime]
) -> list[int]:
    """How long the schedules are open together, between each of the bounds and the next; counted
    in pieces, since it takes a while where there are many schedules."""
    opened = [0] * (len(bounds) - 1)
    async for i, seconds in cooperatively(open_seconds_in_pieces(schedules, bounds)):
        opened[i] += seconds
    return opened


def open_seconds_in_pieces(
    schedules: Sequence[Schedule], bounds: Sequence[datetime]
) -> Iterator[tuple[int, int]]:
    """The number of the span, and its open seconds of at most SCHEDULES_A_PIECE schedules."""
    for i, (start, end) in enumerate(pairwise(bounds)):
        span = Interval(int(start.timestamp()), int(end.timestamp()))
        for first in range(0, len(schedules), SCHEDULES_A_PIECE):
            piece = schedules[first : first + SCHEDULES_A_PIECE]
            yield i, sum(_open_seconds(schedule, span) for schedule in piece)


def _open_seconds(schedule: Schedule, span: Interval) -> int:
    opened = open_intervals(hours_of(schedule), zone_of_schedule(schedule), span)
    return sum(interval.seconds for interval in opened)
