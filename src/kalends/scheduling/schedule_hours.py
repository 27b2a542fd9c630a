"""The hours of a schedule as the engine takes them."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from kalends.availability import hours
from kalends.domain.schedule import WEEKDAYS, Schedule, WindowText

MOST_BUILT: Final = 10_000
_built: dict[tuple[UUID, int, datetime], hours.Hours] = {}


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
        date.fromisoformat(day): _windows(windows) for day, windows in schedule.overrides.items()
    }
    return hours.Hours(weekly, overrides)


def _windows(windows: WindowText | list[WindowText]) -> tuple[hours.Window, ...]:
    listed = [windows] if isinstance(windows, WindowText) else windows
    return tuple(hours.Window(_minutes(w.start), _minutes(w.end)) for w in listed)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
