"""Schedules and zones as the engine takes them, and what it says of days and clocks."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from kalends.availability import hours, wallclock
from kalends.domain.schedule import WEEKDAYS, Schedule, WindowText

MOST_BUILT: Final = 10_000
_built: dict[tuple[UUID, int, datetime], hours.Hours] = {}


@lru_cache(MOST_BUILT)
def bounds_of(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """The first instant of a local day, and the first after it."""
    span = wallclock.day_bounds(day, wallclock.zone_named(zone_name))
    return datetime.fromtimestamp(span.start, UTC), datetime.fromtimestamp(span.end, UTC)


def wall_clock_of(moment: datetime, zone_name: str) -> str:
    """The local time of a moment, `YYYY-MM-DDTHH:MM:SS`."""
    zone = wallclock.zone_named(zone_name)
    return wallclock.wall_clock(_seconds(moment), zone).isoformat(timespec="seconds")


def hours_of(schedule: Schedule) -> hours.Hours:
    """The schedule's hours as the engine takes them; built once for each state of a schedule."""
    key = (schedule.id, schedule.version, schedule.updated_at)
    if key not in _built:
        if len(_built) >= MOST_BUILT:
            _built.clear()
        _built[key] = _build_hours(schedule)
    return _built[key]


def _build_hours(schedule: Schedule) -> hours.Hours:
    if schedule.availability is None:
        weekly = hours.ALWAYS_OPEN.weekly
    else:
        weekly = tuple(_windows(schedule.availability.get(day, [])) for day in WEEKDAYS)
    overrides = {
        date.fromisoformat(day): _windows(given) for day, given in schedule.overrides.items()
    }
    return hours.Hours(weekly, overrides)


def _windows(given: WindowText | list[WindowText]) -> tuple[hours.Window, ...]:
    listed = [given] if isinstance(given, WindowText) else given
    return tuple(hours.Window(_minutes(w.start), _minutes(w.end)) for w in listed)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
