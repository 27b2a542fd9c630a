"""Schedules: list, get, create, update, delete."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, structs

from kalends.domain.errors import InUse
from kalends.domain.ids import SCHEDULE, encode_id, new_id
from kalends.domain.schedule import Availability, BookingLimits, Overrides, Schedule, ScheduleRules
from kalends.runtime.if_match import IfMatch, check_version
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.runtime.versions import with_changes
from kalends.store.availability import schedules


class NewSchedule(ScheduleRules, frozen=True, kw_only=True):
    """What a client asks for, parsed."""


class ScheduleChanges(Struct, frozen=True, kw_only=True):
    """What a client wants changed, each value whole; UNSET stays as it is."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    timezone: str | UnsetType = UNSET
    availability: Availability | UnsetType | None = UNSET
    overrides: Overrides | UnsetType = UNSET
    booking_limits: BookingLimits | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


async def list_schedules(
    work: UnitOfWork, *, is_active: bool, limit: int, offset: int
) -> tuple[list[Schedule], int]:
    """A page in the order of creation, and the total."""
    return await schedules.list_schedules(work.tenant, is_active, limit, offset)


async def get_schedule(work: UnitOfWork, schedule_id: UUID) -> Schedule:
    """Raises NotFound."""
    schedule = await schedules.find_schedule(work.tenant, schedule_id)
    return require(schedule, "schedule", encode_id(SCHEDULE, schedule_id))


async def create_schedule(work: UnitOfWork, new: NewSchedule) -> Schedule:
    schedule = Schedule(
        id=new_id(),
        **structs.asdict(new),
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
    )
    await schedules.insert_schedule(work.tenant, schedule)
    return schedule


async def lock_schedule(work: UnitOfWork, schedule_id: UUID, if_match: IfMatch) -> Schedule:
    """The schedule as it stays until the transaction ends. Raises NotFound, Stale."""
    before = require(
        await schedules.find_schedule_to_change(work.tenant, schedule_id),
        "schedule",
        encode_id(SCHEDULE, schedule_id),
    )
    check_version(before.version, if_match)
    return before


async def update_schedule(work: UnitOfWork, before: Schedule, changes: ScheduleChanges) -> Schedule:
    """Changes what is given of a schedule that is locked; what changes nothing succeeds. Existing
    bookings stay as they are."""
    after = with_changes(before, changes, work.recorded_at)
    if after is before:
        return before
    await schedules.update_schedule(work.tenant, after)
    return after


async def delete_schedule(work: UnitOfWork, schedule_id: UUID, if_match: IfMatch) -> Schedule:
    """Deletes a schedule that nothing needs any more; past bookings stay readable.

    Raises NotFound, Stale, and InUse while event types, or PENDING or CONFIRMED bookings that
    have not ended, point at it.
    """
    schedule = require(
        await schedules.find_schedule_to_delete(work.tenant, schedule_id),
        "schedule",
        encode_id(SCHEDULE, schedule_id),
    )
    check_version(schedule.version, if_match)
    uses = await schedules.find_uses(work.tenant, schedule_id, work.now)
    if uses.event_type is not None:
        raise InUse(f"The event type {uses.event_type!r} takes this schedule. Change it first.")
    if uses.has_bookings:
        raise InUse("This schedule has bookings that have not ended. Cancel or move them first.")
    await schedules.delete_schedule(work.tenant, schedule_id, work.recorded_at)
    return schedule
