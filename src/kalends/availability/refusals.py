"""Explains why a start is refused: the rules of the event type, and those of the schedules that
would help (docs/slots.md, "Reasons")."""

from collections.abc import Iterator
from typing import NamedTuple

from kalends.availability.interval import WEEK_SECONDS, Interval
from kalends.availability.matching import ScheduleId, helpful_schedules
from kalends.availability.rules import Code, Rule, closed, rules_of_calendar, rules_of_event_type
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs


class Obstacle(NamedTuple):
    """The time that a start runs into.

    For notice, everything before the first start that is allowed; for the horizon, everything from
    the first day that is too far; for closed hours, from closing to opening, at most a week of it;
    for a limit, the day. For busy or taken time, `position` is that in `Calendar.busy` or
    `Calendar.occupied`; it is None for a group session and for all else.
    """

    interval: Interval
    position: int | None = None


class Refusal(NamedTuple):
    """A rule that refuses. `schedule_id` is None for a rule of the event type."""

    code: Code
    schedule_id: ScheduleId | None = None
    in_the_way: tuple[Obstacle, ...] = ()


def refusals_of_event_type(inputs: SlotInputs, start: int) -> list[Refusal]:
    """The rules of the event type that refuse opening a booking at `start`."""
    refusals = []
    for rule in rules_of_event_type(inputs, _around(start)):
        if obstacles := tuple(Obstacle(interval) for _, interval in rule.obstacles(start)):
            refusals.append(Refusal(rule.code, None, obstacles))
    return refusals


def refusals_of_schedules(
    inputs: SlotInputs, start: int
) -> tuple[list[Refusal], frozenset[ScheduleId]]:
    """Every rule that refuses, of each schedule with which more requirements could be met than now;
    and which schedules those are, including ones without a calendar here.

    A session that has a seat is not in the way of joining it. If ignoring such sessions would let
    everything be met and yet no session can be joined, they count as obstacles like bookings.
    """
    when_opening, when_joining = {}, {}
    for calendar in inputs.eligible:
        id_ = calendar.schedule_id
        when_opening[id_] = when_joining[id_] = list(_refusals_of(calendar, inputs, start, None))
        session = _session_with_a_seat(inputs, start, id_)
        if session is not None:
            joining = _refusals_of(calendar, inputs, start, session)
            when_joining[id_] = [r for r in joining if r.code is not Code.LIMIT_REACHED]
    helpful = _helpful(inputs, when_joining)
    if helpful:
        named = when_joining
    else:
        helpful = _helpful(inputs, when_opening)
        named = {id_: when_joining[id_] or refusals for id_, refusals in when_opening.items()}
    refusals = [refusal for id_ in named if id_ in helpful for refusal in named[id_]]
    return refusals, helpful


def _helpful(
    inputs: SlotInputs, refusals: dict[ScheduleId, list[Refusal]]
) -> frozenset[ScheduleId]:
    """The helpful schedules. One that is required has to be taken, so none helps in its place."""
    serving = {id_ for id_, reasons in refusals.items() if not reasons}
    required = inputs.required_id
    if required is None or required in serving:
        return helpful_schedules(inputs.requirements, serving)
    return helpful_schedules(inputs.requirements, serving | {required}) | {required}


def _session_with_a_seat(inputs: SlotInputs, start: int, schedule_id: ScheduleId) -> Session | None:
    for session in inputs.sessions_at(start):
        if schedule_id in session.schedule_ids and session.seats_taken < inputs.capacity:
            return session
    return None


def _refusals_of(
    calendar: Calendar, inputs: SlotInputs, start: int, session: Session | None
) -> Iterator[Refusal]:
    duration = inputs.terms.duration
    rules = [
        closed(calendar.hours, calendar.zone, duration, _around(start)),
        *rules_of_calendar(calendar, inputs, _around(start), session),
    ]
    for rule in rules:
        obstacles = [_obstacle(calendar, rule, *met) for met in rule.obstacles(start)]
        if obstacles:
            yield Refusal(rule.code, calendar.schedule_id, tuple(obstacles))


def _around(start: int) -> Interval:
    """A span wide enough to show closed hours and days around the start as a whole."""
    return Interval(start - WEEK_SECONDS, start + WEEK_SECONDS)


def _obstacle(calendar: Calendar, rule: Rule, position: int, interval: Interval) -> Obstacle:
    intervals = {Code.BUSY: calendar.busy, Code.SLOT_TAKEN: calendar.occupied}.get(rule.code, ())
    return Obstacle(interval, position if position < len(intervals) else None)
