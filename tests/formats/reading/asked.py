"""What is busy in a calendar that a test writes down, as text that can be compared by eye."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from kalends.availability.interval import Interval
from kalends.availability.recurrence.busy import BusyCalendar, busy_calendar
from kalends.availability.recurrence.occurrences import expand
from kalends.availability.recurrence.steps import Steps
from kalends.availability.recurrence.zones import zone_of
from kalends.availability.wallclock import zone_named
from kalends.formats.icalendar.reading.calendar import ReadCalendar, read_calendar
from tests.formats.reading.generated import calendar_of, event

YEAR: Final = ("2026-01-01", "2027-01-01")


def read(*lines: str, owner: Iterable[str] = ()) -> ReadCalendar:
    """One event of these lines."""
    return read_calendar(calendar_of([event(["UID:1", *lines])]), owner)


def span_of(first: str, last: str) -> Interval:
    begins, ends = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, last))
    return Interval(int(begins.timestamp()), int(ends.timestamp()))


def busy(calendar: ReadCalendar, days: tuple[str, str] = YEAR, zone: str = "UTC") -> BusyCalendar:
    """With the calendar's own zone, where it has one."""
    series = [each.series for each in calendar.events]
    return busy_calendar(series, span_of(*days), zone_of(calendar.zone, zone_named(zone)))


def times(calendar: ReadCalendar, days: tuple[str, str] = YEAR, zone: str = "UTC") -> list[str]:
    """Each busy piece as `03-04T10:00/03-04T11:00`, in UTC."""
    return [_text(*each.piece[:2]) for each in sorted(busy(calendar, days, zone).pieces)]


def occurrences(
    calendar: ReadCalendar, days: tuple[str, str] = YEAR, zone: str = "UTC"
) -> list[str]:
    """The same of every occurrence whole, whether it takes time or not."""
    found = [
        _text(one.start, one.end)
        for each in calendar.events
        for one in expand(
            each.series, span_of(*days), zone_of(calendar.zone, zone_named(zone)), Steps()
        ).occurrences
    ]
    return sorted(found)


def _text(start: int, end: int) -> str:
    first, last = (datetime.fromtimestamp(each, UTC) for each in (start, end))
    return f"{first:%m-%dT%H:%M}/{last:%m-%dT%H:%M}"
