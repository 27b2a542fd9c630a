"""Expands a series into all of its occurrences that meet a span of time (RFC 5545 3.8.5).

The recurrence set is DTSTART, what the rules give, and what RDATE adds, without what EXDATE
excludes. DTSTART is an occurrence even if its rule does not give it, and COUNT counts what the rule
gives. If the rule does not give DTSTART, the standard leaves the set undefined (3.8.5.3); this
reading offers no time that any calendar might show as busy.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.recurrence.rules import last_start, starts
from kalends.availability.recurrence.shapes import (
    ChangedOccurrence,
    Clock,
    EventShape,
    Length,
    Moment,
    RecurrenceRule,
    Series,
)
from kalends.availability.recurrence.steps import OutOfSteps, Steps
from kalends.availability.recurrence.zones import zone_of
from kalends.availability.wallclock import Zone

# The largest offset of any zone from UTC.
_FARTHEST: Final = 2 * DAY_SECONDS


class Occurrence(NamedTuple):
    """`[start, end)` as instants; empty if the event has no length, or its day was skipped. The
    shape says whether it takes time."""

    start: int
    end: int
    shape: EventShape


class Expansion(NamedTuple):
    """Occurrences, in no order. Unless `is_complete`, the event ran out of steps and may have
    more."""

    occurrences: Sequence[Occurrence]
    is_complete: bool


NOTHING: Final = Expansion((), is_complete=True)


def expand(series: Series, span: Interval, calendar_zone: Zone, steps: Steps) -> Expansion:
    """The occurrences of a series that meet `span`, and empty ones in it."""
    if _is_one_elsewhere(series, span):
        return NOTHING
    if steps.are_out:
        return _first_alone(series, span, calendar_zone)
    steps.begin_event()
    listed: list[Occurrence] = []
    is_complete = True
    try:
        for occurrence in _occurrences(series, span, calendar_zone, steps):
            if _meets(occurrence, span):
                listed.append(occurrence)
    except OutOfSteps:
        is_complete = False
    return Expansion(listed, is_complete)


def _first_alone(series: Series, span: Interval, calendar_zone: Zone) -> Expansion:
    """The occurrences of a series that cost no step."""
    shape, changed = series
    if shape is None or changed or shape.exclusions:
        return Expansion((), is_complete=False)
    listed: Sequence[Occurrence] = ()
    if span.start - shape.length.most - _FARTHEST < shape.start < span.end + _FARTHEST:
        when = interval_of(shape, shape.start, shape.length, zone_of(shape.zone, calendar_zone))
        occurrence = Occurrence(*when, shape)
        listed = (occurrence,) if _meets(occurrence, span) else ()
    return Expansion(listed, is_complete=not _recurs(shape))


def interval_of(shape: EventShape, start: int, length: Length, zone: Zone) -> Interval:
    """The interval of an occurrence that begins at `start` on the wall clock.

    DTEND is a wall-clock time of each occurrence: a night from 22:00 to 06:00 ends at 06:00 even if
    the clock changes in between. Only if the clock skips the start, the occurrence keeps its
    elapsed length.
    """
    if shape.is_all_day:
        pieces = list(zone.instants(start, start + length.wall))
        begins = zone.instant_of(start)
        return Interval(pieces[0].start, pieces[-1].end) if pieces else Interval(begins, begins)
    begins = zone.instant_of(start)
    return Interval(begins, _end_of(begins, start, length, zone))


def _end_of(begins: int, start: int, length: Length, zone: Zone) -> int:
    ends = zone.instant_of(start + length.wall)
    if ends - begins != length.wall and (ends <= begins or zone.wall_at(begins) != start):
        ends = begins + length.wall
    return ends + length.elapsed


def _is_one_elsewhere(series: Series, span: Interval) -> bool:
    """Whether it is a single event, days before or after the span. Most of a calendar is the
    past."""
    shape, changed = series
    if shape is None or changed or shape.rules or shape.additions:
        return False
    ends = shape.start + shape.length.most
    return ends < span.start - _FARTHEST or shape.start > span.end + _FARTHEST


def _meets(occurrence: Occurrence, span: Interval) -> bool:
    start, end, _ = occurrence
    return start < span.end and (span.start < end or span.start <= start == end)


def _occurrences(
    series: Series, span: Interval, calendar_zone: Zone, steps: Steps
) -> Iterator[Occurrence]:
    """The occurrences, some of which may lie outside of `span`. Those that stand alone come first,
    so that they are found whatever the rule costs."""
    changed = series.changed
    for each in changed:
        steps.take(1)
        zone = zone_of(each.shape.zone, calendar_zone)
        when = interval_of(each.shape, each.shape.start, each.shape.length, zone)
        yield Occurrence(*when, each.shape)
    if series.first is None:
        return
    zone = zone_of(series.first.zone, calendar_zone)
    if not changed and not series.first.exclusions and not _recurs(series.first):
        when = interval_of(series.first, series.first.start, series.first.length, zone)
        yield Occurrence(*when, series.first)
        return
    yield from _Recurrence(series.first, changed, zone, calendar_zone, steps).occurrences(span)


def _recurs(shape: EventShape) -> bool:
    return bool(shape.rules or shape.additions)


_Times: TypeAlias = tuple[int, int]


class _Later(NamedTuple):
    """From `begins` on, all occurrences are like those of `shape`, moved by `by` seconds."""

    begins: int
    by: int
    shape: EventShape


class _Recurrence:
    """A series that has, or may have, more than one occurrence."""

    def __init__(
        self,
        first: EventShape,
        changed: Iterable[ChangedOccurrence],
        zone: Zone,
        calendar_zone: Zone,
        steps: Steps,
    ) -> None:
        self.first, self.zone, self.steps = first, zone, steps
        left_out = [*first.exclusions, *(each.replaces for each in changed)]
        steps.take(len(left_out) + len(first.additions))
        self._days = {each.value for each in left_out if each.clock is Clock.DAY}
        # Away from changes of the offset, the wall-clock time identifies the instant.
        timed = [each for each in left_out if each.clock is not Clock.DAY]
        self._left_walls = {each.value for each in timed if self._is_steady(each)}
        self._instants = {self._instant(each) for each in timed if not self._is_steady(each)}
        # A span of the wall clock with a constant offset, and that offset.
        self._steady = (0, 0, 0)
        self._later = sorted(
            self._moved(each, calendar_zone) for each in changed if each.moves_later_ones
        )

    def occurrences(self, span: Interval) -> Iterator[Occurrence]:
        """The occurrences that are not excluded, each once."""
        walls = self._walls(span)
        if self._is_plain:
            yield from self._plain_occurrences(walls)
            return
        seen = self._excluded_by_rule(walls)
        for wall, length in self._starts(walls):
            if wall in seen or self._is_left_out(wall):
                continue
            seen.add(wall)
            yield self._occurrence(wall, length)

    @property
    def _is_plain(self) -> bool:
        """Whether it is a single rule and nothing else, as most are."""
        first = self.first
        is_one = len(first.rules) == 1 and not first.additions and not first.excluding_rules
        return is_one and not (self._later or self._days or self._left_walls or self._instants)

    def _plain_occurrences(self, walls: Interval) -> Iterator[Occurrence]:
        shape, length, first = self.first, self.first.length, self.first.start
        yield self._occurrence(first, None)
        begins, ends, offset = self._steady
        for wall in self._by_rule(shape.rules[0], walls):
            if wall == first:
                continue
            end = wall + length.wall
            if begins <= wall and end < ends:
                yield Occurrence(wall - offset, end - offset + length.elapsed, shape)
            else:
                yield self._occurrence(wall, None)
                begins, ends, offset = self._steady

    def _starts(self, walls: Interval) -> Iterator[tuple[int, Length | None]]:
        yield self.first.start, None
        for addition in self.first.additions:
            yield self._wall(addition.moment), addition.length
        for rule in self.first.rules:
            for wall in self._by_rule(rule, walls):
                yield wall, None

    def _by_rule(self, rule: RecurrenceRule, walls: Interval) -> Iterator[int]:
        last = last_start(rule, self._offset_at_end(rule))
        within = Interval(walls.start, min(walls.end, last + 1))
        return starts(rule, self.first.start, within, self.steps)

    def _offset_at_end(self, rule: RecurrenceRule) -> int:
        until = rule.until
        is_utc = until is not None and until.clock is Clock.UTC
        return self.zone.offset_at(until.value) if until is not None and is_utc else 0

    def _excluded_by_rule(self, walls: Interval) -> set[int]:
        """The starts that EXRULE excludes: RFC 5545 has dropped it, but old calendars use it."""
        rules = self.first.excluding_rules
        return {wall for rule in rules for wall in self._by_rule(rule, walls)}

    def _occurrence(self, wall: int, length: Length | None) -> Occurrence:
        shape = self.first
        if self._later:
            at = bisect_right(self._later, wall, key=lambda later: later.begins)
            if at:
                later = self._later[at - 1]
                wall, shape = wall + later.by, later.shape
        return Occurrence(*self._interval_of(shape, wall, length or shape.length), shape)

    def _interval_of(self, shape: EventShape, wall: int, length: Length) -> Interval | _Times:
        """`interval_of`, which is called only if the offset may change in between."""
        begins, ends, offset = self._steady
        if begins <= wall and wall + length.wall < ends:
            start = wall - offset
            return start, start + length.wall + length.elapsed
        self._steady = begins, ends, offset = self.zone.steady_around(wall)
        if begins <= wall and wall + length.wall < ends:
            start = wall - offset
            return start, start + length.wall + length.elapsed
        return interval_of(shape, wall, length, self.zone)

    def _is_steady(self, moment: Moment) -> bool:
        begins, ends, _ = self.zone.steady_around(moment.value)
        return moment.clock is Clock.WALL and begins < ends

    def _is_left_out(self, wall: int) -> bool:
        if wall in self._left_walls or wall // DAY_SECONDS in self._days:
            return True
        return bool(self._instants) and self.zone.instant_of(wall) in self._instants

    def _walls(self, span: Interval) -> Interval:
        """The span of the wall clock in which a start may lie so that its occurrence meets
        `span`."""
        lengths = [self.first.length, *(later.shape.length for later in self._later)]
        longest = max(length.most for length in lengths)
        by = [0, *(later.by for later in self._later)]
        return Interval(span.start - longest - max(by) - _FARTHEST, span.end - min(by) + _FARTHEST)

    def _moved(self, changed: ChangedOccurrence, calendar_zone: Zone) -> _Later:
        shape = changed.shape
        begins, start = self._wall(changed.replaces), shape.start
        if shape.zone != self.first.zone:
            start = self.zone.wall_at(zone_of(shape.zone, calendar_zone).instant_of(start))
        return _Later(begins, start - begins, shape)

    def _wall(self, moment: Moment) -> int:
        """The wall-clock time of a moment; a date takes the time of day of the first occurrence."""
        match moment.clock:
            case Clock.DAY:
                return moment.value * DAY_SECONDS + self.first.start % DAY_SECONDS
            case Clock.WALL:
                return moment.value
            case Clock.UTC:
                return self.zone.wall_at(moment.value)

    def _instant(self, moment: Moment) -> int:
        return moment.value if moment.clock is Clock.UTC else self.zone.instant_of(moment.value)
