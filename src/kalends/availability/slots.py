"""Free time: lists slots, decides about one start, and explains (SEMANTICS 5 to 14).

`slots`, `decide` and `explain` ask the same rules of the same candidates: a slot is listed if and
only if `decide` accepts it, but that a booking may lie in the past where no notice is set.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import compress
from typing import NamedTuple, TypeAlias

from kalends.availability.hours import Hours, is_open_throughout, runs
from kalends.availability.interval import WEEK, Interval
from kalends.availability.matching import Requirement, ScheduleId, choose
from kalends.availability.rules import (
    ORDER,
    Calendar,
    Candidates,
    Code,
    Offering,
    Rule,
    Session,
    Terms,
    closed,
    count_by_day,
    rules_of_calendar,
    rules_of_offering,
)
from kalends.availability.wallclock import Zone

Chosen: TypeAlias = tuple[ScheduleId, ...]


class Slot(NamedTuple):
    """`[start, end)` in epoch seconds; the schedules that a booking would get, the first first."""

    start: int
    end: int
    schedule_ids: Chosen
    seats_left: int


class Obstacle(NamedTuple):
    """The forbidden time that a start runs into.

    Notice: up to the first start that is allowed. Horizon: from the first day too far on. Closed
    hours: from closing to opening, at most a week. Limit: the full day. Busy and taken: that time,
    with its `position` in `Calendar.busy` or `Calendar.occupied`; None is a group session.
    """

    interval: Interval
    position: int | None = None


class Refusal(NamedTuple):
    """A rule that refuses; `schedule_id` None if it is not one schedule's rule."""

    code: Code
    schedule_id: ScheduleId | None = None
    in_the_way: tuple[Obstacle, ...] = ()


class Decision(NamedTuple):
    """A slot to book, or else why not: every rule that refuses, in the API's order."""

    slot: Slot | None
    refusals: tuple[Refusal, ...] = ()


def slots(offering: Offering, span: Interval) -> list[Slot]:
    """The slots that start within `span`, ascending. Raises ValueError if the terms have no step.

    Which they are does not depend on where `span` begins and ends.
    """
    listed = _never_in_the_past(offering)
    candidates = _possible(listed, _grid(listed, span))
    if not candidates.starts:
        return []
    chosen = _Survey(listed, candidates).choose()
    return list(_slots_of(listed, candidates, chosen))


def decide(offering: Offering, start: int, end: int | None = None) -> Decision:
    """Whether `start` may be booked now, and on which schedules.

    An `end` that the terms' duration does not lead to is refused as NOT_A_SLOT.
    """
    terms = offering.terms
    alone = Candidates([start])
    is_on_grid = terms.step is None or start in _grid(offering, alone.span).starts
    fits = is_on_grid and end in (None, start + terms.duration)
    possible = _possible(offering, alone)
    chosen = _Survey(offering, alone).choose()[0]
    if fits and possible.starts and chosen:
        return Decision(next(_slots_of(offering, alone, [chosen])))
    refusals = list(_refusals_of_offering(offering, start))
    if chosen is None:
        refusals += _refusals_of_schedules(offering, start)
    is_off_grid = is_on_grid != fits or (not is_on_grid and _is_anybody_open(offering, start))
    if is_off_grid or not refusals:
        refusals.append(Refusal(Code.NOT_A_SLOT))
    return Decision(None, tuple(sorted(refusals, key=lambda refusal: ORDER[refusal.code])))


def explain(offering: Offering, start: int, end: int | None = None) -> Decision:
    """As `decide`, about what `slots` lists: never in the past."""
    return decide(_never_in_the_past(offering), start, end)


def _never_in_the_past(offering: Offering) -> Offering:
    if offering.terms.notice is not None:
        return offering
    return replace(offering, terms=replace(offering.terms, notice=0))


def _possible(offering: Offering, candidates: Candidates) -> Candidates:
    """Without those that no schedule could serve."""
    if not candidates.starts:
        return candidates
    flags = candidates.flags()
    for rule in rules_of_offering(offering, candidates.span):
        candidates.strike(rule, flags)
    return candidates if all(flags) else Candidates(list(compress(candidates.starts, flags)))


def _slots_of(
    offering: Offering, candidates: Candidates, chosen: Sequence[Chosen | None]
) -> Iterator[Slot]:
    duration, capacity = offering.terms.duration, offering.capacity
    taken = {session.start: session.seats_taken for session in offering.sessions}
    for start, schedule_ids in zip(candidates.starts, chosen, strict=True):
        if schedule_ids:
            yield Slot(start, start + duration, schedule_ids, capacity - taken.get(start, 0))


def _grid(offering: Offering, span: Interval) -> Candidates:
    """Candidate starts: from the start of each date's runs in steps (SEMANTICS 5)."""
    if offering.terms.step is None:
        raise ValueError("slots need a step")
    grids = [
        list(_steps(hours, zone, offering.terms.step, span))
        for hours, zone in _hours_of_first_requirement(offering)
    ]
    starts = [start for grid in grids for start in grid]
    return Candidates(sorted(set(starts)))


def _steps(hours: Hours, zone: Zone, step: int, span: Interval) -> Iterator[int]:
    for run in runs(hours, zone, span):
        skipped = max(0, -((run.start - span.start) // step))
        yield from range(run.start + skipped * step, min(run.end, span.end), step)


def _hours_of_first_requirement(offering: Offering) -> Iterable[tuple[Hours, Zone]]:
    """Each pair once."""
    named = offering.requirements[0].schedule_ids if offering.requirements else ()
    return {(c.hours, c.zone): None for c in offering.calendars if c.schedule_id in named}


class _Survey:
    """Who can serve which candidate. A schedule is looked at only when its answer is needed."""

    def __init__(self, offering: Offering, candidates: Candidates) -> None:
        self.offering = offering
        self.candidates = candidates
        self._open: dict[tuple[Hours, Zone], bytearray] = {}
        self._serves: dict[ScheduleId, bytearray] = {}

    def choose(self) -> list[Chosen | None]:
        """The schedules for each candidate, None where the requirements cannot be met."""
        chosen: list[Chosen | None] = [None] * len(self.candidates.starts)
        for part, calendars in _parts_of_one_order(self.offering, self.candidates):
            if _is_one_of_many(self.offering):
                self._choose_one(part, calendars, chosen)
            else:
                self._choose_several(part, calendars, chosen)
        self._join_sessions(chosen)
        return chosen
