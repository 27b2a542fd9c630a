"""Why a start is refused: the rules of the event type, and those of the schedules that would help
(docs/slots.md, "Reasons")."""

from collections.abc import Iterator
from typing import NamedTuple

from kalends.availability.interval import WEEK_SECONDS, Interval
from kalends.availability.matching import ScheduleId, helpful
from kalends.availability.rules import Code, Rule, closed, rules_of_calendar, rules_of_offering
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs


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


def refusals_of_event_type(offering: SlotInputs, start: int) -> list[Refusal]:
    """The rules of the event type itself that refuse a booking that opens at `start`."""
    found = []
    for rule in rules_of_offering(offering, _around(start)):
        if obstacles := tuple(Obstacle(interval) for _, interval in rule.obstacles(start)):
            found.append(Refusal(rule.code, None, obstacles))
    return found


def refusals_of_schedules(
    offering: SlotInputs, start: int
) -> tuple[list[Refusal], frozenset[ScheduleId]]:
    """Every rule of each schedule with which more requirements could be met than now; and which
    those are, also those that have no calendar here.

    A session that has a seat is not in the way of who joins it. Where that alone would let
    everything be met, and yet no session can be joined, sessions are in the way like bookings.
    """
    strictly, mildly = {}, {}
    for calendar in offering.eligible:
        id_ = calendar.schedule_id
        strictly[id_] = mildly[id_] = list(_refusals_of(calendar, offering, start, None))
        session = _session_with_a_seat(offering, start, id_)
        if session is not None:
            joining = _refusals_of(calendar, offering, start, session)
            mildly[id_] = [r for r in joining if r.code is not Code.LIMIT_REACHED]
    helping = _helping(offering, mildly)
    if helping:
        named = mildly
    else:
        helping = _helping(offering, strictly)
        named = {id_: mildly[id_] or refusals for id_, refusals in strictly.items()}
    refusals = [refusal for id_ in named if id_ in helping for refusal in named[id_]]
    return refusals, helping


def _helping(
    offering: SlotInputs, refusals: dict[ScheduleId, list[Refusal]]
) -> frozenset[ScheduleId]:
    """What is wanted has to be taken: nobody helps in its place."""
    serving = {id_ for id_, found in refusals.items() if not found}
    wanted = offering.wanted
    if wanted is None or wanted in serving:
        return helpful(offering.requirements, serving)
    return helpful(offering.requirements, serving | {wanted}) | {wanted}


def _session_with_a_seat(
    offering: SlotInputs, start: int, schedule_id: ScheduleId
) -> Session | None:
    for session in offering.sessions_at(start):
        if schedule_id in session.schedule_ids and session.seats_taken < offering.capacity:
            return session
    return None


def _refusals_of(
    calendar: Calendar, offering: SlotInputs, start: int, session: Session | None
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
    return Interval(start - WEEK_SECONDS, start + WEEK_SECONDS)


def _obstacle(calendar: Calendar, rule: Rule, position: int, interval: Interval) -> Obstacle:
    things = {Code.BUSY: calendar.busy, Code.SLOT_TAKEN: calendar.occupied}.get(rule.code, ())
    return Obstacle(interval, position if position < len(things) else None)
