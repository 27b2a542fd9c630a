"""Schedules and event types of Cal.com, brought over: `kalends calcom import`.

Each is made once: what was brought over before is left as it is here, whatever became of it since.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.errors import SlugTaken
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, encode_id, new_id
from kalends.domain.imports.merging import ScheduleMapping
from kalends.domain.imports.runs import ImportConnection
from kalends.domain.schedule import BookingLimits, Schedule
from kalends.gateways.calcom.setup import (
    SourceEventType,
    SourceSchedule,
    read_event_type,
    read_schedule,
)
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.scheduling.event_type_slugs import list_free_slugs
from kalends.services.imports.connections import (
    error_of,
    import_caller,
    open_account,
    require_connection,
    wait_here,
)
from kalends.store.availability import event_types, schedules
from kalends.store.imports import connections, imported_bookings

PATIENCE_SECONDS: Final = 60.0
SCHEDULES: Final = "schedule"
EVENT_TYPES: Final = "event type"


class SetupResult(Struct, frozen=True):
    """What became of one thing: its kind, its name there, what was done, and what was left out."""

    kind: str
    name: str
    done: str
    left_out: list[str]


class _Undo(Exception):
    """Nothing is kept of what was tried."""

    def __init__(self, lines: list[SetupResult]) -> None:
        super().__init__()
        self.lines = lines


async def import_setup(
    context: Context, organization_id: UUID, *, is_dry_run: bool
) -> list[SetupResult]:
    """Brings over the schedules and event types that were not brought over yet, and has the
    bookings of each event type go to its schedule. All or nothing; a dry run does nothing.

    Raises CalcomNotConfigured, CalcomKeyRefused, CalcomUnsupported, CalcomUnavailable.
    """
    connection = await require_connection(context, organization_id)
    account = open_account(context, connection, PATIENCE_SECONDS, wait_here)
    found_schedules = await account.list_schedules()
    if not isinstance(found_schedules, list):
        raise error_of(found_schedules)
    found_types = await account.list_event_types()
    if not isinstance(found_types, list):
        raise error_of(found_types)
    plans = [read_schedule(value) for value in found_schedules]
    types = [read_event_type(value) for value in found_types]
    caller = await import_caller(context, organization_id)

    async def bring(work: UnitOfWork) -> list[SetupResult]:
        lines = await _bring(work, plans, types)
        if is_dry_run:
            raise _Undo(lines)
        return lines

    try:
        return await working.change(context, caller, bring)
    except _Undo as undone:
        return undone.lines


async def _bring(
    work: UnitOfWork, plans: Sequence[SourceSchedule | str], types: Sequence[SourceEventType | str]
) -> list[SetupResult]:
    connection = await connections.lock_connection(work.tenant)
    assert connection is not None
    ours = await imported_bookings.find_plans(work.tenant, SCHEDULES)
    lines: list[SetupResult] = []
    by_default = connection.default_schedule_id
    for plan in plans:
        if isinstance(plan, str):
            lines.append(SetupResult(SCHEDULES, plan, "left out", []))
            continue
        lines.append(await _bring_schedule(work, plan, ours))
        if plan.is_default:
            by_default = ours[plan.calcom_id]
    lines += await _bring_event_types(work, connection, types, ours, by_default)
    return lines


async def _bring_schedule(
    work: UnitOfWork, plan: SourceSchedule, ours: dict[int, UUID]
) -> SetupResult:
    if plan.calcom_id in ours:
        return SetupResult(SCHEDULES, plan.name, _was_there(SCHEDULE, ours[plan.calcom_id]), [])
    schedule = Schedule(
        id=new_id(),
        name=plan.name,
        description=None,
        timezone=plan.timezone,
        availability=plan.availability,
        overrides=plan.overrides,
        booking_limits=BookingLimits(),
        is_active=True,
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
    )
    await schedules.insert_schedule(work.tenant, schedule)
    await imported_bookings.put_plan(work.tenant, SCHEDULES, plan.calcom_id, schedule.id)
    ours[plan.calcom_id] = schedule.id
    return SetupResult(
        SCHEDULES, plan.name, f"made {encode_id(SCHEDULE, schedule.id)}", plan.left_out
    )


async def _bring_event_types(
    work: UnitOfWork,
    connection: ImportConnection,
    types: Sequence[SourceEventType | str],
    ours: dict[int, UUID],
    by_default: UUID,
) -> list[SetupResult]:
    """Each on its schedule; its bookings will go there too, unless a mapping says otherwise."""
    known = await imported_bookings.find_plans(work.tenant, EVENT_TYPES)
    mapped = {mapping.calcom_event_type_id for mapping in connection.mappings}
    lines, mappings = list[SetupResult](), list(connection.mappings)
    for plan in types:
        if isinstance(plan, str):
            lines.append(SetupResult(EVENT_TYPES, plan, "left out", []))
            continue
        if plan.calcom_id in known:
            done = _was_there(EVENT_TYPE, known[plan.calcom_id])
            lines.append(SetupResult(EVENT_TYPES, plan.name, done, []))
            continue
        schedule_id = ours.get(plan.schedule_id or 0, by_default)
        made = await _insert_event_type(work, plan, schedule_id)
        await imported_bookings.put_plan(work.tenant, EVENT_TYPES, plan.calcom_id, made.id)
        lines.append(
            SetupResult(
                EVENT_TYPES, plan.name, f"made {encode_id(EVENT_TYPE, made.id)}", plan.left_out
            )
        )
        if plan.calcom_id not in mapped:
            mappings.append(
                ScheduleMapping(calcom_event_type_id=plan.calcom_id, schedule_id=schedule_id)
            )
    if mappings != connection.mappings:
        await connections.set_mappings(work.tenant, mappings, work.recorded_at)
    return lines


async def _insert_event_type(
    work: UnitOfWork, plan: SourceEventType, schedule_id: UUID
) -> EventType:
    """Under its slug, if that is free here; else under one of its name."""
    values = structs.asdict(plan)
    for name in ("calcom_id", "schedule_id", "slug", "left_out"):
        del values[name]
    own = [plan.slug] if plan.slug else []
    slugs = chain(own, await list_free_slugs(work, plan.name))
    for slug in slugs:
        event_type = EventType(
            **values,
            id=new_id(),
            slug=slug,
            requirements=[Requirement(1, [schedule_id])],
            reminders_minutes_before=[],
            cancellation_notice_minutes=None,
            expire_pending=False,
            complete_after_minutes=None,
            is_active=True,
            created_at=work.recorded_at,
            updated_at=work.recorded_at,
            version=1,
        )
        if await event_types.insert_event_type(work.tenant, event_type):
            return event_type
    raise SlugTaken(f"No slug could be found for {plan.name!r}.")


def _was_there(prefix: str, id_: UUID) -> str:
    return f"is here already, as {encode_id(prefix, id_)}"
