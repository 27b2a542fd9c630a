"""The grid: candidate starts, in steps from the beginning of each unbroken run of open time on a
date.

They depend only on hours, zone and step, neither on the requested range nor on now. So they are
computed once for each block of four weeks and cached. A run is stored as a `range`, which takes the
same memory for a step of a minute as for one of an hour.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise

from kalends.availability.candidates import Candidates
from kalends.availability.hours import (
    BLOCK,
    BLOCKS_KEPT,
    Hours,
    blocks_of,
    open_intervals,
    open_stretches,
)
from kalends.availability.interval import Interval
from kalends.availability.wallclock import Zone

# A duration that fits wherever the schedule is open at the start: the end is not checked yet.
A_MOMENT = 1

# Slots of the same days are listed again and again. A cached grid takes 1 MB at most.
GRIDS_KEPT = 128
GRID_STEPS_KEPT = 5000


def starts_within(
    hours: Hours, zone: Zone, step: int, span: Interval, duration: int = A_MOMENT
) -> list[int]:
    """The candidates in `span`, ascending, from which `duration` lies within one merged interval of
    open time."""
    starts: list[int] = []
    for block in blocks_of(span):
        for steps in _starts_of_block(hours, zone, step, duration, block):
            if span.start <= steps[0] and steps[-1] < span.end:
                starts.extend(steps)
            elif steps[0] < span.end and span.start <= steps[-1]:
                starts.extend(start for start in steps if span.includes(start))
    return starts


def candidates_fitting(
    hours: Hours, zone: Zone, step: int, span: Interval, duration: int
) -> Candidates:
    """The same as Candidates that are known to fit the hours. Short grids are cached."""
    find = (
        _few_candidates if span.seconds <= GRID_STEPS_KEPT * step else _few_candidates.__wrapped__
    )
    return find(hours, zone, step, span, duration)


@lru_cache(maxsize=GRIDS_KEPT)
def _few_candidates(
    hours: Hours, zone: Zone, step: int, span: Interval, duration: int
) -> Candidates:
    return Candidates(starts_within(hours, zone, step, span, duration), [(hours, zone)])


def is_start(hours: Hours, zone: Zone, step: int, start: int) -> bool:
    """Whether the start is on the grid."""
    block = start // BLOCK
    return any(start in steps for steps in _starts_of_block(hours, zone, step, A_MOMENT, block))


@lru_cache(maxsize=BLOCKS_KEPT)
def _starts_of_block(
    hours: Hours, zone: Zone, step: int, duration: int, block: int
) -> tuple[Sequence[int], ...]:
    """The candidates of a block, as ascending sequences without duplicates, none of them empty."""
    span = Interval(block * BLOCK, (block + 1) * BLOCK)
    steps = list(_steps(hours, zone, step, duration, span))
    if all(earlier[-1] < later[0] for earlier, later in pairwise(steps)):
        return tuple(steps)
    # The runs of two dates overlap, so equal starts are merged.
    return (array("q", sorted(set(chain.from_iterable(steps)))),)


def _steps(
    hours: Hours, zone: Zone, step: int, duration: int, span: Interval
) -> Iterator[Sequence[int]]:
    """The steps of each run that lie in `span` and fit the open interval that the run is part
    of."""
    available = open_intervals(hours, zone, span.widened(0, duration))
    opens = [interval.start for interval in available]
    for run in open_stretches(hours, zone, span):
        if not run.overlaps(span):
            continue
        within = available[bisect_right(opens, max(run.start, span.start)) - 1]
        skipped = max(0, -((run.start - span.start) // step))
        end = min(run.end, span.end, within.end - duration + 1)
        if steps := range(run.start + skipped * step, end, step):
            yield steps
