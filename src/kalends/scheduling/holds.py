"""Creating holds, and turning the time of a hold into a booking's."""

from datetime import timedelta
from uuid import UUID

from msgspec import structs

from kalends.domain.errors import HoldExpired, Inactive, Invalid
from kalends.domain.hold import Hold
from kalends.domain.ids import HOLD, SCHEDULE, new_id
from kalends.domain.schedule import Schedule
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling import booking_requests
from kalends.scheduling.booking_requests import RequestedTime
from kalends.scheduling.claiming import BookingRequest, claim_time, lock_counted
from kalends.store.availability.schedules import find_schedules, protect_schedules_to_book
from kalends.store.bookings import holds


class NewHold(RequestedTime, frozen=True, kw_only=True):
    """A hold as a client requests it, parsed."""

    minutes: int


async def create_hold(work: UnitOfWork, new: NewHold) -> Hold:
    """Claims the time for `new.minutes`. Raises NotFound, Invalid, Inactive, Refused, SlotTaken."""
    event_type = await booking_requests.find_event_type(work, new.event_type_id)
    hold_id, expires_at = new_id(), work.now + timedelta(minutes=new.minutes)
    try:
        request = booking_requests.booking_request_of(new, event_type)
    except Invalid:
        await booking_requests.check_schedule(work, new.schedule_id)
        raise
    request = structs.replace(request, hold_id=hold_id, expires_at=expires_at)
    schedules = await claim_time(work, request)
    hold = Hold(
        id=hold_id,
        schedule_id=schedules[0].id,
        schedule_ids=[schedule.id for schedule in schedules],
        event_type_id=event_type.id if event_type else None,
        start_time=request.starts_at,
        end_time=request.ends_at,
        expires_at=expires_at,
        created_at=work.recorded_at,
    )
    await holds.insert_hold(work.tenant, hold)
    return hold


async def take_over_hold(
    work: UnitOfWork, request: BookingRequest, hold_id: UUID
) -> tuple[BookingRequest, list[Schedule]]:
    """Gives the claim of the hold to the booking, without applying the rules again. Returns the
    request with the buffers that were held, since the event type's may have changed, and the
    schedules.

    Raises NotFound, HoldExpired, Inactive, and Invalid where the request is not for what was held.
    """
    hold = await holds.find_hold(work.tenant, hold_id)
    hold = require(hold, HOLD, hold_id)
    _check_same(request, hold)
    schedules = await _load_schedules(work, hold)
    limited = [s.id for s in schedules if s.booking_limits.max_per_day is not None]
    # A hold that expires while this waits for a lock no longer counts: somebody else may have taken
    # its place within the limit.
    if await lock_counted(work, request.query, limited):
        schedules = await _load_schedules(work, hold)
    assert request.booking_id is not None
    span = await holds.take_over(work.tenant, hold_id, request.booking_id, work.later_now())
    if span is None:
        raise HoldExpired("This hold has ended. Choose the time again.")
    return request.with_buffers(*span), schedules


async def _load_schedules(work: UnitOfWork, hold: Hold) -> list[Schedule]:
    """The schedules of the hold, locked against deletion. Raises NotFound, Inactive."""
    await protect_schedules_to_book(work.tenant, hold.schedule_ids)
    by_id = await find_schedules(work.tenant, hold.schedule_ids)
    schedules = [require(by_id.get(id_), SCHEDULE, id_) for id_ in hold.schedule_ids]
    for schedule in schedules:
        if not schedule.is_active:
            raise Inactive(f"{schedule.name} is not active and takes no bookings.")
    return schedules


def _check_same(request: BookingRequest, hold: Hold) -> None:
    """Raises Invalid unless the request is for the event type, schedule and time of the hold."""
    event_type = request.query.event_type
    if (event_type.id if event_type else None) != hold.event_type_id:
        raise Invalid.field("event_type_id", "is not the one that was held")
    if request.query.required_id is not None and request.query.required_id not in hold.schedule_ids:
        raise Invalid.field("schedule_id", "is not one that was held")
    if (request.starts_at, request.ends_at) != (hold.start_time, hold.end_time):
        raise Invalid.field("start_time", "is not the time that was held")
