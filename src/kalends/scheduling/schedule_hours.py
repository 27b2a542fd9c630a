"""Converts the hours of a schedule into those of the engine, and caches them."""

from datetime import date
from typing import Final
from uuid import UUID

from kalends.availability import hours
from kalends.domain.schedule import WEEKDAYS, Availability, Overrides, Schedule, WindowText

MOST_BUILT: Final = 10_000
_Given = tuple[Availability | None, Overrides]
_built: dict[UUID, tuple[_Given, hours.Hours]] = {}


def hours_of(schedule: Schedule) -> hours.Hours:
    """The schedule's hours as the engine takes them, built once while they stay equal. The version
    does not tell: somebody may have changed the row with SQL of their own."""
    given = schedule.availability, schedule.overrides
    known, built = _built.get(schedule.id, (None, None))
    if built is not None and known == given:
        return built
    if len(_built) >= MOST_BUILT:
        _built.clear()
    built = _build_hours(schedule)
    _built[schedule.id] = given, built
    return built


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
