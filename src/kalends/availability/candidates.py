"""Starts that are considered, and which of them are struck out."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from kalends.availability.hours import Hours
from kalends.availability.interval import ALWAYS_AFTER, Interval
from kalends.availability.wallclock import Zone

# Enough that the first start behind an instant is found at once, few enough to be made quickly.
BUCKETS_FOR_A_START: Final = 4

# Up to here one flag after the other is cleared faster than all at once.
SHORT: Final = 32


class Candidates:
    """Starts, ascending and unique. Hours listed in `fit` are known to be open for all of each.

    Flags are bytes, one for each start: 1 while it is possible.
    """

    __slots__ = ("_index", "fit", "starts")

    def __init__(self, starts: list[int], fit: Collection[tuple[Hours, Zone]] = ()) -> None:
        self.starts = starts
        self.fit = fit
        self._index: _Index | None = None

    @property
    def span(self) -> Interval:
        return Interval(self.starts[0], self.starts[-1] + 1)

    def first_from(self, instant: int) -> int:
        """The position of the first start at or after an instant."""
        return bisect_left(self.starts, instant)

    def flags(self) -> bytearray:
        return bytearray(b"\x01") * len(self.starts)

    def exclude(
        self, forbidden: Iterable[tuple[int, int]], before: int, after: int, flags: bytearray
    ) -> None:
        """Clears the flag of each start `s` for which `[s - before, s + after)` meets an interval.

        The intervals may come in any order and overlap: each is looked up, nothing is sorted.
        """
        # Instants of today have 31 bits and are slow in CPython, whose integers have digits of 30.
        # Counted from the first start they have fewer.
        index = self._indexed()
        offsets, buckets, shift = index.offsets, index.buckets, index.shift
        latest, short = offsets[-2], SHORT << shift
        earliest_end, earliest_start = self.starts[0] + after, self.starts[0] - before
        for begins, ends in forbidden:
            behind = begins - earliest_end
            if behind >= latest:
                continue
            first = buckets[behind >> shift] if behind > 0 else 0
            while offsets[first] <= behind:
                first += 1
            ahead = ends - earliest_start
            if offsets[first] >= ahead or begins >= ends:
                continue
            if ahead - behind > short:
                last = bisect_left(offsets, ahead, first)
                flags[first:last] = bytes(last - first)
                continue
            while offsets[first] < ahead:
                flags[first] = 0
                first += 1

    def _indexed(self) -> "_Index":
        if self._index is None:
            self._index = _Index.of(self.starts)
        return self._index


@dataclass(frozen=True, slots=True)
class _Index:
    """Where to look for the first start behind an instant.

    `offsets` are the starts counted from the first, and one that never comes; `buckets[i]` is how
    many of them are at most `i << shift`.
    """

    offsets: list[int]
    buckets: list[int]
    shift: int

    @classmethod
    def of(cls, starts: list[int]) -> "_Index":
        origin = starts[0]
        offsets = [start - origin for start in starts]
        shift = (offsets[-1] // (BUCKETS_FOR_A_START * len(starts))).bit_length()
        counts = [0] * ((offsets[-1] >> shift) + 2)
        for offset in offsets:
            counts[-(-offset >> shift)] += 1
        return cls([*offsets, ALWAYS_AFTER], list(accumulate(counts)), shift)
