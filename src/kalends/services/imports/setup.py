"""Imports the setup of an account: its schedules and event types.

Each is created once: what was imported before is left as it is here, whatever has changed at the
source.
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
    open_for_caller,
)
from kalends.services.imports.dry_runs import try_change
from kalends.store.availability import event_types, schedules
from kalends.store.imports import connections
from kalends.store.imports.setup import find_imported, put_imported

SETUP_GIVES_UP_AFTER_SECONDS: Final = 60.0
# The kinds as they are stored.
SCHEDULES: Final = "schedule"
EVENT_TYPES: Final = "event type"

Schedules = Sequence[SourceSchedule | UnusableSetup]
EventTypes = Sequence[SourceEventType | UnusableSetup]


class SetupResult(Struct, frozen=True):
    """The result of one schedule or event type: its kind, its name at the source, what was done,
    and what was left out."""

    kind: str
    name: str
    done: str
    left_out: list[str]


async def import_setup(
    context: Context, organization_id: UUID, *, is_dry_run: bool
) -> list[SetupResult]:
    """Imports the schedules and event types that were not imported before, and maps the bookings of
    each event type to its schedule. All or nothing; a dry run changes nothing.

    Raises SourceError.
    """
    with failures_as_errors(context):
        source_schedules, source_types = await _ask(context, organization_id)
    caller = await import_caller(context, organization_id)
    change = try_change if is_dry_run else working.change
    return await change(context, caller, _import, source_schedules, source_types)


async def _ask(context: Context, organization_id: UUID) -> tuple[Schedules, EventTypes]:
    """Raises SourceFailed."""
    _, account = await open_for_caller(context, organization_id, SETUP_GIVES_UP_AFTER_SECONDS)
    source_schedules = await account.list_schedules()
    if not isinstance(source_schedules, list):
        raise SourceFailed(source_schedules)
    source_types = await account.list_event_types()
    if not isinstance(source_types, list):
        raise SourceFailed(source_types)
    return source_schedules, source_types


async def _import(
    work: UnitOfWork, source_schedules: Schedules, source_types: EventTypes
) -> list[SetupResult]:
    connection = await connections.lock_connection(work.tenant)
    assert connection is not None
    known_ids = await find_imported(work.tenant, SCHEDULES)
    results: list[SetupResult] = []
    by_default = connection.default_schedule_id
    for source_schedule in source_schedules:
        if isinstance(source_schedule, UnusableSetup):
            results.append(SetupResult(SCHEDULES, source_schedule.reason, "left out", []))
            continue
        results.append(await _import_schedule(work, source_schedule, known_ids))
        if source_schedule.is_default:
            by_default = known_ids[source_schedule.number]
    results += await _import_event_types(work, connection, source_types, known_ids, by_default)
    return results


async def _import_schedule(
    work: UnitOfWork, source_schedule: SourceSchedule, known_ids: dict[int, UUID]
) -> SetupResult:
    if source_schedule.number in known_ids:
        return SetupResult(
            SCHEDULES,
            source_schedule.name,
            _was_there(SCHEDULE, known_ids[source_schedule.number]),
            [],
        )
    schedule = Schedule(
        id=new_id(),
        name=source_schedule.name,
        description=None,
        timezone=source_schedule.timezone,
        availability=source_schedule.availability,
        overrides=source_schedule.overrides,
        booking_limits=BookingLimits(),
        is_active=True,
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
    )
    await schedules.insert_schedule(work.tenant, schedule)
    await put_imported(work.tenant, SCHEDULES, source_schedule.number, schedule.id)
    known_ids[source_schedule.number] = schedule.id
    done = f"made {encode_id(SCHEDULE, schedule.id)}"
    return SetupResult(SCHEDULES, source_schedule.name, done, source_schedule.left_out)


async def _import_event_types(
    work: UnitOfWork,
    connection: ImportConnection,
    source_types: EventTypes,
    known_ids: dict[int, UUID],
    by_default: UUID,
) -> list[SetupResult]:
    """Creates each event type on its schedule, to which its bookings will go, unless a mapping says
    otherwise."""
    imported = await find_imported(work.tenant, EVENT_TYPES)
    mapped = {mapping.event_type_id for mapping in connection.mappings}
    results, mappings = list[SetupResult](), list(connection.mappings)
    for source_type in source_types:
        if isinstance(source_type, UnusableSetup):
            results.append(SetupResult(EVENT_TYPES, source_type.reason, "left out", []))
            continue
        if source_type.number in imported:
            done = _was_there(EVENT_TYPE, imported[source_type.number])
            results.append(SetupResult(EVENT_TYPES, source_type.name, done, []))
            continue
        schedule_id = known_ids.get(source_type.schedule_number or 0, by_default)
        event_type = await _insert_event_type(work, source_type, schedule_id)
        await put_imported(work.tenant, EVENT_TYPES, source_type.number, event_type.id)
        done = f"made {encode_id(EVENT_TYPE, event_type.id)}"
        results.append(SetupResult(EVENT_TYPES, source_type.name, done, source_type.left_out))
        if source_type.number not in mapped:
            mappings.append(
                ScheduleMapping(event_type_id=source_type.number, schedule_id=schedule_id)
            )
    if mappings != connection.mappings:
        await connections.set_mappings(work.tenant, mappings, work.recorded_at)
    return results


async def _insert_event_type(
    work: UnitOfWork, source_type: SourceEventType, schedule_id: UUID
) -> EventType:
    """Inserts the event type under its slug if that is free here, else under one made from its
    name."""
    values = structs.asdict(source_type)
    for name in ("number", "schedule_number", "slug", "left_out"):
        del values[name]
    own = [source_type.slug] if source_type.slug else []
    for slug in chain(own, await list_free_slugs(work, source_type.name)):
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
    raise SlugTaken(f"No slug could be found for {source_type.name!r}.")


def _was_there(prefix: str, id_: UUID) -> str:
    return f"is here already, as {encode_id(prefix, id_)}"
