"""Explains why a time is refused, in sentences that a receptionist understands: in the language of
the page, in English for the API."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.interval import ALWAYS_AFTER, ALWAYS_BEFORE, Interval
from kalends.availability.rules import Code
from kalends.availability.slots import Obstacle, Refusal, SlotDecision
from kalends.availability.wallclock import wall_clock, zone_named
from kalends.domain.schedule import Schedule
from kalends.formats.locales import locale_for
from kalends.formats.times import short_moment_text
from kalends.runtime.unit_of_work import Caller
from kalends.scheduling.availability import LoadedAvailability, as_instant
from kalends.store.availability.calendars import StoredCalendar
from kalends.translation import SOURCE_LANGUAGE, current_language, gettext, ngettext


class Blocker(Struct, frozen=True):
    """What a refused time runs into. A booking, a busy time or an event of a calendar has its id
    here if ids were read; a start or end of None is open-ended."""

    start_time: datetime | None
    end_time: datetime | None
    booking_id: UUID | None = None
    busy_time_id: UUID | None = None
    calendar_id: UUID | None = None
    calendar_name: str | None = None


class Reason(Struct, frozen=True):
    """One rule that refuses a time."""

    code: str
    message: str
    schedule_id: UUID | None
    in_the_way: Sequence[Blocker]


def reasons_for(caller: Caller, decision: SlotDecision, loaded: LoadedAvailability) -> list[Reason]:
    """Every reason; for a schedule that the caller does not see, only the code."""
    return [
        reason
        if reason.schedule_id is None or caller.sees((reason.schedule_id,))
        else Reason(reason.code, gettext("This time is not free."), None, ())
        for reason in reasons_of(decision, loaded)
    ]


def reasons_of(decision: SlotDecision, loaded: LoadedAvailability) -> list[Reason]:
    """Every rule that refuses, in the order of docs/slots.md; empty if the time is offered.

    Inactive schedules that would help come last; where the active ones are too few to meet the
    requirements, they come first and replace NOT_A_SLOT.
    """
    if decision.slot is not None:
        return []
    refused = [_reason(refusal, loaded) for refusal in decision.refusals]
    inactive = [_of_inactive(s) for s in loaded.inactive if s.id in decision.helpful]
    if loaded.is_enough:
        return [*refused, *inactive]
    too_few = Code.NOT_A_SLOT.value
    return inactive + [r for r in refused if r.code != too_few] if inactive else refused


def _of_inactive(schedule: Schedule) -> Reason:
    message = gettext("{name} is not active and takes no bookings.", name=schedule.name)
    return Reason("INACTIVE", message, schedule.id, [])


def _reason(refusal: Refusal, loaded: LoadedAvailability) -> Reason:
    sentence = _SENTENCES[refusal.code](refusal, loaded)
    in_the_way = [_in_the_way(obstacle, refusal, loaded) for obstacle in refusal.in_the_way]
    return Reason(refusal.code.value, sentence, refusal.schedule_id, in_the_way)


def _in_the_way(obstacle: Obstacle, refusal: Refusal, loaded: LoadedAvailability) -> Blocker:
    start, end = obstacle.interval
    first = None if start <= ALWAYS_BEFORE else as_instant(start)
    last = None if end >= ALWAYS_AFTER else as_instant(end)
    calendar = _calendar_of(refusal, loaded)
    if calendar is None or obstacle.position is None:
        return Blocker(first, last)
    if refusal.code is Code.BUSY:
        return Blocker(
            first,
            last,
            busy_time_id=calendar.busy_id_at(obstacle.position),
            calendar_id=calendar.calendar_id_at(obstacle.position),
        )
    return Blocker(first, last, booking_id=loaded.booking_at(calendar, obstacle.position))


def _calendar_of(refusal: Refusal, loaded: LoadedAvailability) -> StoredCalendar | None:
    """The calendar of the schedule that refuses; None for a rule of the event type."""
    return loaded.stored.get(refusal.schedule_id) if refusal.schedule_id else None


def _name(refusal: Refusal, loaded: LoadedAvailability) -> str:
    calendar = _calendar_of(refusal, loaded)
    return calendar.schedule.name if calendar else gettext("This event type")


def _zone_name(refusal: Refusal, loaded: LoadedAvailability) -> str:
    calendar = _calendar_of(refusal, loaded)
    return calendar.schedule.timezone if calendar else loaded.inputs.zone.name


def _clock(seconds: int, zone_name: str) -> str:
    """`Tue 01 Dec 2026 10:00` in English, which is also for programs; else in the locale's form."""
    zone, language = zone_named(zone_name), current_language()
    if language == SOURCE_LANGUAGE:
        return f"{wall_clock(seconds, zone):%a %d %b %Y %H:%M}"
    return short_moment_text(datetime.fromtimestamp(seconds, UTC), zone, locale_for(None, language))


def _span(interval: Interval, zone_name: str) -> str:
    return gettext(
        "{start} to {end} ({zone})",
        start=_clock(interval.start, zone_name),
        end=_clock(interval.end, zone_name),
        zone=zone_name,
    )


def _met(refusal: Refusal, loaded: LoadedAvailability) -> str:
    zone_name = _zone_name(refusal, loaded)
    return ", ".join(_span(obstacle.interval, zone_name) for obstacle in refusal.in_the_way)


def _too_soon(refusal: Refusal, loaded: LoadedAvailability) -> str:
    zone_name = _zone_name(refusal, loaded)
    first = _clock(refusal.in_the_way[0].interval.end, zone_name)
    return gettext(
        "{name} can be booked from {time} ({zone}) on, not before.",
        name=_name(refusal, loaded),
        time=first,
        zone=zone_name,
    )


def _too_far(refusal: Refusal, loaded: LoadedAvailability) -> str:
    return ngettext(
        "{name} can be booked at most {number} day ahead.",
        "{name} can be booked at most {number} days ahead.",
        loaded.inputs.terms.max_days_ahead or 0,
        name=_name(refusal, loaded),
    )


def _closed(refusal: Refusal, loaded: LoadedAvailability) -> str:
    return gettext("{name} is not open for all of this time.", name=_name(refusal, loaded))


def _off_grid(refusal: Refusal, loaded: LoadedAvailability) -> str:
    terms = loaded.inputs.terms
    if not loaded.is_enough:
        return gettext(
            "There are not enough schedules to meet the requirements of this event type."
        )
    takes = ngettext(
        "A booking takes {number} minute here.",
        "A booking takes {number} minutes here.",
        terms.duration // 60,
    )
    if terms.step is None:
        return takes
    every = ngettext(
        "Bookings start every {number} minute.",
        "Bookings start every {number} minutes.",
        terms.step // 60,
    )
    return f"{takes} {every}"


def _busy(refusal: Refusal, loaded: LoadedAvailability) -> str:
    return gettext(
        "{name} is busy: {times}.", name=_name(refusal, loaded), times=_met(refusal, loaded)
    )


def _unknown(refusal: Refusal, loaded: LoadedAvailability) -> str:
    name, known_from = _name(refusal, loaded), refusal.in_the_way[0].interval.start
    if known_from <= ALWAYS_BEFORE:
        return gettext("The calendars of {name} have not been read.", name=name)
    zone_name = _zone_name(refusal, loaded)
    return gettext(
        "The calendars of {name} are known until {time} ({zone}).",
        name=name,
        time=_clock(known_from, zone_name),
        zone=zone_name,
    )


def _full(refusal: Refusal, loaded: LoadedAvailability) -> str:
    return gettext(
        "{name} has all the bookings that it takes on this day.", name=_name(refusal, loaded)
    )


def _taken(refusal: Refusal, loaded: LoadedAvailability) -> str:
    return gettext(
        "{name} is already booked: {times}.",
        name=_name(refusal, loaded),
        times=_met(refusal, loaded),
    )


_SENTENCES: Final[dict[Any, Callable[[Refusal, LoadedAvailability], str]]] = {
    Code.TOO_SHORT_NOTICE: _too_soon,
    Code.TOO_FAR_AHEAD: _too_far,
    Code.OUTSIDE_AVAILABILITY: _closed,
    Code.NOT_A_SLOT: _off_grid,
    Code.BUSY: _busy,
    Code.CALENDAR_UNKNOWN: _unknown,
    Code.LIMIT_REACHED: _full,
    Code.SLOT_TAKEN: _taken,
}
