"""Starts that are considered, and which of them are struck out."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from kalends.availability.hours import Hours
from kalends.availability.interval import Interval
from kalends.availability.wallclock import Zone

# Of the index: enough that a start is found at once, few enough that it is made quickly.
BUCKETS_FOR_A_START = 4


@dataclass(slots=True)
class Candidates:
    """Starts, ascending and unique. Hours listed in `fit` are known to be open for all of each.

    Flags are bytes, one for each start: 1 while it is possible.
    """

    starts: list[int]
    fit: Collection[tuple[Hours, Zone]] = ()
    _shifted: dict[int, list[int]] = field(default_factory=dict, repr=False)
    _index: list[int] = field(default_factory=list, repr=False)

    @property
    def span(self) -> Interval:
        return Interval(self.starts[0], self.starts[-1] + 1)

    def flags(self) -> bytearray:
        return bytearray(b"\x01") * len(self.starts)

    def strike(
        self, forbidden: Iterable[tuple[int, int]], before: int, after: int, flags: bytearray
    ) -> None:
        """Clears the flag of each start `s` for which `[s - before, s + after)` meets an interval.

        The intervals may come in any order: each start is looked up, nothing is sorted.
        """
        heads, tails = self._shifted_by(-before), self._shifted_by(after)
        index, unit = self._indexed(), self._unit
        earliest, latest = tails[0], tails[-1]
        for begins, ends in forbidden:
            if begins >= latest:
                continue
            first = 0 if begins < earliest else index[(begins - earliest) // unit]
            while tails[first] <= begins:
                first += 1
            if heads[first] < ends and begins < ends:
                last = bisect_left(heads, ends, first)
                flags[first:last] = bytes(last - first)

    def _shifted_by(self, seconds: int) -> list[int]:
        if seconds not in self._shifted:
            self._shifted[seconds] = [start + seconds for start in self.starts]
        return self._shifted[seconds]

    @property
    def _unit(self) -> int:
        return self.span.seconds // (BUCKETS_FOR_A_START * len(self.starts)) + 1

    def _indexed(self) -> list[int]:
        """For each bucket of `_unit` seconds, how many starts lie before it or where it begins."""
        if not self._index:
            origin, unit = self.starts[0], self._unit
            counts = [0] * (self.span.seconds // unit + 2)
            for start in self.starts:
                counts[-((origin - start) // unit)] += 1
            self._index = list(accumulate(counts))
        return self._index
