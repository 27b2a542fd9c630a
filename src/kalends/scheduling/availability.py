"""From rows to what the engine is given: the one place where the two meet.

Slots are listed, explained, held and booked by asking the same `SlotInputs`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from msgspec import Struct

from kalends.availability import hours
from kalends.availability.interval import Interval
from kalends.availability.matching import SlotRequirement as Needed
from kalends.availability.matching import choose
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs, SlotTerms
from kalends.availability.wallclock import Zone, zone_named
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.ids import SCHEDULE, encode_id, first_id_at
from kalends.domain.schedule import Schedule
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling.clocks import hours_of
from kalends.scheduling.zones import zone_of_schedule
from kalends.store.availability.calendars import (
    Contents,
    With,
    count_claims_by_month,
    list_sessions,
    read_contents,
)

MINUTE_SECONDS: Final = 60
HOUR_SECONDS: Final = 3600
# Whole local days around the range: for limits, and for who has how much of a day.
DAYS_AROUND: Final = timedelta(hours=50)


class AvailabilityQuery(Struct, frozen=True, kw_only=True):
    """What is loaded of the calendars.

    `required_id` has to be among the schedules taken, `preferred_ids` are taken before others,
    `excluded_booking_id` is the booking that moves, `own_holds` are those of the caller. `override`
    asks whether the time is free, and no rule.
    `shared_claim` is one that an imported seat shares with the others of its session.
    """

    requirements: Sequence[Requirement]
    duration: timedelta
    event_type: EventType | None = None
    step_minutes: int | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    required_id: UUID | None = None
    preferred_ids: Sequence[UUID] = ()
    excluded_booking_id: UUID | None = None
    own_holds: Sequence[UUID] = ()
    override: bool = False
    shared_claim: UUID | None = None

    @property
    def excluded_ids(self) -> Sequence[UUID]:
        """The bookings and holds that are in nobody's way."""
        return [*self.own_holds, *([self.excluded_booking_id] if self.excluded_booking_id else [])]

    @property
    def schedule_ids(self) -> list[UUID]:
        if len(self.requirements) == 1 and len(self.requirements[0].schedule_ids) == 1:
            return list(self.requirements[0].schedule_ids)
        return sorted({id_ for needed in self.requirements for id_ in needed.schedule_ids})

    @property
    def has_seats(self) -> bool:
        return self.event_type is not None and self.event_type.capacity > 1

    @property
    def needs_beside(self) -> With:
        """What has to be read to tell whose a time is: the claims, where one is shared."""
        return With.NOTHING if self.shared_claim is None else With.CLAIMS

    @property
    def is_counted(self) -> bool:
        """Whether bookings of the event type are counted: for its limit, or as seats."""
        has_limit = self.event_type is not None and self.event_type.max_per_day is not None
        return has_limit or self.has_seats


class LoadedAvailability(Struct, frozen=True):
    """The query as the engine takes it, with what was read for it. `inactive` schedules are
    not in the inputs, which are a value: equal ones have the same slots."""

    query: AvailabilityQuery
    inputs: SlotInputs
    contents: Mapping[UUID, Contents]
    inactive: Sequence[Schedule]

    @property
    def is_enough(self) -> bool:
        """Whether there are schedules enough for the requirements, were everybody free."""
        present = [calendar.schedule_id for calendar in self.inputs.calendars]
        required = self.inputs.required_id
        is_present = required is None or required in present
        return is_present and choose(self.inputs.requirements, present) is not None

    @property
    def limited(self) -> list[UUID]:
        """The schedules that have a daily limit."""
        return [c.schedule_id for c in self.inputs.calendars if c.max_per_day is not None]

    def check_schedules(self) -> None:
        """Raises NotFound without any of the schedules, or without the one that is named."""
        named = self.query.required_id or next(iter(self.contents), self.query.schedule_ids[0])
        require(self.contents.get(named), "schedule", encode_id(SCHEDULE, named))

    def booking_at(self, found: Contents, position: int) -> UUID | None:
        """The booking behind `Calendar.occupied[position]`; None for a hold, and where no ids
        were read."""
        outside_sessions = _outside_sessions(found, self.query, self.inputs.sessions)
        row = next(islice(outside_sessions, position, None), None)
        return None if row is None or not found.bookings else found.bookings[row]


def query_of(event_type: EventType, requirements: Sequence[Requirement]) -> AvailabilityQuery:
    """The query that an event type asks by its own rules."""
    return AvailabilityQuery(
        requirements=requirements,
        duration=timedelta(minutes=event_type.duration_minutes),
        event_type=event_type,
        step_minutes=event_type.slot_step_minutes or event_type.duration_minutes,
        buffer_before=event_type.buffer_before_minutes,
        buffer_after=event_type.buffer_after_minutes,
    )


def claim_of(
    event_type_id: UUID, starts_at: int, schedule_ids: Sequence[UUID] | None = None
) -> UUID:
    """The claim that all seats of a group session share, so that they may lie side by side: of the
    first session of a start, and, made of its schedules too, of a further one."""
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
    """Reads what the query needs for starts within `span`: in one statement, in another one where
    the event type has seats or a limit, and in another one where there is a choice; with the ids of
    bookings and busy times where they are to be named."""
    around = _around(query, span)
    contents = {
        found.schedule.id: found
        for found in await read_contents(
            work.tenant,
            query.schedule_ids,
            around,
            work.now,
            query.excluded_ids,
            beside=With.IDS if with_ids else query.needs_beside,
            to_book=to_book,
        )
    }
    active = [found for found in contents.values() if found.schedule.is_active]
    inactive = [c.schedule for c in contents.values() if not c.schedule.is_active]
    zone = _zone(query, contents)
    seats = await _seats(work, query, around)
    sessions = _sessions(seats, active) if query.has_seats else ()
    inputs = SlotInputs(
        terms=_terms(query),
        calendars=tuple(_calendar(found, query, sessions) for found in active),
        requirements=await _requirements(work, query, active, span, zone),
        zone=zone,
        now=int(work.now.timestamp()),
        booked=tuple(start for start, _ in seats),
        capacity=query.event_type.capacity if query.event_type else 1,
        sessions=sessions,
        required_id=query.required_id,
        preferred_ids=tuple(query.preferred_ids),
    )
    return LoadedAvailability(query, inputs, contents, inactive)


async def _seats(
    work: UnitOfWork, query: AvailabilityQuery, around: tuple[datetime, datetime]
) -> dict[tuple[int, tuple[UUID, ...]], int]:
    """The sessions of the event type, where they are counted; of one that is no group a session
    is a booking."""
    if query.event_type is None or not query.is_counted:
        return {}
    return await list_sessions(
        work.tenant,
        query.event_type.id,
        around,
        work.now,
        query.excluded_ids,
    )


async def _requirements(
    work: UnitOfWork,
    query: AvailabilityQuery,
    active: Sequence[Contents],
    span: tuple[datetime, datetime],
    zone: Zone,
) -> tuple[Needed, ...]:
    """The requirements, with what each schedule had in the months of the span. It is read only
    where there are more schedules than are needed."""
    claims: list[list[tuple[UUID, int, int]]] = [[] for _ in query.requirements]
    choices = [n for n, r in enumerate(query.requirements) if len(r.schedule_ids) > r.count]
    has_choice = len(active) > sum(needed.count for needed in query.requirements)
    if query.event_type is not None and has_choice and choices:
        months = zone.whole_months(Interval(*(int(at.timestamp()) for at in span)))
        for place, schedule_id, month, count in await count_claims_by_month(
            work.tenant,
            [found.schedule.id for found in active],
            query.event_type.id,
            [(as_instant(begin), as_instant(end)) for _, begin, end in months],
            [_first_counted(query.requirements[n]) for n in choices],
            work.now,
            query.excluded_ids,
        ):
            claims[choices[place]].append((schedule_id, months[month][0], count))
    return tuple(
        Needed(r.count, tuple(r.schedule_ids), tuple(r.weights.items()), tuple(sorted(made)))
        for r, made in zip(query.requirements, claims, strict=True)
    )


def _first_counted(needed: Requirement) -> UUID | None:
    return None if needed.fair_since is None else first_id_at(needed.fair_since)


def _zone(query: AvailabilityQuery, contents: Mapping[UUID, Contents]) -> Zone:
    """Where the event type's days are counted: the zone of its first schedule."""
    first = contents.get(next(iter(query.requirements[0].schedule_ids)))
    return zone_of_schedule(first.schedule) if first else zone_named("UTC")


def _around(query: AvailabilityQuery, span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    before = timedelta(minutes=query.buffer_before) + DAYS_AROUND
    after = query.duration + timedelta(minutes=query.buffer_after) + DAYS_AROUND
    return span[0] - before, span[1] + after


def _terms(query: AvailabilityQuery) -> SlotTerms:
    duration = int(query.duration.total_seconds())
    buffers = query.buffer_before * MINUTE_SECONDS, query.buffer_after * MINUTE_SECONDS
    event_type = query.event_type
    if query.override or event_type is None:
        step = query.step_minutes if not query.override else None
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


def _calendar(found: Contents, query: AvailabilityQuery, sessions: Sequence[Session]) -> Calendar:
    schedule = found.schedule
    occupied: Sequence[tuple[int, int]] = found.taken
    if sessions or query.shared_claim is not None:
        rows = _outside_sessions(found, query, sessions)
        occupied = tuple(found.taken[row] for row in rows)
    zone = zone_of_schedule(schedule)
    if query.override:
        return Calendar(schedule.id, zone, hours.ALWAYS_OPEN, occupied=occupied)
    notice = schedule.booking_limits.min_notice_hours
    return Calendar(
        schedule.id,
        zone,
        hours_of(schedule),
        busy=found.busy,
        occupied=occupied,
        booked=_claims_of(found) if _is_counted(schedule, query) else (),
        notice=None if notice is None else int(notice * HOUR_SECONDS),
        max_per_day=schedule.booking_limits.max_per_day,
    )


def _claims_of(found: Contents) -> tuple[int, ...]:
    """The starts of its claims. What starts at one moment on one schedule overlaps, so it is one
    claim, whose seats they are."""
    return tuple(dict.fromkeys(found.starts))


def _is_counted(schedule: Schedule, query: AvailabilityQuery) -> bool:
    """Whether its claims are counted: for its limit, or for the order of several."""
    return schedule.booking_limits.max_per_day is not None or len(query.schedule_ids) > 1


def _outside_sessions(
    found: Contents, query: AvailabilityQuery, sessions: Sequence[Session]
) -> Iterator[int]:
    """The rows of what is taken on the schedule that are no seats of the sessions, nor of the
    claim that the query shares."""
    own = {s.start for s in sessions if found.schedule.id in s.schedule_ids}
    claims = found.claims if query.shared_claim is not None else ()
    for row, start in enumerate(found.starts):
        if start not in own and not (claims and claims[row] == query.shared_claim):
            yield row


def _sessions(
    seats: Mapping[tuple[int, tuple[UUID, ...]], int], active: Sequence[Contents]
) -> tuple[Session, ...]:
    """The group sessions that lie on these schedules alone; others take time as bookings do."""
    spans: dict[UUID, dict[int, Interval]] = {}
    for found in active:
        of_start = spans.setdefault(found.schedule.id, {})
        for start, (begins, ends) in zip(found.starts, found.taken, strict=True):
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
