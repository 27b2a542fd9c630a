"""Free time: lists slots, decides about one start, and explains (SEMANTICS 5 to 14).

`slots` and `decide` ask the same rules of the same candidates: what is listed is what `decide`
accepts, but that a booking may be recorded in the past where no notice is set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, compress, repeat
from typing import NamedTuple, overload

from kalends.availability.assignment import Chosen, assign
from kalends.availability.candidates import Candidates
from kalends.availability.grid import candidates_fitting, is_start, starts_within
from kalends.availability.hours import is_open_throughout
from kalends.availability.interval import ALWAYS_BEFORE, WEEK, Interval
from kalends.availability.matching import ScheduleId
from kalends.availability.offering import Calendar, Offering, Session
from kalends.availability.rules import (
    ORDER,
    Code,
    Rule,
    closed,
    rules_of_calendar,
    rules_of_offering,
)


class Slot(NamedTuple):
    """`[start, end)` in epoch seconds, and the schedules that a booking would get, in order."""

    start: int
    end: int
    schedule_ids: Chosen
    seats_left: int


class Slots(Sequence[Slot]):
    """Slots in columns, ascending: where thousands are found, a `Slot` is made when it is read."""

    def __init__(self, starts: list[int], schedule_ids: list[Chosen], offering: Offering) -> None:
        self.starts = starts
        self.schedule_ids = schedule_ids
        self.duration = offering.terms.duration
        self._capacity = offering.capacity
        self._taken = {session.start: session.seats_taken for session in offering.sessions}

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
        """Of each slot, in order."""
        if not self._taken:
            return repeat(self._capacity, len(self.starts))
        return map(self._seats_left_at, self.starts)

    def _seats_left_at(self, start: int) -> int:
        return self._capacity - self._taken.get(start, 0)

    def _slot(self, start: int, schedule_ids: Chosen) -> Slot:
        return Slot(start, start + self.duration, schedule_ids, self._seats_left_at(start))


class Obstacle(NamedTuple):
    """The time that a start runs into.

    For notice, all up to the first start that is allowed; for the horizon, all from the first day
    that is too far; for closed hours, from closing to opening, a week of it at most; for a limit,
    the day. For what is busy or taken its `position` in `Calendar.busy` or `Calendar.occupied`;
    it is None for a group session and for what has no position.
    """

    interval: Interval
    position: int | None = None


class Refusal(NamedTuple):
    """A rule that refuses. `schedule_id` is None for a rule of the event type."""

    code: Code
    schedule_id: ScheduleId | None = None
    in_the_way: tuple[Obstacle, ...] = ()


class Decision(NamedTuple):
    """The slot that may be booked; or None and every rule that refuses, in the API's order."""

    slot: Slot | None
    refusals: tuple[Refusal, ...] = ()


def slots(offering: Offering, span: Interval) -> Slots:
    """The slots that start within `span`.

    Where `span` begins and ends does not change which they are. Raises ValueError without a step.
    """
    listed = _never_in_the_past(offering)
    candidates = _candidates(listed, span)
    return _choose(listed, candidates, _allowed(listed, candidates))


def at_any_time(offering: Offering, span: Interval) -> Offering | None:
    """The same offering without its now, if the time does not change its slots within `span`
    before that begins; None if it does."""
    notices = (offering.terms.notice, *(calendar.notice for calendar in offering.calendars))
    earliest = offering.now + max(notice or 0 for notice in notices)
    if offering.terms.max_days_ahead is not None or earliest > span.start:
        return None
    return replace(offering, now=ALWAYS_BEFORE)


def decide(offering: Offering, start: int, end: int | None = None) -> Decision:
    """Whether a booking may start at `start`, and which schedules it gets.

    With an `end` other than the terms' duration makes it, NOT_A_SLOT refuses.
    """
    alone = Candidates([start])
    chosen = _choose(offering, alone, alone.flags())
    is_in_grid = _is_in_grid(offering, start)
    is_in_time = end is None or end == start + offering.terms.duration
    if chosen and is_in_grid and is_in_time and all(_allowed(offering, alone)):
        return Decision(chosen[0])
    refusals = list(_refusals_of_event_type(offering, start))
    if not chosen:
        refusals += _refusals_of_schedules(offering, start)
    # Where all is closed there is no grid to be off: OUTSIDE_AVAILABILITY says enough.
    is_off_grid = not is_in_grid and (chosen or _is_anybody_open(offering, start))
    if is_off_grid or not is_in_time:
        refusals.append(Refusal(Code.NOT_A_SLOT))
    # None of the schedules refuses: the requirements ask for more of them than there are.
    refusals = refusals or [Refusal(Code.NOT_A_SLOT)]
    return Decision(None, tuple(sorted(refusals, key=lambda refusal: ORDER[refusal.code])))


def explain(offering: Offering, start: int, end: int | None = None) -> Decision:
    """As `decide`, of a slot to be listed: one in the past is too late whatever the notice."""
    return decide(_never_in_the_past(offering), start, end)


def _candidates(offering: Offering, span: Interval) -> Candidates:
    """The starts within `span` that the hours of the first requirement's schedules lead to."""
    terms = offering.terms
    if terms.step is None:
        raise ValueError("without a step there are no slots to list")
    hours = {(c.hours, c.zone) for c in _first_required(offering)}
    if len(hours) == 1 and not offering.sessions:
        # One of these schedules is taken by every slot, so a slot fits their hours.
        (key,) = hours
        return candidates_fitting(*key, terms.step, span, terms.duration)
    starts = chain.from_iterable(starts_within(*key, terms.step, span) for key in hours)
    return Candidates(sorted(set(starts)))


def _first_required(offering: Offering) -> list[Calendar]:
    if not offering.requirements:
        return []
    first = offering.requirements[0]
    return [calendar for calendar in offering.calendars if first.names(calendar.schedule_id)]


def _never_in_the_past(offering: Offering) -> Offering:
    if offering.terms.notice is not None:
        return offering
    return replace(offering, terms=replace(offering.terms, notice=0))


def _choose(offering: Offering, candidates: Candidates, allowed: bytearray) -> Slots:
    chosen = assign(offering, candidates, allowed)
    starts = list(compress(candidates.starts, chosen))
    return Slots(starts, [ids for ids in chosen if ids], offering)


def _allowed(offering: Offering, candidates: Candidates) -> bytearray:
    """Flags for those that the event type's own rules allow."""
    flags = candidates.flags()
    if not flags:
        return flags
    for rule in rules_of_offering(offering, candidates.span):
        rule.strike(candidates, flags)
    return flags


def _is_in_grid(offering: Offering, start: int) -> bool:
    """Whether it is a candidate, or any start will do."""
    step = offering.terms.step
    return step is None or any(
        is_start(c.hours, c.zone, step, start) for c in _first_required(offering)
    )


def _is_anybody_open(offering: Offering, start: int) -> bool:
    instant = Interval(start, start + 1)
    return any(is_open_throughout(c.hours, c.zone, instant) for c in _first_required(offering))


def _refusals_of_event_type(offering: Offering, start: int) -> Iterator[Refusal]:
    for rule in rules_of_offering(offering, _around(start)):
        if obstacles := tuple(Obstacle(interval) for _, interval in rule.obstacles(start)):
            yield Refusal(rule.code, None, obstacles)


def _refusals_of_schedules(offering: Offering, start: int) -> list[Refusal]:
    """Every rule of every schedule involved; of the wanted one alone if that is refused."""
    session = offering.session_at(start)
    if session and (refusals := _refusals_of_session(offering, session)):
        return refusals
    ids = session.schedule_ids if session else [c.schedule_id for c in offering.able]
    calendars = [c for c in offering.calendars if c.schedule_id in ids]
    refusals = [r for c in calendars for r in _refusals_of(c, offering, start, session)]
    return [r for r in refusals if r.schedule_id == offering.wanted] or refusals


def _refusals_of_session(offering: Offering, session: Session) -> list[Refusal]:
    """If it is full, or is not on the schedule that is wanted."""
    obstacle = (Obstacle(session.occupied),)
    if session.seats_taken >= offering.capacity:
        return [Refusal(Code.SLOT_TAKEN, id_, obstacle) for id_ in session.schedule_ids]
    if offering.wanted is not None and offering.wanted not in session.schedule_ids:
        return [Refusal(Code.SLOT_TAKEN, offering.wanted, obstacle)]
    return []


def _refusals_of(
    calendar: Calendar, offering: Offering, start: int, session: Session | None
) -> Iterator[Refusal]:
    duration = offering.terms.duration
    rules = [
        closed(calendar.hours, calendar.zone, duration, _around(start)),
        *rules_of_calendar(calendar, offering, _around(start), session),
    ]
    for rule in rules:
        found = [_obstacle(calendar, rule, *met) for met in rule.obstacles(start)]
        if found:
            yield Refusal(rule.code, calendar.schedule_id, tuple(found))


def _around(start: int) -> Interval:
    """So that the closed hours and the days that a start meets are shown whole."""
    return Interval(start - WEEK, start + WEEK)


def _obstacle(calendar: Calendar, rule: Rule, position: int, interval: Interval) -> Obstacle:
    things = {Code.BUSY: calendar.busy, Code.SLOT_TAKEN: calendar.occupied}.get(rule.code, ())
    return Obstacle(interval, position if position < len(things) else None)
