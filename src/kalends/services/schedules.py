"""Schedules: list, get, create, update, delete."""

from uuid import UUID

from msgspec import structs

from kalends.domain.changes import FieldChanges
from kalends.domain.errors import InUse
from kalends.domain.ids import ORGANIZATION, SCHEDULE, USER, encode_id, new_id
from kalends.domain.pictures import Picture
from kalends.domain.schedule import Schedule, ScheduleRules
from kalends.runtime.calendars.writing import rewrite_events_of
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.runtime.versions import require_version, with_changes
from kalends.scheduling.booking_requests import check_schedule_seen
from kalends.store.accounts import pictures
from kalends.store.accounts.members import protect_member
from kalends.store.accounts.notifications import look_at_agendas
from kalends.store.accounts.organizations import lock_organization
from kalends.store.availability import schedules
from kalends.store.bookings.feeds import delete_feeds_of_user
from kalends.store.calendars.calendars import delete_uses_of_user


class NewSchedule(ScheduleRules, frozen=True, kw_only=True):
    """A schedule as a client requests it, parsed."""


async def list_schedules(
    work: UnitOfWork, *, is_active: bool, limit: int, offset: int
) -> tuple[list[Schedule], int]:
    """A page of the schedules that the caller sees, in the order of creation, and the total."""
    only = work.caller.only_schedules
    return await schedules.list_schedules(work.tenant, is_active, limit, offset, only)


async def get_schedule(work: UnitOfWork, schedule_id: UUID) -> Schedule:
    """Raises NotFound."""
    check_schedule_seen(work.caller, schedule_id)
    schedule = await schedules.find_schedule(work.tenant, schedule_id)
    return require(schedule, SCHEDULE, schedule_id)


async def create_schedule(work: UnitOfWork, new: NewSchedule) -> Schedule:
    """Creates a schedule. Raises NotFound (the user), SlugTaken."""
    await _check_user(work, new.user_id)
    schedule = Schedule(
        id=new_id(),
        **structs.asdict(new),
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
    )
    created = await schedules.insert_schedule(work.tenant, schedule)
    if created.user_id is not None:
        await look_at_agendas(work.tenant, work.recorded_at, created.user_id)
    return created


async def lock_schedule(work: UnitOfWork, schedule_id: UUID, if_match: IfMatch) -> Schedule:
    """The schedule, locked until the transaction ends. Raises NotFound, Stale."""
    check_schedule_seen(work.caller, schedule_id)
    schedule = await schedules.find_schedule_to_change(work.tenant, schedule_id)
    return require_version(schedule, SCHEDULE, schedule_id, if_match)


async def update_schedule(
    work: UnitOfWork, before: Schedule, changes: FieldChanges[Schedule]
) -> Schedule:
    """Changes the given fields of a locked schedule; succeeds also without a difference. Existing
    bookings stay as they are. If it gets another user, the calendars of the former user are
    unlinked from it, and that user's feed of it ends.

    Raises NotFound (the user), SlugTaken.
    """
    after = with_changes(before, changes, work.recorded_at)
    if after is before:
        return before
    rewrites = False
    if after.user_id != before.user_id:
        await _check_user(work, after.user_id)
        if before.user_id is not None:
            await delete_uses_of_user(work.tenant, before.id, before.user_id)
            await delete_feeds_of_user(work.tenant, before.user_id, before.id)
            rewrites = True
    await schedules.update_schedule(work.tenant, after)
    if (after.timezone, after.user_id) != (before.timezone, before.user_id):
        await look_at_agendas(work.tenant, work.recorded_at)
    if rewrites or after.calendar_policy != before.calendar_policy:
        await rewrite_events_of(work, after.id)
    return after


async def set_photo(
    work: UnitOfWork, schedule_id: UUID, if_match: IfMatch, picture: Picture | None
) -> Schedule:
    """Sets or removes the photo that attendees see beside the schedule's name. Raises NotFound,
    Stale."""
    # The organization's lock serializes changes of its pictures, which are counted and deleted.
    require(await lock_organization(work.tenant), ORGANIZATION, work.organization_id)
    before = await lock_schedule(work, schedule_id, if_match)
    photo = None
    if picture is not None:
        photo = f"{encode_id(ORGANIZATION, work.organization_id)}/{picture.name}"
        await pictures.insert_picture(work.tenant, picture, work.recorded_at)
    after = with_changes(before, FieldChanges(photo=photo), work.recorded_at)
    if after is not before:
        await schedules.update_schedule(work.tenant, after)
        await _forget_photo(work, before)
    return after


async def delete_schedule(work: UnitOfWork, schedule_id: UUID, if_match: IfMatch) -> Schedule:
    """Deletes a schedule that is not in use; past bookings stay readable.

    Raises NotFound, Stale, and InUse while event types, or PENDING or CONFIRMED bookings that
    have not ended, use it.
    """
    stored = await schedules.find_schedule_to_delete(work.tenant, schedule_id)
    schedule = require_version(stored, SCHEDULE, schedule_id, if_match)
    uses = await schedules.find_uses(work.tenant, schedule_id, work.now)
    if uses.event_type is not None:
        raise InUse(f"The event type {uses.event_type!r} takes this schedule. Change it first.")
    if uses.has_bookings:
        raise InUse("This schedule has bookings that have not ended. Cancel or move them first.")
    await schedules.delete_schedule(work.tenant, schedule_id, work.recorded_at)
    await _forget_photo(work, schedule)
    if schedule.user_id is not None:
        await look_at_agendas(work.tenant, work.recorded_at, schedule.user_id)
    return schedule


async def _forget_photo(work: UnitOfWork, before: Schedule) -> None:
    """Deletes the former photo at once, unless another schedule uses it. Other pictures are kept
    for a while, since mails link to them, but a photo of a person must not outlast its removal."""
    if before.photo is not None:
        name = before.photo.partition("/")[2]
        await pictures.delete_unused_picture(work.tenant, name)


async def _check_user(work: UnitOfWork, user_id: UUID | None) -> None:
    """Raises NotFound unless the user is a member; locks the membership until the transaction
    ends."""
    if user_id is not None:
        require(await protect_member(work.tenant, user_id), USER, user_id)
