"""An organization's weeks in numbers."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from kalends.availability.hours import open_intervals
from kalends.availability.interval import Interval
from kalends.domain.booking import Status
from kalends.domain.schedule import Schedule
from kalends.services.clocks import bounds_of, hours_of
from kalends.services.work import Work
from kalends.services.zones import zone_of_schedule
from kalends.store import statistics

A_WEEK: Final = timedelta(days=7)


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
    work: Work,
    first_days: Sequence[date],
    zone_name: str,
    schedules: Sequence[Schedule],
    only: Schedule | None,
) -> list[Week]:
    """The weeks that begin on these days, one after another, on all schedules or one."""
    measured = [only] if only else schedules
    bounds = [bounds_of(day, zone_name)[0] for day in (*first_days, first_days[-1] + A_WEEK)]
    only_id = only.id if only else None
    counts = await statistics.count_by_week(work.organization_id, work.tx, bounds, only_id)
    booked = await statistics.booked_by_week(
        work.organization_id, work.tx, bounds, only_id, [one.id for one in measured]
    )
    weeks = []
    for i, day in enumerate(first_days):
        week = Week(
            first_day=day,
            bookings=sum(n for w, status, n in counts if w == i and status != Status.CANCELLED),
            no_shows=sum(n for w, status, n in counts if w == i and status == Status.NO_SHOW),
            booked_seconds=booked.get(i, 0),
            open_seconds=_open_seconds(measured, bounds[i], bounds[i + 1]),
        )
        weeks.append(week)
        await asyncio.sleep(0)  # others get their turn: of many schedules a week takes a while
    return weeks


def _open_seconds(schedules: Sequence[Schedule], start: datetime, end: datetime) -> int:
    span = Interval(int(start.timestamp()), int(end.timestamp()))
    return sum(
        interval.seconds
        for schedule in schedules
        for interval in open_intervals(hours_of(schedule), zone_of_schedule(schedule), span)
    )
