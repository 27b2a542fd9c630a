"""Imports the setup of an account: its schedules and event types.

Each is created once: what was imported before is left as it is here, whatever has changed since.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.errors import SlugTaken
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, encode_id, new_id
from kalends.domain.imports.connections import ImportConnection, ScheduleMapping
from kalends.domain.imports.setup import SourceEventType, SourceSchedule, UnusableSetup
from kalends.domain.schedule import BookingLimits, Schedule
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.scheduling.event_type_slugs import list_free_slugs
from kalends.services.imports.connections import (
    SourceFailed,
    failures_as_errors,
    import_caller,
    open_account,
    require_connection,
    wait_here,
)
from kalends.services.imports.dry_runs import try_change
from kalends.store.availability import event_types, schedules
from kalends.store.imports import connections
from kalends.store.imports.setup import find_imported, put_imported

PATIENCE_SECONDS: Final = 60.0
# As they are stored.
SCHEDULES: Final = "schedule"
EVENT_TYPES: Final = "event type"

Schedules = Sequence[SourceSchedule | UnusableSetup]
EventTypes = Sequence[SourceEventType | UnusableSetup]


class SetupResult(Struct, frozen=True):
    """The result of one thing: its kind, its name there, what was done, and what was left out."""

    kind: str
    name: str
    done: str
    left_out: list[str]


async def import_setup(
    context: Context, organization_id: UUID, *, is_dry_run: bool
) -> list[SetupResult]:
    """Imports the schedules and event types that were not imported yet, and has the bookings of
    each event type go to its schedule. All or nothing; a dry run does nothing.

    Raises SourceError.
    """
    with failures_as_errors(context):
        found_schedules, found_types = await _ask(context, organization_id)
    caller = await import_caller(context, organization_id)
    change = try_change if is_dry_run else working.change
    return await change(context, caller, _import, found_schedules, found_types)


async def _ask(context: Context, organization_id: UUID) -> tuple[Schedules, EventTypes]:
    """Raises SourceFailed."""
    connection = await require_connection(context, organization_id)
    account = open_account(context, connection, PATIENCE_SECONDS, wait_here)
    found_schedules = await account.list_schedules()
    if not isinstance(found_schedules, list):
        raise SourceFailed(found_schedules)
    found_types = await account.list_event_types()
    if not isinstance(found_types, list):
        raise SourceFailed(found_types)
    return found_schedules, found_types


async def _import(
    work: UnitOfWork, found_schedules: Schedules, found_types: EventTypes
) -> list[SetupResult]:
    connection = await connections.lock_connection(work.tenant)
    assert connection is not None
    ours = await find_imported(work.tenant, SCHEDULES)
    results: list[SetupResult] = []
    by_default = connection.default_schedule_id
    for found in found_schedules:
        if isinstance(found, UnusableSetup):
            results.append(SetupResult(SCHEDULES, found.reason, "left out", []))
            continue
        results.append(await _import_schedule(work, found, ours))
        if found.is_default:
            by_default = ours[found.number]
    results += await _import_event_types(work, connection, found_types, ours, by_default)
    return results


async def _import_schedule(
    work: UnitOfWork, found: SourceSchedule, ours: dict[int, UUID]
) -> SetupResult:
    if found.number in ours:
        return SetupResult(SCHEDULES, found.name, _was_there(SCHEDULE, ours[found.number]), [])
    schedule = Schedule(
        id=new_id(),
        name=found.name,
        description=None,
        timezone=found.timezone,
        availability=found.availability,
        overrides=found.overrides,
        booking_limits=BookingLimits(),
        is_active=True,
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
    )
    await schedules.insert_schedule(work.tenant, schedule)
    await put_imported(work.tenant, SCHEDULES, found.number, schedule.id)
    ours[found.number] = schedule.id
    done = f"made {encode_id(SCHEDULE, schedule.id)}"
    return SetupResult(SCHEDULES, found.name, done, found.left_out)


async def _import_event_types(
    work: UnitOfWork,
    connection: ImportConnection,
    found_types: EventTypes,
    ours: dict[int, UUID],
    by_default: UUID,
) -> list[SetupResult]:
    """Each on its schedule; its bookings will go there too, unless a mapping says otherwise."""
    known = await find_imported(work.tenant, EVENT_TYPES)
    mapped = {mapping.event_type_id for mapping in connection.mappings}
    results, mappings = list[SetupResult](), list(connection.mappings)
    for found in found_types:
        if isinstance(found, UnusableSetup):
            results.append(SetupResult(EVENT_TYPES, found.reason, "left out", []))
            continue
        if found.number in known:
            done = _was_there(EVENT_TYPE, known[found.number])
            results.append(SetupResult(EVENT_TYPES, found.name, done, []))
            continue
        schedule_id = ours.get(found.schedule_number or 0, by_default)
        made = await _insert_event_type(work, found, schedule_id)
        await put_imported(work.tenant, EVENT_TYPES, found.number, made.id)
        done = f"made {encode_id(EVENT_TYPE, made.id)}"
        results.append(SetupResult(EVENT_TYPES, found.name, done, found.left_out))
        if found.number not in mapped:
            mappings.append(ScheduleMapping(event_type_id=found.number, schedule_id=schedule_id))
    if mappings != connection.mappings:
        await connections.set_mappings(work.tenant, mappings, work.recorded_at)
    return results


async def _insert_event_type(
    work: UnitOfWork, found: SourceEventType, schedule_id: UUID
) -> EventType:
    """Under its slug, if that is free here; else under one of its name."""
    values = structs.asdict(found)
    for name in ("number", "schedule_number", "slug", "left_out"):
        del values[name]
    own = [found.slug] if found.slug else []
    for slug in chain(own, await list_free_slugs(work, found.name)):
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
    raise SlugTaken(f"No slug could be found for {found.name!r}.")


def _was_there(prefix: str, id_: UUID) -> str:
    return f"is here already, as {encode_id(prefix, id_)}"
