"""The same calendar read by icalendar and expanded by recurring-ical-events, and by Kalends."""

from datetime import UTC, date, datetime
from typing import Final, NamedTuple

import icalendar
import recurring_ical_events

from kalends.availability.interval import Interval
from kalends.availability.recurrence.occurrences import expand
from kalends.availability.recurrence.steps import Steps
from kalends.availability.wallclock import zone_named
from kalends.formats.icalendar.reading.calendar import read_calendar
from kalends.formats.icalendar.reading.events import hash_uid

# Both take dates, and times without a zone, to be in it.
ZONE: Final = "UTC"


class Found(NamedTuple):
    """An occurrence: instants in UTC, as text that can be compared by eye."""

    uid: bytes
    start: str
    end: str


def by_kalends(data: bytes, begins: datetime, ends: datetime) -> list[Found]:
    """Raises AssertionError where something of it cannot be read, or runs out of steps."""
    read = read_calendar(data)
    assert not read.problems
    span = Interval(int(begins.timestamp()), int(ends.timestamp()))
    zone = zone_named(ZONE)
    found = []
    for event in read.events:
        expansion = expand(event.series, span, zone, Steps())
        assert expansion.is_complete
        uid = event.uid_hash or b""
        found += [Found(uid, _text(o.start), _text(o.end)) for o in expansion.occurrences]
    return sorted(found)


def by_library(data: bytes, begins: datetime, ends: datetime) -> list[Found]:
    """Of dates that touch the span it gives those that do not meet it, too."""
    calendar = icalendar.Calendar.from_ical(data)
    span = Interval(int(begins.timestamp()), int(ends.timestamp()))
    found = []
    for each in recurring_ical_events.of(calendar).between(begins, ends):
        start, end = _instant(each.start), _instant(each.end)
        if start < span.end and (span.start < end or span.start <= start == end):
            found.append(Found(hash_uid(str(each["UID"])), _text(start), _text(end)))
    return sorted(found)


def _instant(moment: date) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _text(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M}"
