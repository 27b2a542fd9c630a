"""Reads a whole iCalendar file, and groups its events by UID."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from kalends.availability.recurrence.shapes import ChangedOccurrence, EventZone, Moment, Series
from kalends.formats.cleaning import one_line
from kalends.formats.icalendar.reading.errors import ReadingProblem, Unreadable, UnreadableCalendar
from kalends.formats.icalendar.reading.events import EventReader, ReadEvent, relative_to, unescaped
from kalends.formats.icalendar.reading.limits import MOST_DATES, MOST_EVENTS
from kalends.formats.icalendar.reading.lines import Properties, events_in, unfolded
from kalends.formats.icalendar.reading.parameters import address_of, value_of
from kalends.formats.icalendar.reading.values import BadValue, parse_length
from kalends.formats.icalendar.reading.zones import FileZones

_REFRESH: Final = re.compile(rb"\n(?:REFRESH-INTERVAL|X-PUBLISHED-TTL)([;:][^\n]*)", re.IGNORECASE)

_NAME: Final = re.compile(rb"\n(?:NAME|X-WR-CALNAME)([;:][^\n]*)", re.IGNORECASE)
MOST_NAME_BYTES: Final = 200
# The properties that may give an event other times than its start and end.
_MORE: Final = frozenset({b"RRULE", b"RDATE", b"RECURRENCE-ID", b"DURATION"})
_NEVER: Final = (b"99999999",)


class CalendarEvent(Struct, frozen=True, kw_only=True, gc=False):
    """All that a file has under one UID, of which only a hash is kept.

    `own_uid` is the UID itself, if it has the form of ours. `marks` are X-KALENDS properties, by
    the rest of their names in lower case.
    """

    uid_hash: bytes | None
    own_uid: str | None
    marks: Mapping[str, str]
    series: Series


class ReadCalendar(Struct, frozen=True, kw_only=True):
    """A file that was read. `name` is its own (RFC 7986 5.1, or the older X-WR-CALNAME); `zone` is
    the one of times without a zone (X-WR-TIMEZONE). `problems` counts the events by problem, and
    `unreadable_total` those with any.
    """

    events: list[CalendarEvent]
    name: str | None
    zone: EventZone
    refresh_seconds: int | None
    problems: Mapping[ReadingProblem, int]
    unreadable_total: int


def read_calendar(
    data: bytes, owner: Iterable[str] = (), since: date | None = None
) -> ReadCalendar:
    """Reads the events of an iCalendar file (RFC 5545), without their texts.

    `owner` are the mail addresses of the calendar's owner: events that they declined take no time.
    Single events that ended before `since` are skipped, as most of an old calendar is past. Raises
    UnreadableCalendar if the file is not a calendar, is cut off, or exceeds a limit.
    """
    over = None if since is None else f"{since:%Y%m%d}".encode()
    text = unfolded(data)
    reader = EventReader(FileZones(text), frozenset(map(address_of, owner)))
    read = _EventsByUid()
    for properties in events_in(text):
        if properties is None:
            read.miss(ReadingProblem.TOO_MANY)
            continue
        if over is not None and _is_over(properties, over):
            continue
        if read.events_total == MOST_EVENTS:
            raise UnreadableCalendar(Unreadable.TOO_MANY_EVENTS)
        try:
            read.add(reader.read(properties))
        except BadValue:
            read.miss(ReadingProblem.EVENT)
    return ReadCalendar(
        events=list(read.events()),
        name=_name(text),
        zone=reader.zones.of_calendar,
        refresh_seconds=_refresh_seconds(text),
        problems=read.problems,
        unreadable_total=read.unreadable_total,
    )


def _is_over(properties: Properties, since: bytes) -> bool:
    """Whether it is a single event that ended on a day before. It compares the beginnings of dates
    as bytes, which are in the order of time, as years have four digits."""
    return (
        _MORE.isdisjoint(properties)
        and _day_of(properties, b"DTSTART") < since
        and (b"DTEND" not in properties or _day_of(properties, b"DTEND") < since)
    )


def _day_of(properties: Properties, name: bytes) -> bytes:
    """The day of a property; if that is missing, a value later than any day."""
    written = properties.get(name, _NEVER)[0].rpartition(b":")[2].strip()[:8]
    return written if len(written) == 8 and written.isdigit() else _NEVER[0]


class _EventsByUid:
    """The events by UID, and how many could not be read."""

    def __init__(self) -> None:
        self.by_uid: dict[bytes | int, list[ReadEvent]] = {}
        self.problems: Counter[ReadingProblem] = Counter()
        self.unreadable_total = 0
        self.events_total = 0

    def add(self, event: ReadEvent) -> None:
        """Adds an event; one without a UID is a group of its own."""
        self.events_total += 1
        key = len(self.by_uid) if event.uid_hash is None else event.uid_hash
        self.by_uid.setdefault(key, []).append(event)
        if event.problems:
            self.miss(*event.problems)

    def miss(self, *problems: ReadingProblem) -> None:
        self.problems.update(problems)
        self.unreadable_total += 1

    def events(self) -> Iterator[CalendarEvent]:
        for group in self.by_uid.values():
            if len(group) == 1 and group[0].replaces is None:
                yield _event(group[0], Series(group[0].shape))
            else:
                yield from self._together(group)

    def _together(self, group: list[ReadEvent]) -> Iterator[CalendarEvent]:
        """The events of a group. If several describe the whole series, the highest SEQUENCE counts
        (RFC 5546 2.1.4); with the same SEQUENCE they are different events with the same UID."""
        whole = [event for event in group if event.replaces is None]
        newest = max((event.sequence for event in whole), default=0)
        whole = [event for event in whole if event.sequence == newest]
        first = whole[0] if whole else None
        changed = _changed(group, first)
        kept, extra = changed[:MOST_DATES], changed[MOST_DATES:]
        shape = first.shape if first else None
        yield _event(first or group[0], Series(shape, tuple(kept)))
        yield from (_event(event, Series(event.shape)) for event in whole[1:])
        if extra:  # changed occurrences take their new times, and do not free the old ones
            self.miss(ReadingProblem.TOO_MANY)
            yield from (_event(group[0], Series(each.shape)) for each in extra)


def _changed(group: list[ReadEvent], first: ReadEvent | None) -> list[ChangedOccurrence]:
    """For each changed occurrence, the last one with the highest SEQUENCE."""
    zone = first.shape.zone if first else None
    is_all_day = first.shape.is_all_day if first else False
    by_replaced: dict[Moment, tuple[int, ChangedOccurrence]] = {}
    for event in group:
        if event.replaces is None:
            continue
        replaces = relative_to(event.replaces, zone, is_all_day=is_all_day)
        if replaces in by_replaced and by_replaced[replaces][0] > event.sequence:
            continue
        later = event.replaces.moves_later_ones
        by_replaced[replaces] = event.sequence, ChangedOccurrence(replaces, event.shape, later)
    return [changed for _, changed in by_replaced.values()]


def _event(event: ReadEvent, series: Series) -> CalendarEvent:
    return CalendarEvent(
        uid_hash=event.uid_hash, own_uid=event.own_uid, marks=event.marks, series=series
    )


def _name(text: bytes) -> str | None:
    """The name as one line, without invisible characters."""
    match = _NAME.search(text)
    if match is None:
        return None
    written = unescaped(value_of(match[1])[:MOST_NAME_BYTES])
    return one_line(written) or None


def _refresh_seconds(text: bytes) -> int | None:
    """How often the file asks to be read (RFC 7986 5.7), if it does."""
    match = _REFRESH.search(text)
    if match is None:
        return None
    try:
        return parse_length(value_of(match[1])).most or None
    except BadValue:
        return None
