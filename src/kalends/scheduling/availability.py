"""Loads availability from the database into `SlotInputs`, the value that the engine takes.

Listing, explaining, holding and booking all build their inputs here, so they agree.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from msgspec import Struct

from kalends.availability import hours
from kalends.availability.interval import HOUR_SECONDS, MINUTE_SECONDS, Interval
from kalends.availability.matching import SlotRequirement as Needed
from kalends.availability.matching import choose
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs, SlotTerms
from kalends.availability.wallclock import Zone, zone_named
from kalends.domain.event_type import Requirement
from kalends.domain.ids import SCHEDULE, first_id_at
from kalends.domain.schedule import Schedule
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.scheduling.schedule_hours import hours_of
from kalends.scheduling.zones import zone_of_schedule
from kalends.store.availability.calendars import (
    CalendarDetail,
    StoredCalendar,
    load_calendars,
)
from kalends.store.availability.kept_calendars import look_at_calendars
from kalends.store.availability.sessions import count_claims_by_month, list_sessions

# Daily limits, and the fair order within a day, need the whole local days that the range touches.
DAYS_AROUND: Final = timedelta(hours=50)


class LoadedAvailability(Struct, frozen=True):
    """A query with what was read for it: `inputs` for the engine, and the rows they came from by
    schedule. Schedules in `inactive` are not in the inputs. Equal inputs have equal slots."""

    query: AvailabilityQuery
    inputs: SlotInputs
    stored: Mapping[UUID, StoredCalendar]
    inactive: Sequence[Schedule]

    @property
    def is_enough(self) -> bool:
        """Whether the active schedules could meet the requirements if all of them were free."""
        present = [calendar.schedule_id for calendar in self.inputs.calendars]
        required = self.inputs.required_id
        is_present = required is None or required in present
        return is_present and choose(self.inputs.requirements, present) is not None

    @property
    def limited(self) -> list[UUID]:
        """The schedules that have a daily limit."""
        return [c.schedule_id for c in self.inputs.calendars if c.max_per_day is not None]

    def check_schedules(self) -> None:
        """Raises NotFound if none of the schedules exists, or not the one that is required."""
        named = self.query.required_id or next(iter(self.stored), self.query.schedule_ids[0])
        require(self.stored.get(named), SCHEDULE, named)

    def booking_at(self, calendar: StoredCalendar, position: int) -> UUID | None:
        """The booking that takes `Calendar.occupied[position]`; None for a hold, and if no ids
        were read."""
        outside_sessions = _outside_sessions(calendar, self.query, self.inputs.sessions)
        row = next(islice(outside_sessions, position, None), None)
        return None if row is None or not calendar.bookings else calendar.bookings[row]


def session_claim_id(
    event_type_id: UUID, starts_at: int, schedule_ids: Sequence[UUID] | None = None
) -> UUID:
    """The id of the claim that all seats of a group session share, so that they do not exclude one
    another. With `schedule_ids` it is that of a further session at the same start."""
    ids = sorted(schedule_ids or ())
    return uuid5(event_type_id, " ".join(map(str, (starts_at, *ids))))


async def load_availability(
    work: UnitOfWork,
    query: AvailabilityQuery,
    span: tuple[datetime, datetime],
    *,
    with_ids: bool = False,
    to_book: bool = False,
) -> LoadedAvailability:
    """Reads what the query needs for starts within `span`.

    One statement reads the calendars; a second one counts where the event type has seats or a
    daily limit, and a third one where there are more schedules than needed, for the fair order.
    `with_ids` also reads the ids of bookings and busy times, to name them in an explanation;
    `to_book` locks the schedules against deletion.
    """
    calendars = await _load_calendars(work, query, span, with_ids=with_ids, to_book=to_book)
    return await availability_of(work, query, span, calendars)


async def _load_calendars(
    work: UnitOfWork,
    query: AvailabilityQuery,
    span: tuple[datetime, datetime],
    *,
    with_ids: bool,
    to_book: bool,
) -> list[StoredCalendar]:
    """Reads the calendars; from the cache if the query needs neither ids nor locks."""
    if query.has_times_alone and not (with_ids or to_book):
        return await look_at_calendars_of(work, query, span)
    return await load_calendars(
        work.tenant,
        query.schedule_ids,
        _around(query, span),
        work.now,
        query.excluded_ids,
        detail=CalendarDetail.IDS if with_ids else query.detail,
        to_book=to_book,
    )


async def look_at_calendars_of(
    work: UnitOfWork, query: AvailabilityQuery, span: tuple[datetime, datetime]
) -> list[StoredCalendar]:
    """The calendars of a query that excludes nothing, for reading only; cached while unchanged."""
    return await look_at_calendars(work.tenant, query.schedule_ids, _around(query, span), work.now)


async def availability_of(
    work: UnitOfWork,
    query: AvailabilityQuery,
    span: tuple[datetime, datetime],
    calendars: Sequence[StoredCalendar],
) -> LoadedAvailability:
    """`load_availability` on calendars that were read already; reads only what else is needed."""
    stored = {calendar.schedule.id: calendar for calendar in calendars}
    active = [c for c in calendars if c.schedule.is_active]
    inactive = [c.schedule for c in calendars if not c.schedule.is_active]
    zone = _zone(query, stored)
    seats = await _seats(work, query, span)
    sessions = _sessions(seats, active) if query.has_seats else ()
    inputs = SlotInputs(
        terms=_terms(query),
        calendars=tuple(_calendar(calendar, query, sessions) for calendar in active),
        requirements=await _requirements(work, query, active, span, zone),
        zone=zone,
        now=int(work.now.timestamp()),
        booked=tuple(start for start, _ in seats),
        capacity=query.event_type.capacity if query.event_type else 1,
        sessions=sessions,
        required_id=query.required_id,
        preferred_ids=tuple(query.preferred_ids),
    )
    return LoadedAvailability(query, inputs, stored, inactive)


async def _seats(
    work: UnitOfWork, query: AvailabilityQuery, span: tuple[datetime, datetime]
) -> dict[tuple[int, tuple[UUID, ...]], int]:
    """The seats taken in each session of the event type, by start and schedules, where they are
    counted. Without group sessions each booking is a session of its own."""
    if query.event_type is None or not query.is_counted:
        return {}
    return await list_sessions(
        work.tenant, query.event_type.id, _around(query, span), work.now, query.excluded_ids
    )


async def _requirements(
    work: UnitOfWork,
    query: AvailabilityQuery,
    active: Sequence[StoredCalendar],
    span: tuple[datetime, datetime],
    zone: Zone,
) -> tuple[Needed, ...]:
    """The requirements with the claims of each schedule in the months of the span, by which the
    engine shares fairly. They are read only where there are more schedules than needed."""
    claims: list[list[tuple[UUID, int, int]]] = [[] for _ in query.requirements]
    choices = [n for n, r in enumerate(query.requirements) if len(r.schedule_ids) > r.count]
    has_choice = len(active) > sum(needed.count for needed in query.requirements)
    if query.event_type is not None and has_choice and choices:
        months = zone.whole_months(Interval(*(int(at.timestamp()) for at in span)))
        for place, schedule_id, month, count in await count_claims_by_month(
            work.tenant,
            [calendar.schedule.id for calendar in active],
            query.event_type.id,
            [(as_instant(begin), as_instant(end)) for _, begin, end in months],
            [_first_counted(query.requirements[n]) for n in choices],
            work.now,
            query.excluded_ids,
        ):
            claims[choices[place]].append((schedule_id, months[month][0], count))
    return tuple(
        Needed(r.count, tuple(r.schedule_ids), tuple(r.weights.items()), tuple(sorted(claimed)))
        for r, claimed in zip(query.requirements, claims, strict=True)
    )


def _first_counted(needed: Requirement) -> UUID | None:
    """The lowest booking id that counts for fairness: ids ascend with time. None counts all."""
    return None if needed.fair_since is None else first_id_at(needed.fair_since)


def _zone(query: AvailabilityQuery, stored: Mapping[UUID, StoredCalendar]) -> Zone:
    """The zone in which the event type's days are counted: that of its first schedule."""
    first = stored.get(next(iter(query.requirements[0].schedule_ids)))
    return zone_of_schedule(first.schedule) if first else zone_named("UTC")


def _around(query: AvailabilityQuery, span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    before = timedelta(minutes=query.buffer_before) + DAYS_AROUND
    after = query.duration + timedelta(minutes=query.buffer_after) + DAYS_AROUND
    return span[0] - before, span[1] + after


def _terms(query: AvailabilityQuery) -> SlotTerms:
    """The terms for the engine. Past the rules, or for a time that is booked already, they have
    neither grid nor notice, horizon or limit."""
    duration = int(query.duration.total_seconds())
    buffers = query.buffer_before * MINUTE_SECONDS, query.buffer_after * MINUTE_SECONDS
    event_type = query.event_type
    if query.override or query.keeps_time or event_type is None:
        step = None if query.override or query.keeps_time else query.step_minutes
        return SlotTerms(duration, step * MINUTE_SECONDS if step else None, *buffers)
    notice = event_type.min_notice_minutes
    return SlotTerms(
        duration,
        query.step_minutes * MINUTE_SECONDS if query.step_minutes else None,
        *buffers,
        notice=None if notice is None else notice * MINUTE_SECONDS,
        max_days_ahead=event_type.max_days_ahead,
        max_per_day=event_type.max_per_day,
    )


def _calendar(
    stored: StoredCalendar, query: AvailabilityQuery, sessions: Sequence[Session]
) -> Calendar:
    """The schedule's calendar for the engine. Past the rules it is always open, and only other
    claims are in the way."""
    schedule = stored.schedule
    occupied: Sequence[tuple[int, int]] = stored.taken
    if sessions or query.shared_claim is not None:
        rows = _outside_sessions(stored, query, sessions)
        occupied = tuple(stored.taken[row] for row in rows)
    zone = zone_of_schedule(schedule)
    if query.override:
        return Calendar(schedule.id, zone, hours.ALWAYS_OPEN, occupied=occupied)
    notice = None if query.keeps_time else schedule.booking_limits.min_notice_hours
    return Calendar(
        schedule.id,
        zone,
        hours_of(schedule),
        busy=stored.busy,
        known_until=stored.known_until if query.needs_known_calendars else None,
        occupied=occupied,
        booked=_claims_of(stored) if _is_counted(schedule, query) else (),
        notice=None if notice is None else int(notice * HOUR_SECONDS),
        max_per_day=schedule.booking_limits.max_per_day,
    )


def _claims_of(stored: StoredCalendar) -> tuple[int, ...]:
    """The starts of the schedule's claims, each once. Rows with the same start overlap, so they can
    only be seats that share one claim."""
    return tuple(dict.fromkeys(stored.starts))


def _is_counted(schedule: Schedule, query: AvailabilityQuery) -> bool:
    """Whether the schedule's claims are counted: for its daily limit, or for the fair order."""
    return schedule.booking_limits.max_per_day is not None or len(query.schedule_ids) > 1


def _outside_sessions(
    stored: StoredCalendar, query: AvailabilityQuery, sessions: Sequence[Session]
) -> Iterator[int]:
    """The positions in `stored.taken` that belong neither to one of the sessions nor to the claim
    that the query shares."""
    own = {s.start for s in sessions if stored.schedule.id in s.schedule_ids}
    claims = stored.claims if query.shared_claim is not None else ()
    for row, start in enumerate(stored.starts):
        if start not in own and not (claims and claims[row] == query.shared_claim):
            yield row


def _sessions(
    seats: Mapping[tuple[int, tuple[UUID, ...]], int], active: Sequence[StoredCalendar]
) -> tuple[Session, ...]:
    """The group sessions all of whose schedules are active; the others take time like bookings."""
    spans: dict[UUID, dict[int, Interval]] = {}
    for stored in active:
        of_start = spans.setdefault(stored.schedule.id, {})
        for start, (begins, ends) in zip(stored.starts, stored.taken, strict=True):
            other = of_start.get(start, Interval(begins, ends))
            of_start[start] = Interval(min(begins, other.start), max(ends, other.end))
    sessions = []
    for (start, ids), count in seats.items():
        taken = [spans[id_][start] for id_ in ids if id_ in spans and start in spans[id_]]
        if len(taken) == len(ids):
            span = Interval(min(t.start for t in taken), max(t.end for t in taken))
            sessions.append(Session(start, span, ids, count))
    return tuple(sessions)


def as_instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
