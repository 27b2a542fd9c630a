"""Candidates: the starts under consideration, and flags for those not excluded yet."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from kalends.availability.hours import Hours
from kalends.availability.interval import ALWAYS_AFTER, Interval
from kalends.availability.wallclock import Zone

# Enough buckets to find the first start after an instant directly, few enough to build quickly.
BUCKETS_FOR_A_START: Final = 4

# Up to this many buckets, clearing flags one by one is faster than as a slice.
SHORT: Final = 32


class Candidates:
    """Starts, ascending and unique. The hours in `fit` are known to be open for all of each slot.

    Flags are a bytearray with one byte for each start: 1 as long as it is possible.
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

        The intervals may overlap and come in any order: each is looked up by itself, and nothing is
        sorted.
        """
        # Present-day instants have 31 bits, which makes them slow in CPython, whose integers
        # consist of digits of 30 bits. Offsets from the first start are smaller.
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
    """An index to find the first start after an instant.

    `offsets` are the starts relative to the first, and a last one that is never reached;
    `buckets[i]` is how many of them are at most `i << shift`.
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
