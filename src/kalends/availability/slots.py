"""The engine's entry points: list slots, decide about one start, and explain refusals, by the rules
of docs/slots.md.

`slots` and `decide` apply the same rules to the same candidates, so `decide` accepts exactly what
`slots` lists, except that a booking may be recorded in the past if no notice is set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, compress, repeat
from typing import NamedTuple, overload

from kalends.availability.assignment import Assignment, Chosen, assign
from kalends.availability.candidates import Candidates
from kalends.availability.grid import candidates_fitting, is_start, starts_within
from kalends.availability.hours import is_open_throughout
from kalends.availability.interval import ALWAYS_BEFORE, Interval
from kalends.availability.matching import ScheduleId
from kalends.availability.refusals import (
    Obstacle,
    Refusal,
    refusals_of_event_type,
    refusals_of_schedules,
)
from kalends.availability.rules import ORDER, Code, Rule, rule_of_opening, rules_of_joining
from kalends.availability.slot_inputs import Calendar, SlotInputs

__all__ = ["Obstacle", "Refusal", "Slot", "SlotDecision", "Slots", "decide", "explain", "slots"]


class Slot(NamedTuple):
    """`[start, end)` in epoch seconds, and the schedules that a booking would get, in order.

    `seats_left` are the seats that are free in the session that it would join.
    """

    start: int
    end: int
    schedule_ids: Chosen
    seats_left: int

    @property
    def has_further(self) -> bool:
        """Whether another session could open beside it, so that taking its last seat does not end
        the slot."""
        return False


class SlotWithFurther(Slot):
    """A slot beside which another session could open."""

    __slots__ = ()

    @property
    def has_further(self) -> bool:
        return True


class Slots(Sequence[Slot]):
    """Slots in columns, ascending. There may be thousands, so a `Slot` is built only when it is
    read."""

    def __init__(self, starts: list[int], assignment: Assignment, inputs: SlotInputs) -> None:
        self.starts = list(compress(starts, assignment.chosen))
        self.schedule_ids = [ids for ids in assignment.chosen if ids]
        self.duration = inputs.terms.duration
        self._capacity = inputs.capacity
        self._taken = {start: session.seats_taken for start, session in assignment.joined.items()}
        self._further = assignment.further

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[Slot]:
        return map(self._slot, self.starts, self.schedule_ids)

    @overload
    def __getitem__(self, at: int) -> Slot: ...
    @overload
    def __getitem__(self, at: slice) -> list[Slot]: ...
    def __getitem__(self, at: int | slice) -> Slot | list[Slot]:
        if isinstance(at, slice):
            return list(map(self._slot, self.starts[at], self.schedule_ids[at]))
        return self._slot(self.starts[at], self.schedule_ids[at])

    @property
    def seats_left(self) -> Iterable[int]:
        """The free seats of each slot, in order."""
        if not self._taken:
            return repeat(self._capacity, len(self.starts))
        return map(self._seats_left_at, self.starts)

    def _seats_left_at(self, start: int) -> int:
        return self._capacity - self._taken.get(start, 0)

    def _slot(self, start: int, schedule_ids: Chosen) -> Slot:
        kind = SlotWithFurther if start in self._further else Slot
        return kind(start, start + self.duration, schedule_ids, self._seats_left_at(start))


class SlotDecision(NamedTuple):
    """The slot that may be booked; or None, and every rule that refuses, in the API's order.

    `helpful` are the schedules each of which, if it were free, would let more of the requirements
    be met, whether or not it has a calendar here.
    """

    slot: Slot | None
    refusals: tuple[Refusal, ...] = ()
    helpful: frozenset[ScheduleId] = frozenset()


def slots(inputs: SlotInputs, span: Interval) -> Slots:
    """The slots that start within `span`.

    A slot does not depend on where `span` begins and ends. Raises ValueError without a step.
    """
    listed = _never_in_the_past(inputs)
    candidates = _candidates(listed, span)
    may_join = _flags(candidates, rules_of_joining(listed))
    return _choose(listed, candidates, may_join)


def latest_now(inputs: SlotInputs, span: Interval) -> int | None:
    """The latest `now` until which the slots within `span` stay the same; None if they depend on
    today's date."""
    if inputs.terms.max_days_ahead is not None:
        return None
    notices = (inputs.terms.notice, *(calendar.notice for calendar in inputs.calendars))
    return span.start - max(notice or 0 for notice in notices)


def without_now(inputs: SlotInputs, span: Interval) -> SlotInputs | None:
    """The same inputs with a neutral `now`, as a key for caches; None if the slots within `span`
    depend on the present time."""
    latest = latest_now(inputs, span)
    if latest is None or inputs.now > latest:
        return None
    return replace(inputs, now=ALWAYS_BEFORE)


def decide(inputs: SlotInputs, start: int, end: int | None = None) -> SlotDecision:
    """Whether a booking may start at `start`, and which schedules it gets.

    An `end` that does not match the terms' duration is refused as NOT_A_SLOT.
    """
    alone = Candidates([start])
    chosen = _choose(inputs, alone, alone.flags())
    is_in_grid = _is_in_grid(inputs, start)
    is_in_time = end is None or end == start + inputs.terms.duration
    if chosen and is_in_grid and is_in_time and all(_flags(alone, rules_of_joining(inputs))):
        return SlotDecision(chosen[0])
    # Joining a session does not count for the event type's limit.
    refusals = [
        refusal
        for refusal in refusals_of_event_type(inputs, start)
        if not (chosen and refusal.code is Code.LIMIT_REACHED)
    ]
    helpful: frozenset[ScheduleId] = frozenset()
    could_be_met = chosen or _choose(_without_limit(inputs), alone, alone.flags())
    if not could_be_met:
        of_schedules, helpful = refusals_of_schedules(inputs, start)
        refusals += of_schedules
    # If every schedule is closed, there is no grid to be off: OUTSIDE_AVAILABILITY is enough.
    is_off_grid = not is_in_grid and (could_be_met or _is_anybody_open(inputs, start))
    if is_off_grid or not is_in_time:
        refusals.append(Refusal(Code.NOT_A_SLOT))
    # If no schedule refuses, there are fewer schedules than the requirements need.
    refusals = refusals or [Refusal(Code.NOT_A_SLOT)]
    ordered = sorted(refusals, key=lambda refusal: ORDER[refusal.code])
    return SlotDecision(None, tuple(ordered), helpful)


def explain(inputs: SlotInputs, start: int, end: int | None = None) -> SlotDecision:
    """`decide` for a slot that is to be listed: a time in the past is always too late."""
    return decide(_never_in_the_past(inputs), start, end)


def _candidates(inputs: SlotInputs, span: Interval) -> Candidates:
    """The starts within `span` on the grid of the schedules of the first requirement."""
    terms = inputs.terms
    if terms.step is None:
        raise ValueError("without a step there are no slots to list")
    hours = {(c.hours, c.zone) for c in _first_required(inputs)}
    if len(hours) == 1 and not inputs.sessions:
        # Every slot takes one of these schedules, which have the same hours: only fitting starts.
        (key,) = hours
        return candidates_fitting(*key, terms.step, span, terms.duration)
    starts = chain.from_iterable(starts_within(*key, terms.step, span) for key in hours)
    return Candidates(sorted(set(starts)))


def _first_required(inputs: SlotInputs) -> list[Calendar]:
    if not inputs.requirements:
        return []
    first = inputs.requirements[0]
    return [calendar for calendar in inputs.calendars if first.names(calendar.schedule_id)]


def _never_in_the_past(inputs: SlotInputs) -> SlotInputs:
    if inputs.terms.notice is not None:
        return inputs
    return replace(inputs, terms=replace(inputs.terms, notice=0))


def _without_limit(inputs: SlotInputs) -> SlotInputs:
    return replace(inputs, terms=replace(inputs.terms, max_per_day=None))


def _choose(inputs: SlotInputs, candidates: Candidates, may_join: bytearray) -> Slots:
    """What a booking would get at each candidate. It may open where the event type's limit allows,
    and join sessions on full days, too."""
    may_open = may_join
    if candidates.starts and inputs.terms.max_per_day is not None:
        may_open = _flags(candidates, [rule_of_opening(inputs, candidates.span)], may_join)
    assignment = assign(inputs, candidates, may_open, may_join)
    return Slots(candidates.starts, assignment, inputs)


def _flags(
    candidates: Candidates, rules: Iterable[Rule], among: bytearray | None = None
) -> bytearray:
    """Flags for the candidates that the rules allow, out of all or of those flagged in `among`."""
    flags = candidates.flags() if among is None else among.copy()
    if flags:
        for rule in rules:
            rule.exclude(candidates, flags)
    return flags


def _is_in_grid(inputs: SlotInputs, start: int) -> bool:
    """Whether the start is on the grid, or any start will do."""
    step = inputs.terms.step
    return step is None or any(
        is_start(c.hours, c.zone, step, start) for c in _first_required(inputs)
    )


def _is_anybody_open(inputs: SlotInputs, start: int) -> bool:
    instant = Interval(start, start + 1)
    return any(is_open_throughout(c.hours, c.zone, instant) for c in _first_required(inputs))
