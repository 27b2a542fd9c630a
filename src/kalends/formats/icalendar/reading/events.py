"""Reads a VEVENT from its lines to the shape of its times (RFC 5545 3.6.1)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from kalends.availability.interval import DAY_SECONDS
from kalends.availability.recurrence.shapes import (
    Addition,
    BusyKind,
    Clock,
    EventShape,
    EventZone,
    Length,
    Moment,
    RecurrenceRule,
    Standing,
)
from kalends.availability.recurrence.zones import zone_of
from kalends.availability.wallclock import zone_named
from kalends.formats.icalendar.reading.errors import ReadingProblem
from kalends.formats.icalendar.reading.limits import MOST_DATES, MOST_DATES_IN_ALL, MOST_RULES
from kalends.formats.icalendar.reading.lines import Properties
from kalends.formats.icalendar.reading.parameters import attendance_of, time_parameters, value_of
from kalends.formats.icalendar.reading.values import (
    BadValue,
    parse_length,
    parse_moment,
    parse_rule,
)
from kalends.formats.icalendar.reading.zones import FileZones

UTC_NAME: Final = "UTC"
UTC: Final = zone_named(UTC_NAME)
A_DAY: Final = Length(DAY_SECONDS)
OWN_UID_ENDS: Final = b"@kalends"
_UID_HASH_BYTES: Final = 16
_MARK: Final = b"X-KALENDS-"


class WrittenMoment(NamedTuple):
    """A date or time as it is written; `zone` is that of its TZID."""

    moment: Moment
    zone: EventZone
    moves_later_ones: bool = False


class ReadEvent(NamedTuple):
    """A VEVENT. `own_uid` is the UID if it has the form of ours, `marks` are X-KALENDS properties
    by name in lower case, and `replaces` is its RECURRENCE-ID."""

    uid_hash: bytes | None
    own_uid: str | None
    marks: dict[str, str]
    sequence: int
    replaces: WrittenMoment | None
    shape: EventShape
    problems: frozenset[ReadingProblem]


def hash_uid(uid: str) -> bytes:
    """The hash of an event's UID, which is all that is kept of it."""
    return sha256(uid.encode()).digest()[:_UID_HASH_BYTES]


def relative_to(written: WrittenMoment, zone: EventZone, *, is_all_day: bool) -> Moment:
    """A date or time in the form in which it is compared with the starts of an event: its day for
    an all-day event; its wall-clock time if both are in one zone; else its instant."""
    moment = written.moment
    if is_all_day and moment.clock is not Clock.DAY:
        return Moment(Clock.DAY, moment.value // DAY_SECONDS)
    if moment.clock is not Clock.WALL or written.zone is None or written.zone == zone:
        return moment
    return Moment(Clock.UTC, zone_of(written.zone, UTC).instant_of(moment.value))


@dataclass(slots=True)
class EventReader:
    """Reads the events of one file. `owner` are the mail addresses of the calendar's owner."""

    zones: FileZones
    owner: frozenset[str]
    dates_left: int = MOST_DATES_IN_ALL
    problems: set[ReadingProblem] = field(default_factory=set)

    def read(self, properties: Properties) -> ReadEvent:
        """The event. Raises BadValue if its start cannot be read."""
        if self.problems:
            self.problems = set()
        starts = self._written(properties[b"DTSTART"][0]) if b"DTSTART" in properties else None
        if starts is None:
            raise BadValue
        uid = value_of(properties[b"UID"][0]) if b"UID" in properties else b""
        shape = self._shape(properties, starts)
        replaces = self._replaces(properties) if b"RECURRENCE-ID" in properties else None
        return ReadEvent(
            hash_uid(unescaped(uid)) if uid else None,
            unescaped(uid) if uid.endswith(OWN_UID_ENDS) else None,
            _marks(properties) if properties.keys() - _USUAL else _NO_MARKS,
            _sequence(properties),
            replaces,
            shape,
            frozenset(self.problems) if self.problems else _NO_PROBLEMS,
        )

    def _shape(self, properties: Properties, starts: WrittenMoment) -> EventShape:
        start, length, zone = self._times(properties, starts)
        is_all_day = starts.moment.clock is Clock.DAY
        standing, kind = self._standing(properties, is_all_day=is_all_day)
        plain = EventShape(start, length, zone, is_all_day, standing, kind)
        if _RECURRING.isdisjoint(properties):
            return plain
        rules = tuple(self._rules(properties, b"RRULE", is_all_day=is_all_day))
        of_calendar = self.zones.of_calendar
        if rules and zone == UTC_NAME and of_calendar is not None:
            # A series in UTC, beside an X-WR-TIMEZONE, keeps to the wall clock of that zone.
            start, zone = zone_of(of_calendar, UTC).wall_at(start), of_calendar
            plain = plain._replace(start=start, zone=zone)
        return plain._replace(
            rules=rules,
            additions=tuple(self._additions(properties, plain)),
            exclusions=tuple(self._exclusions(properties, plain)),
            excluding_rules=tuple(self._rules(properties, b"EXRULE", is_all_day=is_all_day)),
        )

    def _times(
        self, properties: Properties, starts: WrittenMoment
    ) -> tuple[int, Length, EventZone]:
        """The start on the wall clock of the zone, the length, and the zone."""
        value = starts.moment.value
        if starts.moment.clock is Clock.DAY:
            days = self._days_long(properties, value)
            first = value + min(days, 0)
            return first * DAY_SECONDS, Length(abs(days) * DAY_SECONDS), None
        length = self._length(properties, starts)
        if length is None:
            return value, A_DAY, starts.zone
        if length.wall < 0 or length.elapsed < 0:
            self.problems.add(ReadingProblem.LENGTH)
            value += length.wall + length.elapsed
            length = Length(-length.wall, -length.elapsed)
        return value, length, starts.zone

    def _days_long(self, properties: Properties, first: int) -> int:
        """The number of days, at least one; negative if the end is before the start, a problem."""
        length = self._duration(properties)
        if length is not None:
            return max(1, -(-length.most // DAY_SECONDS))
        ends = self._end(properties)
        if ends is None:
            return 1
        if ends.moment.clock is Clock.DAY:
            days = ends.moment.value - first
        else:
            days = -(-ends.moment.value // DAY_SECONDS) - first
        if days < 0:
            self.problems.add(ReadingProblem.LENGTH)
        return days or 1

    def _length(self, properties: Properties, starts: WrittenMoment) -> Length | None:
        """The length; None if it cannot be read; zero if there is neither end nor duration."""
        if b"DTEND" not in properties and b"DURATION" in properties:
            return self._duration(properties)
        if b"DTEND" not in properties:
            return Length(0)
        ends = self._end(properties)
        if ends is None:
            return None
        if ends.moment.clock is Clock.DAY:
            return Length(ends.moment.value * DAY_SECONDS - starts.moment.value)
        if ends.zone == starts.zone or None in (ends.zone, starts.zone):
            return Length(ends.moment.value - starts.moment.value)
        begins, end = (
            zone_of(each.zone, UTC).instant_of(each.moment.value) for each in (starts, ends)
        )
        return Length(0, end - begins)

    def _duration(self, properties: Properties) -> Length | None:
        if b"DTEND" in properties or b"DURATION" not in properties:
            return None
        try:
            return parse_length(value_of(properties[b"DURATION"][0]))
        except BadValue:
            self.problems.add(ReadingProblem.LENGTH)
            return None

    def _end(self, properties: Properties) -> WrittenMoment | None:
        if b"DTEND" not in properties:
            return None
        try:
            return self._written(properties[b"DTEND"][0])
        except BadValue:
            self.problems.add(ReadingProblem.LENGTH)
            return None

    def _written(self, rest: bytes) -> WrittenMoment:
        parameters, _, value = rest.rpartition(b":")
        return self._written_in(parameters, value)

    def _written_in(self, parameters: bytes, value: bytes) -> WrittenMoment:
        moment = parse_moment(value.strip())
        if not parameters:
            return WrittenMoment(moment, UTC_NAME if moment.clock is Clock.UTC else None)
        said = time_parameters(parameters)
        if said.is_date and moment.clock is not Clock.DAY:
            moment = Moment(Clock.DAY, moment.value // DAY_SECONDS)
        zone: EventZone = None
        if moment.clock is Clock.UTC:
            zone = UTC_NAME  # a TZID is not allowed here, and means nothing (RFC 5545 3.2.19)
        elif moment.clock is Clock.WALL and said.tzid:
            zone = self.zones.resolve(said.tzid)
            if zone is None:
                self.problems.add(ReadingProblem.ZONE)
        return WrittenMoment(moment, zone, said.moves_later_ones)

    def _replaces(self, properties: Properties) -> WrittenMoment | None:
        try:
            return self._written(properties[b"RECURRENCE-ID"][0])
        except BadValue:
            self.problems.add(ReadingProblem.DATES)
            return None

    def _rules(
        self, properties: Properties, name: bytes, *, is_all_day: bool
    ) -> Iterator[RecurrenceRule]:
        lines = properties.get(name, ())
        if len(lines) > MOST_RULES:
            self.problems.add(ReadingProblem.TOO_MANY)
        for rest in lines[:MOST_RULES]:
            try:
                rule = parse_rule(value_of(rest))
                yield _by_days(rule) if is_all_day else rule
            except BadValue:
                self.problems.add(ReadingProblem.RULE)

    def _exclusions(self, properties: Properties, shape: EventShape) -> Iterator[Moment]:
        for parameters, value in self._values(properties, b"EXDATE"):
            try:
                written = self._written_in(parameters, value)
                yield relative_to(written, shape.zone, is_all_day=shape.is_all_day)
            except BadValue:
                self.problems.add(ReadingProblem.DATES)

    def _additions(self, properties: Properties, shape: EventShape) -> Iterator[Addition]:
        for parameters, value in self._values(properties, b"RDATE"):
            starts, _, ends = value.partition(b"/")
            try:
                written = self._written_in(parameters, starts)
                length = self._period(parameters, written, ends.strip()) if ends else None
                moment = relative_to(written, shape.zone, is_all_day=shape.is_all_day)
                yield Addition(moment, None if shape.is_all_day else length)
            except BadValue:
                self.problems.add(ReadingProblem.DATES)

    def _period(self, parameters: bytes, starts: WrittenMoment, ends: bytes) -> Length:
        """The length of a period, by its end or its duration (RFC 5545 3.3.9)."""
        if not ends[:1].isdigit():
            return parse_length(ends)
        length = Length(self._written_in(parameters, ends).moment.value - starts.moment.value)
        if length.wall < 0:
            raise BadValue
        return length

    def _values(self, properties: Properties, name: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Each date of a property that may be repeated, with its parameters."""
        left = min(MOST_DATES, self.dates_left)
        for rest in properties.get(name, ()):
            parameters, _, value = rest.rpartition(b":")
            values = value.split(b",", left)
            if len(values) > left:
                self.problems.add(ReadingProblem.TOO_MANY)
            taken = values[:left]
            left -= len(taken)
            self.dates_left -= len(taken)
            yield from ((parameters, each) for each in taken if each.strip())

    def _standing(self, properties: Properties, *, is_all_day: bool) -> tuple[Standing, BusyKind]:
        get = properties.get
        answer = self._answer(get(b"ATTENDEE", ())) if self.owner else ""
        shown = get(b"X-MICROSOFT-CDO-BUSYSTATUS") or get(b"X-MICROSOFT-CDO-INTENDEDSTATUS")
        return _standing(
            get(b"STATUS", _NO_LINE)[0],
            get(b"TRANSP", _NO_LINE)[0],
            (shown or _NO_LINE)[0],
            answer,
            is_all_day or get(b"X-MICROSOFT-CDO-ALLDAYEVENT", _NO_LINE)[0],
        )

    def _answer(self, attendees: Iterable[bytes]) -> str:
        """The answer of the calendar's owner; empty if the owner is not invited."""
        for rest in attendees:
            attendance = attendance_of(rest)
            if attendance.addresses & self.owner:
                return attendance.answer or "NEEDS-ACTION"
        return ""


# All properties of most events, apart from ours.
_USUAL: Final = frozenset(
    b"UID DTSTART DTEND DURATION RRULE EXRULE RDATE EXDATE RECURRENCE-ID STATUS TRANSP SEQUENCE "
    b"ATTENDEE X-MICROSOFT-CDO-BUSYSTATUS X-MICROSOFT-CDO-INTENDEDSTATUS "
    b"X-MICROSOFT-CDO-ALLDAYEVENT".split()
)
_NO_MARKS: Final[dict[str, str]] = {}
_NO_PROBLEMS: Final[frozenset[ReadingProblem]] = frozenset()
_NO_LINE: Final = (b"",)
_RECURRING: Final = frozenset({b"RRULE", b"RDATE", b"EXDATE", b"EXRULE"})
_FREE: Final = frozenset({b"FREE", b"WORKINGELSEWHERE"})
_UNDECIDED: Final = frozenset({"TENTATIVE", "NEEDS-ACTION"})
# One instance of each, shared by all events.
_KINDS: Final = {
    (tentative, all_day, away): BusyKind(tentative, all_day, away)
    for tentative in (False, True)
    for all_day in (False, True)
    for away in (False, True)
}


@lru_cache(maxsize=1024)
def _standing(
    status: bytes, transparency: bytes, busy: bytes, answer: str, all_day: bytes | bool
) -> tuple[Standing, BusyKind]:
    """The standing and kind of an event, from its lines. It is cached, as most calendars have
    thousands of events with few different combinations."""
    said, shown = _word(status), _word(busy)
    is_away = shown == b"OOF"
    takes_days = all_day is True or (isinstance(all_day, bytes) and _word(all_day) == b"TRUE")
    is_tentative = b"TENTATIVE" in (said, shown) or answer in _UNDECIDED
    kind = _KINDS[is_tentative, takes_days and not is_away, is_away]
    if said == b"CANCELLED":
        return Standing.CANCELLED, kind
    if answer == "DECLINED":
        return Standing.DECLINED, kind
    if _word(transparency) == b"TRANSPARENT" or shown in _FREE:
        return Standing.FREE, kind
    return Standing.BUSY, kind


def _by_days(rule: RecurrenceRule) -> RecurrenceRule:
    """The rule of an all-day event, in which times of day are ignored (RFC 5545 3.3.10)."""
    if rule.frequency.value == "HOURLY":
        raise BadValue
    until = rule.until
    if until is not None and until.clock is not Clock.DAY:
        until = Moment(Clock.DAY, until.value // DAY_SECONDS)
    return rule._replace(until=until, hours=(), minutes=(), seconds=())


def _word(rest: bytes) -> bytes:
    return rest.rpartition(b":")[2].strip().upper()


def _sequence(properties: Properties) -> int:
    if b"SEQUENCE" not in properties:
        return 0
    text = _word(properties[b"SEQUENCE"][0])
    return int(text) if text.isdigit() and len(text) < 10 else 0


def _marks(properties: Properties) -> dict[str, str]:
    return {
        name.removeprefix(_MARK).decode("ascii").lower(): unescaped(value_of(lines[0]))[:200]
        for name, lines in properties.items()
        if name.startswith(_MARK)
    }


def unescaped(value: bytes) -> str:
    """A TEXT value (RFC 5545 3.3.11) without escapes and line breaks."""
    text = value.decode("utf-8", "replace")
    if "\\" not in text:
        return text
    return text.replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
