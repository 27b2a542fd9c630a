"""The uses of calendars: which ones a schedule reads and writes."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.accounts import CalendarAccess
from kalends.domain.calendars.connections import CalendarUse, ConnectedCalendar
from kalends.domain.errors import Invalid
from kalends.domain.ids import CALENDAR, SCHEDULE
from kalends.runtime.calendars.writing import rewrite_events_of
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling.booking_requests import check_schedule_seen
from kalends.store.availability.schedules import find_schedule, find_schedule_to_change
from kalends.store.calendars import calendars

MOST_CALENDARS_OF_A_SCHEDULE: Final = 10


async def list_uses(work: UnitOfWork, schedule_id: UUID) -> list[CalendarUse]:
    """What the schedule does with calendars. Raises NotFound."""
    check_schedule_seen(work.caller, schedule_id)
    require(await find_schedule(work.tenant, schedule_id), SCHEDULE, schedule_id)
    return await calendars.list_uses(work.tenant, schedule_id)


async def lock_schedule(work: UnitOfWork, schedule_id: UUID) -> UUID:
    """Locks the schedule until the transaction ends. Raises NotFound."""
    check_schedule_seen(work.caller, schedule_id)
    require(await find_schedule_to_change(work.tenant, schedule_id), SCHEDULE, schedule_id)
    return schedule_id


async def replace_uses(
    work: UnitOfWork, schedule_id: UUID, uses: Sequence[CalendarUse]
) -> list[CalendarUse]:
    """Replaces what a locked schedule does with calendars. If it writes another one, bookings to
    come are written there and then removed from the former one. Raises NotFound (a calendar),
    Invalid."""
    calendars_by_id = await calendars.find_calendars(work.tenant, [use.calendar_id for use in uses])
    for number, use in enumerate(uses):
        calendar = require(calendars_by_id.get(use.calendar_id), CALENDAR, use.calendar_id)
        _check_access(calendar, use, f"{number}.writes")
    before = await calendars.list_uses(work.tenant, schedule_id)
    await calendars.replace_uses(work.tenant, schedule_id, uses)
    if _written(before) != _written(uses):
        await rewrite_events_of(work, schedule_id)
    return await calendars.list_uses(work.tenant, schedule_id)


def _written(uses: Sequence[CalendarUse]) -> list[UUID]:
    return [use.calendar_id for use in uses if use.writes]


async def list_calendars(work: UnitOfWork) -> list[ConnectedCalendar]:
    """All calendars of the connections that the caller sees, by name."""
    return await calendars.list_all_calendars(work.tenant, work.caller.only_user_id)


async def read_calendars(
    work: UnitOfWork, schedule_id: UUID, more: Collection[UUID], no_more: Collection[UUID] = ()
) -> list[CalendarUse]:
    """Makes a schedule read some calendars and stop reading others. Everything else that it does
    with calendars stays. Raises NotFound, Invalid."""
    await lock_schedule(work, schedule_id)
    used = await calendars.list_uses(work.tenant, schedule_id)
    wanted = uses_with(used, more, no_more)
    if len(wanted) > MOST_CALENDARS_OF_A_SCHEDULE:
        raise Invalid.field("calendars", f"must be {MOST_CALENDARS_OF_A_SCHEDULE} at most")
    if work.caller.only_user_id is not None:
        wanted = await _beside_unseen(work, schedule_id, wanted)
    return await replace_uses(work, schedule_id, wanted)


async def _beside_unseen(
    work: UnitOfWork, schedule_id: UUID, wanted: Sequence[CalendarUse]
) -> list[CalendarUse]:
    """Raises NotFound for a calendar that the caller does not see."""
    seen = {calendar.id for calendar in await list_calendars(work)}
    before = await calendars.list_uses(work.tenant, schedule_id)
    kept = [use for use in before if use.calendar_id not in seen]
    known = seen | {use.calendar_id for use in kept}
    for use in wanted:
        require(use if use.calendar_id in known else None, CALENDAR, use.calendar_id)
    return [*kept, *(use for use in wanted if use.calendar_id in seen)]


def uses_with(
    used: Sequence[CalendarUse], more: Collection[UUID], no_more: Collection[UUID]
) -> list[CalendarUse]:
    """The uses after the schedule reads the calendars `more` and no longer those in `no_more`. A
    calendar that is neither read nor written is left out."""
    known = {use.calendar_id for use in used}
    new = [CalendarUse(calendar_id=id_, reads=True, writes=False) for id_ in more]
    every = [*used, *(use for use in new if use.calendar_id not in known)]
    read = {use.calendar_id for use in used if use.reads}.union(more).difference(no_more)
    wanted = [structs.replace(use, reads=use.calendar_id in read) for use in every]
    return [use for use in wanted if use.reads or use.writes]


def check_uses(uses: Sequence[CalendarUse]) -> None:
    """Raises Invalid for uses that no schedule can have."""
    if len({use.calendar_id for use in uses}) < len(uses):
        raise Invalid.field("calendar_id", "must not be named twice")
    if sum(use.writes for use in uses) > 1:
        raise Invalid.field("writes", "must be true of one calendar at most")


def _check_access(calendar: ConnectedCalendar, use: CalendarUse, field: str) -> None:
    if use.writes and calendar.access is not CalendarAccess.WRITE:
        raise Invalid.field(field, f"the account may not write into {calendar.name!r}")
