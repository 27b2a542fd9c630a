"""Turns what a client asks for into a booking request: which schedules, how long, by which rules.

Covers a new booking or hold, one that moves (`reschedule_request`) and one that gets other
schedules (`query_to_reassign`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.availability.matching import SlotRequirement, choose
from kalends.domain.booking import Booking
from kalends.domain.errors import Inactive, Invalid, NotFound
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, encode_id_or_none
from kalends.domain.values import FIRST_YEAR, LAST_YEAR
from kalends.runtime.unit_of_work import Caller, UnitOfWork, require
from kalends.scheduling.availability_queries import AvailabilityQuery, event_type_query
from kalends.scheduling.claiming import BookingRequest
from kalends.store.availability import event_types
from kalends.store.availability.schedules import find_schedule

LONGEST_BOOKING: Final = timedelta(days=366)


class RequestedTime(Struct, frozen=True, kw_only=True):
    """The time and schedule that a client wants for a booking or a hold, parsed. A field that is
    None takes its default."""

    start_time: datetime
    end_time: datetime | None = None
    schedule_id: UUID | None = None
    event_type_id: UUID | None = None
    override: bool = False


async def find_event_type(work: UnitOfWork, event_type_id: UUID | None) -> EventType | None:
    """The event type, locked against deletion until the transaction ends; None for None. Raises
    NotFound, Inactive."""
    if event_type_id is None:
        return None
    event_type = require(
        await event_types.find_event_type_to_book(work.tenant, event_type_id),
        EVENT_TYPE,
        event_type_id,
    )
    if not event_type.is_active:
        raise Inactive("This event type is not active; it cannot be booked.")
    return event_type


async def check_schedule(work: UnitOfWork, schedule_id: UUID | None) -> None:
    """Raises NotFound if the schedule does not exist. Called only when a request is about to be
    refused as invalid, since 404 comes before 422; a valid request finds out while claiming."""
    if schedule_id is not None:
        schedule = await find_schedule(work.tenant, schedule_id)
        require(schedule, SCHEDULE, schedule_id)


def check_schedule_seen(caller: Caller, schedule_id: UUID | None) -> None:
    """Raises NotFound for a schedule that the caller does not see. A caller who sees only some has
    to name one: for them None raises NotFound, too."""
    if not caller.sees(() if schedule_id is None else (schedule_id,)):
        raise NotFound.with_id(SCHEDULE, encode_id_or_none(SCHEDULE, schedule_id) or "")


def seen_schedule_of(caller: Caller, booking: Booking) -> UUID | None:
    """The schedule that the booking has to keep when it moves: without it, a caller who sees only
    some schedules would lose sight of the booking. None for a caller who sees all."""
    if caller.only_schedules is None:
        return None
    return next((id_ for id_ in booking.schedule_ids if caller.sees((id_,))), None)


def booking_request_of(requested: RequestedTime, event_type: EventType | None) -> BookingRequest:
    """The request for the time that the client asks for. Raises Invalid."""
    requirements = requirements_of(event_type, requested.schedule_id)
    starts_at, ends_at = _span_of(requested, event_type)
    query = (
        event_type_query(event_type, requirements)
        if event_type
        else AvailabilityQuery(requirements=requirements, duration=ends_at - starts_at)
    )
    if requested.override:
        query = structs.replace(query, duration=ends_at - starts_at)
    query = structs.replace(query, required_id=requested.schedule_id, override=requested.override)
    return BookingRequest(query=query, starts_at=starts_at, ends_at=ends_at)


async def reschedule_request(
    work: UnitOfWork,
    booking: Booking,
    starts_at: datetime,
    ends_at: datetime,
    *,
    schedule_ids: Sequence[UUID] | None,
    override: bool,
) -> BookingRequest:
    """The request of a booking that moves, by the rules of its event type. It takes exactly
    `schedule_ids`; with None it prefers its own schedules if they are free. It may keep its length
    even if the event type's duration has changed. Raises Invalid."""
    event_type = None
    if booking.event_type_id:
        event_type = await event_types.find_event_type(work.tenant, booking.event_type_id)
    if schedule_ids is None:
        query = query_to_reschedule(booking, event_type)
    else:
        query = await _query_to_reassign(work, booking, event_type, schedule_ids)
        keeps_time = (starts_at, ends_at) == (booking.start_time, booking.end_time)
        query = structs.replace(query, keeps_time=keeps_time)
    length = ends_at - starts_at
    keeps_length = length == booking.end_time - booking.start_time
    if override or event_type is None or keeps_length:
        query = structs.replace(query, duration=length)
    kept = seen_schedule_of(work.caller, booking) if schedule_ids is None else None
    query = structs.replace(query, override=override, required_id=kept)
    return BookingRequest(query=query, starts_at=starts_at, ends_at=ends_at, booking_id=booking.id)


def query_to_reschedule(booking: Booking, event_type: EventType | None) -> AvailabilityQuery:
    """The query for times to which a booking could move: it leaves the booking itself out, and
    prefers its own schedules."""
    own = [Requirement(1, [id_]) for id_ in booking.schedule_ids]
    if event_type is None:
        query = AvailabilityQuery(
            requirements=own,
            duration=booking.end_time - booking.start_time,
            buffer_before=booking.buffer_before,
            buffer_after=booking.buffer_after,
        )
    else:
        query = event_type_query(event_type, event_type.requirements or own)
    return structs.replace(
        query, preferred_ids=booking.schedule_ids, excluded_booking_id=booking.id
    )


async def _query_to_reassign(
    work: UnitOfWork,
    booking: Booking,
    event_type: EventType | None,
    schedule_ids: Sequence[UUID],
) -> AvailabilityQuery:
    """`query_to_reassign`, with NotFound before Invalid for a schedule that does not exist."""
    try:
        return query_to_reassign(booking, event_type, schedule_ids)
    except Invalid:
        for schedule_id in schedule_ids:
            await check_schedule(work, schedule_id)
        raise


def query_to_reassign(
    booking: Booking, event_type: EventType | None, schedule_ids: Sequence[UUID]
) -> AvailabilityQuery:
    """The query that asks whether exactly `schedule_ids` could take a booking. Raises Invalid."""
    needed = _requirements_met_by(booking, event_type, schedule_ids)
    query = query_to_reschedule(booking, event_type)
    return structs.replace(query, requirements=needed, preferred_ids=schedule_ids)


def requirements_of(event_type: EventType | None, schedule_id: UUID | None) -> list[Requirement]:
    """The requirements of the event type, else the one schedule that the client names. Raises
    Invalid if there is neither, or if the schedule is none of the event type's."""
    if event_type and event_type.requirements:
        if schedule_id and schedule_id not in event_type.schedule_ids:
            raise Invalid.field("schedule_id", "is not among the schedules of this event type")
        return event_type.requirements
    if schedule_id is None:
        raise Invalid.field("schedule_id", "is required, as no event type chooses one")
    return [Requirement(1, [schedule_id])]


def _requirements_met_by(
    booking: Booking, event_type: EventType | None, schedule_ids: Sequence[UUID]
) -> list[Requirement]:
    """The requirements cut down to `schedule_ids` as their only members, so that all of them are
    taken. Raises Invalid if they cannot meet the requirements, or if some would be left over."""
    if len(set(schedule_ids)) < len(schedule_ids):
        raise Invalid.field("schedule_ids", "must not name a schedule twice")
    if event_type is None or not event_type.requirements:
        if len(schedule_ids) != len(booking.schedule_ids):
            raise Invalid.field("schedule_ids", f"must be {len(booking.schedule_ids)}, as before")
        return [Requirement(1, [id_]) for id_ in schedule_ids]
    needed = [
        structs.replace(r, schedule_ids=[id_ for id_ in r.schedule_ids if id_ in schedule_ids])
        for r in event_type.requirements
    ]
    matched = choose([SlotRequirement(r.count, r.schedule_ids) for r in needed], schedule_ids)
    if matched is None or len(matched) != len(schedule_ids):
        raise Invalid.field("schedule_ids", "do not meet the requirements of this event type")
    return needed


def check_span(starts_at: datetime, ends_at: datetime) -> None:
    """Raises Invalid unless the time ends after its start, at most 366 days later."""
    if ends_at <= starts_at:
        raise Invalid.field("end_time", "must be after start_time")
    if ends_at.year > LAST_YEAR:
        raise Invalid.field("end_time", f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    if ends_at - starts_at > LONGEST_BOOKING:
        raise Invalid.field(
            "end_time", f"must be at most {LONGEST_BOOKING.days} days after start_time"
        )


def _span_of(requested: RequestedTime, event_type: EventType | None) -> tuple[datetime, datetime]:
    """Start and end; an end that is left out follows from the event type's duration. Raises
    Invalid."""
    ends_at = requested.end_time
    if ends_at is None:
        if event_type is None:
            raise Invalid.field("end_time", "is required without an event type")
        ends_at = requested.start_time + timedelta(minutes=event_type.duration_minutes)
    check_span(requested.start_time, ends_at)
    return requested.start_time, ends_at
