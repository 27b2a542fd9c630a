"""Why a time is refused, in sentences that a receptionist understands."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.interval import ALWAYS_AFTER, ALWAYS_BEFORE, Interval
from kalends.availability.rules import Code
from kalends.availability.slots import Decision, Obstacle, Refusal
from kalends.availability.wallclock import wall_clock, zone_named
from kalends.domain.schedule import Schedule
from kalends.scheduling.availability import Asked, as_instant


class InTheWay(Struct, frozen=True):
    """What a time runs into; ids where it is a booking or a busy time, and those were read."""

    start_time: datetime | None
    end_time: datetime | None
    booking_id: UUID | None = None
    busy_time_id: UUID | None = None


class Reason(Struct, frozen=True):
    """One rule that refuses a time."""

    code: str
    message: str
    schedule_id: UUID | None
    in_the_way: Sequence[InTheWay]


def reasons_of(decision: Decision, asked: Asked) -> list[Reason]:
    """Every rule that refuses, in the order of the contract; none if the time is offered.

    Inactive schedules that would help come last, or first where there are too few without them.
    """
    if decision.slot is not None:
        return []
    refused = [_reason(refusal, asked) for refusal in decision.refusals]
    inactive = [_of_inactive(s) for s in asked.inactive if s.id in decision.helping]
    if asked.is_enough:
        return [*refused, *inactive]
    too_few = Code.NOT_A_SLOT.value
    return inactive + [r for r in refused if r.code != too_few] if inactive else refused


def _of_inactive(schedule: Schedule) -> Reason:
    message = f"{schedule.name} is not active and takes no bookings."
    return Reason("INACTIVE", message, schedule.id, [])


def _reason(refusal: Refusal, asked: Asked) -> Reason:
    sentence = _SENTENCES[refusal.code](refusal, asked)
    found = [_in_the_way(obstacle, refusal, asked) for obstacle in refusal.in_the_way]
    return Reason(refusal.code.value, sentence, refusal.schedule_id, found)


def _in_the_way(obstacle: Obstacle, refusal: Refusal, asked: Asked) -> InTheWay:
    start, end = obstacle.interval
    first = None if start <= ALWAYS_BEFORE else as_instant(start)
    last = None if end >= ALWAYS_AFTER else as_instant(end)
    found = asked.contents.get(refusal.schedule_id) if refusal.schedule_id else None
    if found is None or obstacle.position is None:
        return InTheWay(first, last)
    if refusal.code is Code.BUSY:
        return InTheWay(first, last, busy_time_id=found.busy_id_at(obstacle.position))
    return InTheWay(first, last, booking_id=asked.booking_at(found, obstacle.position))


def _name(refusal: Refusal, asked: Asked) -> str:
    found = asked.contents.get(refusal.schedule_id) if refusal.schedule_id else None
    return found.schedule.name if found else "This event type"


def _zone_name(refusal: Refusal, asked: Asked) -> str:
    found = asked.contents.get(refusal.schedule_id) if refusal.schedule_id else None
    return found.schedule.timezone if found else asked.offering.zone.name


def _clock(seconds: int, zone_name: str) -> str:
    return f"{wall_clock(seconds, zone_named(zone_name)):%a %d %b %Y %H:%M}"


def _span(interval: Interval, zone_name: str) -> str:
    return f"{_clock(interval.start, zone_name)} to {_clock(interval.end, zone_name)} ({zone_name})"


def _met(refusal: Refusal, asked: Asked) -> str:
    zone_name = _zone_name(refusal, asked)
    return ", ".join(_span(obstacle.interval, zone_name) for obstacle in refusal.in_the_way)


def _too_soon(refusal: Refusal, asked: Asked) -> str:
    zone_name = _zone_name(refusal, asked)
    first = _clock(refusal.in_the_way[0].interval.end, zone_name)
    return f"{_name(refusal, asked)} can be booked from {first} ({zone_name}) on, not before."


def _too_far(refusal: Refusal, asked: Asked) -> str:
    days = asked.offering.terms.max_days_ahead
    return f"{_name(refusal, asked)} can be booked at most {days} days ahead."


def _closed(refusal: Refusal, asked: Asked) -> str:
    return f"{_name(refusal, asked)} is not open for all of this time."


def _off_grid(refusal: Refusal, asked: Asked) -> str:
    terms = asked.offering.terms
    minutes = terms.duration // 60
    if not asked.is_enough:
        return "There are not enough schedules to meet the requirements of this event type."
    if terms.step is None:
        return f"A booking takes {minutes} minutes here."
    return f"Bookings take {minutes} minutes and start every {terms.step // 60} minutes."


def _busy(refusal: Refusal, asked: Asked) -> str:
    return f"{_name(refusal, asked)} is busy: {_met(refusal, asked)}."


def _full(refusal: Refusal, asked: Asked) -> str:
    return f"{_name(refusal, asked)} has all the bookings that it takes on this day."


def _taken(refusal: Refusal, asked: Asked) -> str:
    return f"{_name(refusal, asked)} is already booked: {_met(refusal, asked)}."


_SENTENCES: Final[dict[Any, Callable[[Refusal, Asked], str]]] = {
    Code.TOO_SHORT_NOTICE: _too_soon,
    Code.TOO_FAR_AHEAD: _too_far,
    Code.OUTSIDE_AVAILABILITY: _closed,
    Code.NOT_A_SLOT: _off_grid,
    Code.BUSY: _busy,
    Code.LIMIT_REACHED: _full,
    Code.SLOT_TAKEN: _taken,
}
