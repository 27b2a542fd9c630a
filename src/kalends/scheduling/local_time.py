"""Converts between instants and the wall clock of a time zone that is given by its name."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from kalends.availability import wallclock

MOST_DAYS_KEPT: Final = 10_000


@lru_cache(MOST_DAYS_KEPT)
def bounds_of_day(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """The first instant of a local day, and the first instant after it."""
    span = wallclock.day_bounds(day, wallclock.zone_named(zone_name))
    return datetime.fromtimestamp(span.start, UTC), datetime.fromtimestamp(span.end, UTC)


def wall_clock_of(moment: datetime, zone_name: str) -> str:
    """The local time of an instant, as `YYYY-MM-DDTHH:MM:SS`."""
    zone = wallclock.zone_named(zone_name)
    return wallclock.wall_clock(_seconds(moment), zone).isoformat(timespec="seconds")


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
