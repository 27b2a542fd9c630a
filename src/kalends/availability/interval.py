"""Intervals of time: half-open `[start, end)`, in whole epoch seconds (UTC)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

MINUTE_SECONDS: Final = 60
HOUR_SECONDS: Final = 60 * MINUTE_SECONDS
HOURS_A_DAY: Final = 24
DAY_SECONDS: Final = HOURS_A_DAY * HOUR_SECONDS
WEEK_SECONDS: Final = 7 * DAY_SECONDS

# Before and after every instant of the years 1900 to 2199.
ALWAYS_BEFORE: Final = -(1 << 40)
ALWAYS_AFTER: Final = 1 << 40


class Interval(NamedTuple):
    """`[start, end)`. If the end is not after the start it is empty: it contains and meets
    nothing."""

    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        return self.end <= self.start

    @property
    def seconds(self) -> int:
        """Elapsed time; 0 for an empty interval."""
        return max(0, self.end - self.start)

    def overlaps(self, other: "Interval") -> bool:
        """Whether they share an instant. Touching is not overlapping."""
        return max(self.start, other.start) < min(self.end, other.end)

    def includes(self, instant: int) -> bool:
        return self.start <= instant < self.end

    def contains(self, other: "Interval") -> bool:
        """Whether all of `other` lies inside; an empty `other` always does."""
        return other.is_empty or (self.start <= other.start and other.end <= self.end)

    def clipped(self, span: "Interval") -> "Interval":
        """The intersection, which may be empty."""
        return Interval(max(self.start, span.start), min(self.end, span.end))

    def widened(self, before: int, after: int) -> "Interval":
        """The interval, extended by `before` seconds in front and `after` seconds behind."""
        return Interval(self.start - before, self.end + after)


ALWAYS: Final = Interval(ALWAYS_BEFORE, ALWAYS_AFTER)


def merge(intervals: Iterable[tuple[int, int]]) -> list[Interval]:
    """The same instants as disjoint intervals that do not touch, ascending; empty ones are
    dropped."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(Interval(start, end))
    return merged


def clip(intervals: Iterable[Interval], span: Interval) -> list[Interval]:
    """The parts of the intervals that lie inside `span`, without empty ones."""
    first, last = span
    if first >= last:
        return []
    return [
        Interval(max(start, first), min(end, last))
        for start, end in intervals
        if start < last and end > first and start < end
    ]


def gaps(merged: Sequence[Interval], span: Interval) -> Iterator[Interval]:
    """The parts of `span` that no interval covers; `merged` is as `merge` returns it."""
    begins = span.start
    for interval in merged:
        if begins < interval.start:
            yield Interval(begins, min(interval.start, span.end))
        begins = max(begins, interval.end)
        if begins >= span.end:
            return
    if begins < span.end:
        yield Interval(begins, span.end)
