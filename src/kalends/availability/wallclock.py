"""Converts between instants and the wall clock. An instant is an integer, UTC epoch seconds.

A wall-clock time is counted as if the local clock showed UTC: local midnight of 1970-01-02 is
86,400 in every zone. Between two changes of its offset, a zone's wall clock runs evenly. So a span
of the wall clock corresponds to one interval of instants in each stretch between changes that it
meets: none in a gap, two where the clock went back.

Before standard time, zones used local mean time, whose offsets have odd seconds (Paris was +0:09:21
until 1911). Nothing is rounded: what opened there at 09:00 opened at 08:50:39 UTC.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

from kalends.availability.interval import ALWAYS_AFTER, DAY_SECONDS, Interval, merge
from kalends.availability.tzfile import Transition, read_transitions, zone_names

# 31 days, and one more by which a clock may go back into the month.
LONGEST_MONTH: Final = 32 * DAY_SECONDS
_FURTHEST: Final = 2 * DAY_SECONDS
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_EPOCH: Final = datetime(1970, 1, 1)  # naive on purpose: it counts wall-clock time


class UnknownZone(ValueError):
    """The name of a zone that is not in the pinned time-zone data."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone, equal and hashed by its name; made only by `zone_named` and `zone_of_changes`.

    From the instant `changes[i]` on, the offset is `offsets[i]` seconds east of UTC; the first
    change lies before every instant.
    """

    name: str
    changes: tuple[int, ...] = field(repr=False, compare=False)
    offsets: tuple[int, ...] = field(repr=False, compare=False)
    smallest_offset: int = field(repr=False, compare=False)
    largest_offset: int = field(repr=False, compare=False)

    def offset_at(self, instant: int) -> int:
        """The offset at an instant, in seconds to add to UTC."""
        return self.offsets[bisect_right(self.changes, instant) - 1]

    def wall_at(self, instant: int) -> int:
        """The wall-clock time of an instant, in seconds."""
        return instant + self.offset_at(instant)

    def local_text(self, instant: int) -> str:
        """The wall-clock time with its offset, such as `2026-12-01T11:00:00+01:00` (RFC 3339
        5.6)."""
        wall = _EPOCH + timedelta(seconds=self.wall_at(instant))
        sign, minutes = (
            ("-" if self.offset_at(instant) < 0 else "+"),
            abs(self.offset_at(instant)) // 60,
        )
        return f"{wall.isoformat(timespec='seconds')}{sign}{minutes // 60:02}:{minutes % 60:02}"

    def instants(self, wall_start: int, wall_end: int) -> Iterator[Interval]:
        """The instants at which the wall clock shows a time in `[wall_start, wall_end)`, as
        disjoint intervals, ascending.

        This is the one function that turns a span of the wall clock into instants.
        """
        changes, offsets = self.changes, self.offsets
        at = bisect_right(changes, wall_start - self.largest_offset) - 1
        while at < len(changes) and changes[at] < wall_end - self.smallest_offset:
            stretch_end = changes[at + 1] if at + 1 < len(changes) else ALWAYS_AFTER
            start = max(wall_start - offsets[at], changes[at])
            end = min(wall_end - offsets[at], stretch_end)
            if start < end:
                yield Interval(start, end)
            at += 1

    def instant_of(self, wall: int) -> int:
        """The instant that a calendar means by a wall-clock time (RFC 5545 3.3.5). If it occurs
        twice, the first; if it is skipped, with the offset before the change."""
        changes, offsets = self.changes, self.offsets
        at = bisect_right(changes, wall - self.largest_offset) - 1
        while at + 1 < len(changes) and wall - offsets[at] >= changes[at + 1]:
            if wall - offsets[at + 1] < changes[at + 1]:
                break  # in the gap
            at += 1
        return wall - offsets[at]

    def steady_around(self, wall: int) -> tuple[int, int, int]:
        """`(start, end, offset)`: all wall-clock times in `[start, end)` have this one offset and
        occur once. Empty for a time within two days of a change."""
        at = bisect_right(self.changes, wall - self.offsets[-1]) - 1
        is_last = at + 1 == len(self.changes)
        offset = self.offsets[at]
        start = self.changes[at] + offset + 2 * DAY_SECONDS
        end = ALWAYS_AFTER if is_last else self.changes[at + 1] + offset - 2 * DAY_SECONDS
        return (start, end, offset) if start <= wall < end else (wall, wall, offset)

    def stretches(self, span: Interval) -> Iterator[tuple[int, int, int]]:
        """`(start, end, offset)` of each part of `span` with a constant offset, ascending."""
        at = bisect_right(self.changes, span.start) - 1
        start = span.start
        while start < span.end:
            change = self.changes[at + 1] if at + 1 < len(self.changes) else ALWAYS_AFTER
            end = min(span.end, change)
            yield start, end, self.offsets[at]
            start, at = end, at + 1

    def days_in(self, span: Interval) -> Iterator[tuple[int, int, int]]:
        """`(day, start, end)`: `span` cut by local dates, which are counted from 1970-01-01.

        A date may come twice if the clock goes back over midnight, or in two parts that touch.
        """
        for start, end, offset in self.stretches(span):
            first, last = (start + offset) // DAY_SECONDS, (end - 1 + offset) // DAY_SECONDS
            for day in range(first, last + 1):
                midnight = day * DAY_SECONDS - offset
                yield day, max(start, midnight), min(end, midnight + DAY_SECONDS)

    def months_in(self, span: Interval) -> Iterator[tuple[int, int, int]]:
        """`(month, start, end)`: `span` cut by local months, which are counted from year 0.

        A month may come twice if the clock goes back over its first midnight.
        """
        month, begins, ends = 0, span.start, span.start
        for day, start, end in self.days_in(span):
            month_then = month_of(day)
            if month_then != month and begins < ends:
                yield month, begins, ends
                begins = start
            month, ends = month_then, end
        if begins < ends:
            yield month, begins, ends

    def whole_months(self, span: Interval) -> list[tuple[int, int, int]]:
        """The months that meet `span`, as `months_in` cuts them, but each as a whole."""
        met = {month for month, _, _ in self.months_in(span)}
        around = span.widened(LONGEST_MONTH, LONGEST_MONTH)
        return [piece for piece in self.months_in(around) if piece[0] in met]


@cache  # bounded by the number of zone names: other names are refused before
def _read(name: str) -> Zone:
    return zone_of_changes(name, read_transitions(name))


def zone_of_changes(name: str, transitions: Sequence[Transition]) -> Zone:
    """A zone with the given changes, ascending, the first before every instant. Its name must be
    unique."""
    offsets = tuple(t.offset for t in transitions)
    return Zone(name, tuple(t.at for t in transitions), offsets, min(offsets), max(offsets))


def zone_named(name: str) -> Zone:
    """The zone with an IANA name, canonical or link, case-sensitive.

    Raises UnknownZone for any other name.
    """
    if name not in zone_names():
        raise UnknownZone(f"{name!r} is not a time zone such as Europe/Berlin")
    return _read(name)


def wall_clock(instant: int, zone: Zone) -> datetime:
    """The local time of an instant, naive, to the second (year 1 to 9999)."""
    return _EPOCH + timedelta(seconds=zone.wall_at(instant))


def is_ambiguous(instant: int, zone: Zone) -> bool:
    """Whether the wall-clock time of this instant occurs twice."""
    if is_far_from_changes(instant, instant, zone):
        return False
    wall = zone.wall_at(instant)
    return len(list(zone.instants(wall, wall + 1))) > 1


def is_second_pass(instant: int, zone: Zone) -> bool:
    """Whether this instant is the second one with its wall-clock time, after the clock went
    back."""
    if is_far_from_changes(instant, instant, zone):
        return False
    wall = zone.wall_at(instant)
    return next(zone.instants(wall, wall + 1)).start < instant


def is_far_from_changes(first: int, last: int, zone: Zone) -> bool:
    """Whether the offset does not change from `first` to `last`, nor within two days of them, which
    is the most by which a clock goes back. Then each wall-clock time occurs once."""
    changes = zone.changes
    return bisect_right(changes, first - _FURTHEST) == bisect_right(changes, last + _FURTHEST)


def local_day(instant: int, zone: Zone) -> date:
    """The local date of an instant."""
    return date.fromordinal(EPOCH_DAY + zone.wall_at(instant) // DAY_SECONDS)


def day_bounds(day: date, zone: Zone) -> Interval:
    """From the first instant whose local date is `day` to the last; empty if there is none.

    Pacific/Apia had no 2011-12-30: the interval is empty and lies where that day was skipped. If
    the clock went back over midnight (St John's, 2010-11-07 at 00:01), a day is left and entered
    again: the interval then includes the minutes of the day before in between. For the exact
    instants use `days`.
    """
    pieces = days(day, day, zone)
    if not pieces:
        next_instant = next(zone.instants(wall_midnight(day), ALWAYS_AFTER)).start
        return Interval(next_instant, next_instant)
    return Interval(pieces[0].start, pieces[-1].end)


def days(first: date, last: date, zone: Zone) -> list[Interval]:
    """Exactly the instants whose local date lies between `first` and `last`, both included, merged.

    That is one interval, except where a clock went back over midnight at either end (see
    `day_bounds`), and none for days that do not exist.
    """
    return merge(zone.instants(wall_midnight(first), wall_midnight(last) + DAY_SECONDS))


def month_of(day: int) -> int:
    """The month, counted from year 0, of a date counted from 1970-01-01."""
    date_then = date.fromordinal(EPOCH_DAY + day)
    return date_then.year * 12 + date_then.month - 1


def wall_midnight(day: date) -> int:
    """The wall-clock time, in seconds, at which a day begins."""
    return (day.toordinal() - EPOCH_DAY) * DAY_SECONDS
