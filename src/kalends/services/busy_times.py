"""Busy times of a schedule: list, create, delete."""

from uuid import UUID

from msgspec import structs

from kalends.domain.closed_times import ClosedTime
from kalends.domain.ids import BUSY_TIME, SCHEDULE, new_id
from kalends.domain.schedule import BusyTime, ListedBusyTime
from kalends.domain.spans import OpenSpan
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling.booking_requests import check_schedule_seen
from kalends.store.availability import busy_times
from kalends.store.availability.schedules import protect_schedules


async def list_busy_times(
    work: UnitOfWork, schedule_id: UUID, span: OpenSpan, *, limit: int, offset: int
) -> tuple[list[BusyTime], int]:
    """A page of the busy times that overlap the half-open span, sorted by start, then id, and the
    total. Raises NotFound for a schedule that the caller does not see."""
    check_schedule_seen(work.caller, schedule_id)
    return await busy_times.list_busy_times(work.tenant, schedule_id, span, limit, offset)


async def list_all_busy_times(
    work: UnitOfWork, schedule_id: UUID, span: OpenSpan, *, limit: int, offset: int
) -> tuple[list[ListedBusyTime], int]:
    """The same, including busy pieces of the calendars elsewhere that the schedule reads."""
    check_schedule_seen(work.caller, schedule_id)
    return await busy_times.list_all_busy_times(work.tenant, schedule_id, span, limit, offset)


async def lock_schedule(work: UnitOfWork, schedule_id: UUID) -> UUID:
    """Locks the schedule against deletion until the transaction ends. Raises NotFound."""
    check_schedule_seen(work.caller, schedule_id)
    protected = await protect_schedules(work.tenant, [schedule_id])
    return require(schedule_id if protected else None, SCHEDULE, schedule_id)


async def create_busy_time(work: UnitOfWork, schedule_id: UUID, new: ClosedTime) -> BusyTime:
    """Closes the time to new bookings; existing ones stay. The caller has locked the schedule."""
    busy_time = BusyTime(
        id=new_id(),
        schedule_id=schedule_id,
        created_at=work.recorded_at,
        **structs.asdict(new),
    )
    await busy_times.insert_busy_time(work.tenant, busy_time)
    return busy_time


async def delete_busy_time(work: UnitOfWork, schedule_id: UUID, busy_time_id: UUID) -> UUID:
    """Opens the time again. Raises NotFound."""
    await lock_schedule(work, schedule_id)
    is_deleted = await busy_times.delete_busy_time(work.tenant, schedule_id, busy_time_id)
    return require(busy_time_id if is_deleted else None, BUSY_TIME, busy_time_id)
