"""Turns the purpose of slots into an availability query: which schedules, how long, which rules."""

from datetime import timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.booking import Booking, check_movable
from kalends.domain.errors import Inactive, Invalid
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.ids import EVENT_TYPE
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling.availability_queries import AvailabilityQuery, event_type_query
from kalends.scheduling.booking_changes import get_booking
from kalends.scheduling.booking_requests import (
    check_schedule,
    check_schedule_seen,
    query_to_reschedule,
    requirements_of,
    seen_schedule_of,
)
from kalends.store.availability import event_types

QUERIES_KEPT: Final = 256


class SlotPurpose(Struct, frozen=True, kw_only=True):
    """What slots are for: an event type, a time of some minutes on a schedule, or a booking that
    moves."""

    event_type_id: UUID | None = None
    schedule_id: UUID | None = None
    duration_minutes: int | None = None
    step_minutes: int | None = None
    booking_id: UUID | None = None

    @property
    def is_of_schedule(self) -> bool:
        """Whether it is a time of some minutes on a schedule: that query needs no row."""
        return (
            self.event_type_id is None
            and self.booking_id is None
            and self.schedule_id is not None
            and self.duration_minutes is not None
        )


async def query_for(work: UnitOfWork, purpose: SlotPurpose) -> AvailabilityQuery:
    """The availability query for that purpose. Raises NotFound, Inactive, Invalid,
    NotReschedulable."""
    moving = await _find_booking(work, purpose.booking_id)
    if moving is None or purpose.schedule_id is not None:
        check_schedule_seen(work.caller, purpose.schedule_id)
    if purpose.is_of_schedule:
        return _query_of_schedule(purpose)
    event_type = await _find_event_type(work, purpose, moving)
    try:
        query = _query_of(purpose, moving, event_type)
    except Invalid:
        await check_schedule(work, purpose.schedule_id)
        raise
    if moving is None:
        return structs.replace(query, required_id=purpose.schedule_id)
    return structs.replace(
        query,
        required_id=purpose.schedule_id or seen_schedule_of(work.caller, moving),
        preferred_ids=moving.schedule_ids,
        excluded_booking_id=moving.id,
    )


@lru_cache(QUERIES_KEPT)
def _query_of_schedule(purpose: SlotPurpose) -> AvailabilityQuery:
    return structs.replace(_query_of(purpose, None, None), required_id=purpose.schedule_id)


def _query_of(
    purpose: SlotPurpose, moving: Booking | None, event_type: EventType | None
) -> AvailabilityQuery:
    """The query by the event type if there is one, else for a time of some length on a schedule. A
    moving booking keeps its schedules if none are named. Raises Invalid."""
    if event_type is not None:
        if moving and purpose.schedule_id is None and not event_type.requirements:
            return query_to_reschedule(moving, event_type)
        return event_type_query(event_type, requirements_of(event_type, purpose.schedule_id))
    if purpose.schedule_id is None and moving is not None:
        query = query_to_reschedule(moving, None)
    elif purpose.schedule_id is None:
        raise Invalid.field("event_type_id", "is required, or schedule_id with duration_minutes")
    else:
        query = AvailabilityQuery(
            requirements=[Requirement(1, [purpose.schedule_id])],
            duration=_duration(purpose, moving),
        )
    if purpose.duration_minutes is not None:
        query = structs.replace(query, duration=_duration(purpose, moving))
    step = purpose.step_minutes or int(query.duration.total_seconds()) // 60 or 1
    return structs.replace(query, step_minutes=step)


def _duration(purpose: SlotPurpose, moving: Booking | None) -> timedelta:
    if purpose.duration_minutes is not None:
        return timedelta(minutes=purpose.duration_minutes)
    if moving is None:
        raise Invalid.field("duration_minutes", "is required with schedule_id")
    return moving.end_time - moving.start_time


async def _find_booking(work: UnitOfWork, booking_id: UUID | None) -> Booking | None:
    if booking_id is None:
        return None
    booking = await get_booking(work, booking_id)
    check_movable(booking)
    return booking


async def _find_event_type(
    work: UnitOfWork, purpose: SlotPurpose, moving: Booking | None
) -> EventType | None:
    """The event type that is named, else that of the moving booking, unless a schedule is named.
    Raises NotFound, Inactive."""
    if purpose.event_type_id is None:
        if moving is None or moving.event_type_id is None or purpose.schedule_id is not None:
            return None
        return await event_types.find_event_type(work.tenant, moving.event_type_id)
    event_type = require(
        await event_types.find_event_type(work.tenant, purpose.event_type_id),
        EVENT_TYPE,
        purpose.event_type_id,
    )
    if not event_type.is_active:
        raise Inactive("This event type is not active; it offers no slots.")
    return event_type
