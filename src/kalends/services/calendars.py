"""From rows to a question for the engine: the one place where the two meet.

Slots are listed, explained, held and booked by asking the same `Offering`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from msgspec import Struct

from kalends.availability import hours
from kalends.availability.interval import Interval
from kalends.availability.matching import Requirement as Needed
from kalends.availability.matching import choose
from kalends.availability.offering import Calendar, Offering, Session, Terms
from kalends.availability.wallclock import zone_named
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.schedule import Schedule
from kalends.services.clocks import hours_of
from kalends.services.work import Work
from kalends.store.calendars import (
    Contents,
    With,
    lock_event_type,
    read_contents,
    starts_of_event_type,
)
from kalends.store.schedules import lock_schedules

MINUTE: Final = 60
HOUR: Final = 3600
# Whole local days around the range: for limits, and for the least booked of a day.
DAYS_AROUND: Final = timedelta(hours=50)


class Question(Struct, frozen=True, kw_only=True):
    """What is asked of the calendars.

    `wanted` has to be among the schedules taken, `preferred` are taken before others,
    `leaving_out` is the booking that moves, or the hold of the one who asks. `override` asks
    whether the time is free, and no rule.
    `shared_claim` is one that an imported seat shares with the others of its session.
    """

    requirements: Sequence[Requirement]
    duration: timedelta
    event_type: EventType | None = None
    step_minutes: int | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    wanted: UUID | None = None
    preferred: Sequence[UUID] = ()
    leaving_out: UUID | None = None
    override: bool = False
    shared_claim: UUID | None = None

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
        """What has to be read to tell whose a time is: the claims, where some are shared."""
        is_shared = self.has_seats or self.shared_claim is not None
        return With.CLAIMS if is_shared else With.NOTHING

    @property
    def is_counted(self) -> bool:
        """Whether bookings of the event type are counted: for its limit, or as seats."""
        has_limit = self.event_type is not None and self.event_type.max_per_day is not None
        return has_limit or self.has_seats


class Asked(Struct, frozen=True):
    """The question as the engine takes it, with what was read for it. `inactive` schedules are
    not in the offering, which is a value: equal ones have the same slots."""

    offering: Offering
    contents: Mapping[UUID, Contents]
    inactive: Sequence[Schedule]
    claims: Mapping[UUID, int]

    @property
    def is_enough(self) -> bool:
        """Whether there are schedules enough for the requirements, were everybody free."""
        there = [calendar.schedule_id for calendar in self.offering.calendars]
        wanted = self.offering.wanted
        is_there = wanted is None or wanted in there
        return is_there and choose(self.offering.requirements, there) is not None

    def booking_at(self, found: Contents, position: int) -> UUID | None:
        """The booking behind `Calendar.occupied[position]`; None for a hold, and where no ids
        were read."""
        taken = zip(found.bookings, found.claims, strict=False)
        outside_sessions = (booking_id for booking_id, claim in taken if claim not in self.claims)
        return next(islice(outside_sessions, position, None), None)


def question_of(event_type: EventType, requirements: Sequence[Requirement]) -> Question:
    """The question that an event type asks by its own rules."""
    return Question(
        requirements=requirements,
        duration=timedelta(minutes=event_type.duration_minutes),
        event_type=event_type,
        step_minutes=event_type.slot_step_minutes or event_type.duration_minutes,
        buffer_before=event_type.buffer_before_minutes,
        buffer_after=event_type.buffer_after_minutes,
    )


def claim_of(event_type_id: UUID, starts_at: int) -> UUID:
    """The claim that all seats of a group session share, so that they may lie side by side."""
    return uuid5(event_type_id, str(starts_at))


async def lock_what_counts(work: Work, question: Question, asked: Asked) -> bool:
    """Locks, in the one order, what is counted for the question: the event type where it has
    seats or a limit, then the schedules that have one. Whether there was anything: what was read
    before may then be out of date."""
    event_type = question.event_type if question.is_counted else None
    if event_type:
        await lock_event_type(work.organization_id, work.tx, event_type.id)
    calendars = asked.offering.calendars
    limited = [c.schedule_id for c in calendars if c.max_per_day is not None]
    if limited:
        await lock_schedules(work.organization_id, work.tx, limited)
    return bool(event_type or limited)


async def ask(
    work: Work,
    question: Question,
    span: tuple[datetime, datetime],
    *,
    with_ids: bool = False,
    to_book: bool = False,
) -> Asked:
    """Reads what the question needs for starts within `span`, in one query or two; with the ids
    of bookings and busy times where they are to be named."""
    around = _around(question, span)
    contents = {
        found.schedule.id: found
        for found in await read_contents(
            work.organization_id,
            work.tx,
            question.schedule_ids,
            around,
            work.now,
            question.leaving_out,
            beside=With.IDS if with_ids else question.needs_beside,
            to_book=to_book,
        )
    }
    booked: list[int] = []
    if question.event_type and question.event_type.max_per_day is not None:
        booked = await starts_of_event_type(
            work.organization_id,
            work.tx,
            question.event_type.id,
            around,
            work.now,
            question.leaving_out,
        )
    active = [found for found in contents.values() if found.schedule.is_active]
    sessions = _claims_of_sessions(question, active)
    claims = sessions if question.shared_claim is None else {**sessions, question.shared_claim: 0}
    inactive = [c.schedule for c in contents.values() if not c.schedule.is_active]
    offering = Offering(
        terms=_terms(question),
        calendars=tuple(_calendar(found, question, claims) for found in active),
        requirements=tuple(Needed(r.count, tuple(r.schedule_ids)) for r in question.requirements),
        zone=zone_named(_zone_name(question, contents)),
        now=int(work.now.timestamp()),
        booked=tuple(booked),
        capacity=question.event_type.capacity if question.event_type else 1,
        sessions=tuple(_sessions(sessions, active)),
        wanted=question.wanted,
        preferred=tuple(question.preferred),
    )
    return Asked(offering, contents, inactive, claims)


def _zone_name(question: Question, contents: Mapping[UUID, Contents]) -> str:
    """Where the event type's days are counted: the zone of its first schedule (SEMANTICS 13)."""
    first = contents.get(next(iter(question.requirements[0].schedule_ids)))
    return first.schedule.timezone if first else "UTC"


def _around(question: Question, span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    before = timedelta(minutes=question.buffer_before) + DAYS_AROUND
    after = question.duration + timedelta(minutes=question.buffer_after) + DAYS_AROUND
    return span[0] - before, span[1] + after


def _terms(question: Question) -> Terms:
    duration = int(question.duration.total_seconds())
    buffers = question.buffer_before * MINUTE, question.buffer_after * MINUTE
    event_type = question.event_type
    if question.override or event_type is None:
        step = question.step_minutes if not question.override else None
        return Terms(duration, step * MINUTE if step else None, *buffers)
    notice = event_type.min_notice_minutes
    return Terms(
        duration,
        question.step_minutes * MINUTE if question.step_minutes else None,
        *buffers,
        notice=None if notice is None else notice * MINUTE,
        max_days_ahead=event_type.max_days_ahead,
        max_per_day=event_type.max_per_day,
    )


def _calendar(found: Contents, question: Question, claims: Mapping[UUID, int]) -> Calendar:
    schedule = found.schedule
    occupied: Sequence[tuple[int, int]] = found.taken
    if claims:
        taken = zip(occupied, found.claims, strict=True)
        occupied = tuple(span for span, claim in taken if claim not in claims)
    zone = zone_named(schedule.timezone)
    if question.override:
        return Calendar(schedule.id, zone, hours.ALWAYS_OPEN, occupied=occupied)
    notice = schedule.booking_limits.min_notice_hours
    return Calendar(
        schedule.id,
        zone,
        hours_of(schedule),
        busy=found.busy,
        occupied=occupied,
        booked=tuple(found.starts) if _is_counted(schedule, question) else (),
        notice=None if notice is None else int(notice * HOUR),
        max_per_day=schedule.booking_limits.max_per_day,
    )


def _is_counted(schedule: Schedule, question: Question) -> bool:
    """Whether its bookings are counted: for its limit, or for the least booked of several."""
    return schedule.booking_limits.max_per_day is not None or len(question.schedule_ids) > 1


def _claims_of_sessions(question: Question, active: Sequence[Contents]) -> dict[UUID, int]:
    """The claims in these calendars that are the event type's own sessions, with their starts."""
    event_type = question.event_type
    if event_type is None or not question.has_seats:
        return {}
    return {
        claim: start
        for found in active
        for claim, start in zip(found.claims, found.starts, strict=True)
        if claim == claim_of(event_type.id, start)
    }


def _sessions(claims: Mapping[UUID, int], active: Sequence[Contents]) -> list[Session]:
    """The group sessions: a seat is a row of the claim on each of its schedules."""
    sessions = []
    for claim, start in claims.items():
        on = [found for found in active if claim in found.claims]
        rows = [i for i, id_ in enumerate(on[0].claims) if id_ == claim]
        begins, ends = zip(*(on[0].taken[i] for i in rows), strict=True)
        span = Interval(min(begins), max(ends))
        ids = tuple(found.schedule.id for found in on)
        sessions.append(Session(start, span, ids, len(rows)))
    return sessions


def as_instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
