"""Busy times of a schedule: list, create, delete."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from kalends.domain.ids import BUSY_TIME, SCHEDULE, encode_id, new_id
from kalends.domain.schedule import BusyTime
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.availability import busy_times
from kalends.store.availability.schedules import protect_schedules


class NewBusyTime(Struct, frozen=True, kw_only=True):
    """What a client asks for, parsed."""

    start_time: datetime
    end_time: datetime
    reason: str | None


async def list_busy_times(
    work: UnitOfWork,
    schedule_id: UUID,
    *,
    start: datetime | None,
    end: datetime | None,
    limit: int,
    offset: int,
) -> tuple[list[BusyTime], int]:
    """Those that meet `[start, end)`: a page, sorted by start, then id, and the total."""
    return await busy_times.list_busy_times(work.tenant, schedule_id, (start, end), limit, offset)


async def lock_schedule(work: UnitOfWork, schedule_id: UUID) -> UUID:
    """Keeps the schedule from being deleted until the transaction ends. Raises NotFound."""
    kept = await protect_schedules(work.tenant, [schedule_id])
    return require(schedule_id if kept else None, "schedule", encode_id(SCHEDULE, schedule_id))


async def create_busy_time(work: UnitOfWork, schedule_id: UUID, new: NewBusyTime) -> BusyTime:
    """Closes the time to new bookings; bookings that are already there stay. The schedule is
    locked."""
    busy_time = BusyTime(
        id=new_id(),
        schedule_id=schedule_id,
        start_time=new.start_time,
        end_time=new.end_time,
        reason=new.reason,
        created_at=work.recorded_at,
    )
    await busy_times.insert_busy_time(work.tenant, busy_time)
    return busy_time


async def delete_busy_time(work: UnitOfWork, schedule_id: UUID, busy_time_id: UUID) -> UUID:
    """Opens the time again. Raises NotFound."""
    await lock_schedule(work, schedule_id)
    was_there = await busy_times.delete_busy_time(work.tenant, schedule_id, busy_time_id)
    return require(
        busy_time_id if was_there else None, "busy time", encode_id(BUSY_TIME, busy_time_id)
    )
