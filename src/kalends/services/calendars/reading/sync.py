"""Reads calendars elsewhere by timetable. One worker at a time reads each, and no transaction is
open while it waits for a server.

A worker has a lease in the calendar's row, and writes only while it holds it. So if two read the
same calendar, because the first one hung, only one writes. What is known stays until something
better is known.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from msgspec import json, structs

from kalends.availability.interval import Interval
from kalends.availability.recurrence.zones import zone_of
from kalends.availability.wallclock import zone_named
from kalends.domain.access import Mode
from kalends.domain.calendars.connections import CalendarReading, ProviderName
from kalends.domain.calendars.failures import (
    CalendarFailure,
    CredentialsRefused,
    Unanswered,
)
from kalends.domain.calendars.states import ConnectionState
from kalends.domain.calendars.syncs import ReadingCounts
from kalends.domain.errors import Unavailable
from kalends.domain.ids import CALENDAR, encode_id, new_id
from kalends.formats.icalendar.reading.zones import known_zone_name
from kalends.runtime.blocked_organizations import BlockedOrganizations
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.services.calendars import channels
from kalends.services.calendars.accounts.health import (
    note_failure,
    note_readable,
    note_success,
    note_unreadable,
)
from kalends.services.calendars.accounts.logins import reason_of
from kalends.services.calendars.changes_there import SeenThere, note_changes
from kalends.services.calendars.known.imported import ImportedEvents, imported_events
from kalends.services.calendars.known.own_events import NO_OWN, Own, find_owners
from kalends.services.calendars.known.shapes import (
    KNOWN_AHEAD,
    KNOWN_BEFORE,
    NO_IMPORTS,
    ReadObject,
    busy_stretches,
    key_of,
    read_objects,
    spans_of,
)
from kalends.services.calendars.queue import (
    COMPARE_EVERY,
    LEASE,
    DueCalendar,
    enqueue_look,
    enqueue_readings,
)
from kalends.services.calendars.reading.looks import (
    ACTOR,
    SHARED,
    CalendarWorker,
    Look,
    Part,
    Whole,
    look_at,
)
from kalends.services.calendars.reading.overlaps import report_overlaps
from kalends.store.accounts.organizations import find_organization
from kalends.store.calendars import calendars, connections, events, links, readings
from kalends.store.calendars.imported import list_imported_bookings
from kalends.store.calendars.syncs import count_reading
from kalends.store.database import TenantConnection
from kalends.store.notifier import CALENDARS_CHANNEL
from kalends.store.outbox.calendar_lanes import wake_connection

log = structlog.get_logger("kalends.calendars")

CALENDARS_AT_ONCE: Final = 200
READ_EVERY: Final = timedelta(seconds=120)
# Calendars with a channel are read, too, since notifications get lost.
READ_PUSHED_EVERY: Final = timedelta(minutes=15)
READ_FILES_EVERY: Final = timedelta(minutes=10)
MOST_BETWEEN: Final = timedelta(hours=24)
JITTER: Final = 0.2
FIRST_RETRY: Final = timedelta(seconds=30)
LAST_RETRY: Final = timedelta(minutes=15)


async def start_due_readings(context: Context) -> int:
    """Queues a reading of each calendar that is due; returns how many."""
    started = 0
    blocked = BlockedOrganizations(context)
    async with context.database.connection() as tx:
        due = await readings.list_due_calendars(tx, context.clock(), CALENDARS_AT_ONCE)
    for organization_id, calendar_ids in due.items():
        caller = Caller(organization_id, Mode.LIVE, ACTOR, source=ACTOR)
        try:
            started += await change(context, caller, enqueue_readings, calendar_ids)
        except Unavailable as error:
            await blocked.add(organization_id, error)
    blocked.raise_first()
    return started


async def read_due_calendar(context: Context, payload: bytes) -> None:
    """The job: reads its calendar, unless that or its connection is gone or paused."""
    due = json.decode(payload, type=DueCalendar)
    holder = new_id()
    async with context.database.tenant_connection(due.organization_id) as tenant:
        calendar = await calendars.find_calendar(tenant, due.calendar_id)
        if calendar is None:
            return
        connection = await connections.find_connection(tenant, calendar.connection_id)
        until = context.clock() + LEASE
        progress = await readings.lease_calendar(tenant, calendar.id, holder, until)
        organization = await find_organization(tenant)
    if connection is None or progress is None or organization is None:
        return
    zone_name = organization.timezone
    await _read(
        CalendarWorker(
            context, due.organization_id, connection, calendar, zone_name, holder, progress
        )
    )


def organization_of(payload: bytes) -> UUID:
    return json.decode(payload, type=DueCalendar).organization_id


async def _read(worker: CalendarWorker) -> None:
    look = await look_at(worker)
    if isinstance(look, (Whole, Part)):
        await _store(worker, look)
    else:
        await _fail(worker, look)


async def _store(worker: CalendarWorker, look: Look) -> None:
    """Stores what was read, if this worker still has the lease."""
    now = worker.context.clock()
    if isinstance(look, Part) and not (look.changed or look.removed):
        await _store_nothing(worker, look, now)
        return
    owner = [worker.connection.account] if worker.connection.account else []
    since = now - KNOWN_BEFORE
    imported = await _imported(worker, since) if look.changed else NO_IMPORTS
    read, broken = await asyncio.to_thread(read_objects, look.changed, owner, since, imported)
    own = await _own(worker, read)
    reading, is_shared = await asyncio.to_thread(_reading, worker, look, read, own, now)
    unreadable_total = reading.unreadable_total + len(broken) + len(look.unreadable)
    reading = structs.replace(reading, unreadable_total=unreadable_total)
    progress = SHARED + look.progress if is_shared else look.progress
    await change(worker.context, worker.caller, _write, worker, look, reading, own, progress)


async def _store_nothing(worker: CalendarWorker, look: Part, now: datetime) -> None:
    """Stores a look that found nothing new, which most do, without the threads and queries of
    others."""
    known_until = worker.calendar.known_until or now
    nothing = CalendarReading(events=[], busy=[], known_until=known_until)
    as_caller = worker.context, worker.caller
    await change(*as_caller, _write, worker, look, nothing, NO_OWN, look.progress)


async def _write(
    work: UnitOfWork,
    worker: CalendarWorker,
    look: Look,
    reading: CalendarReading,
    own: Own,
    progress: str | None,
) -> None:
    """Stores the reading, sets when to read next, and queues what follows from it; all in the
    transaction that checks the lease."""
    tenant, calendar, now = work.tenant, worker.calendar, work.recorded_at
    generation = worker.connection.generation
    if not await readings.hold_calendar(tenant, calendar.id, worker.holder, generation):
        log.info("calendar_read_by_another", calendar=encode_id(CALENDAR, calendar.id))
        return
    if _says_anything(worker, reading):
        await events.store_reading(tenant, calendar.id, reading, now)
    else:
        await events.note_look(tenant, calendar.id, now)
    await _count(worker, tenant, ReadingCounts(len(look.changed), _removed_total(look)))
    is_pushed = await channels.is_pushed(work, worker.connection, calendar)
    due_at = now + _jittered(READ_PUSHED_EVERY if is_pushed else _interval(worker, look))
    compared_at = now if isinstance(look, Whole) and look.is_compared else None
    await readings.release_calendar(tenant, calendar.id, due_at, compared_at, progress)
    await note_success(work, worker.connection.id)
    await note_readable(work, calendar)
    if worker.connection.state is not ConnectionState.ACTIVE:
        await _go_on(work, worker.connection.id)
    if await note_changes(tenant, calendar.id, seen_in(look, reading, own), now):
        await enqueue_look(work, calendar.id)
    # At the end, in the order of locks: writing events locks their links before it reports.
    await report_overlaps(work, calendar.id, [key_of(each.href) for each in look.changed])


async def _go_on(work: UnitOfWork, connection_id: UUID) -> None:
    """Resumes what waited while the account did not work: writing events, and following changes."""
    await wake_connection(work.tenant, connection_id)
    work.notifications.add(CALENDARS_CHANNEL)
    for calendar_id in await links.list_suspicious_calendars(work.tenant, connection_id):
        await enqueue_look(work, calendar_id)


async def _own(worker: CalendarWorker, read: Sequence[ReadObject]) -> Own:
    """Which of the events we have written, and for what."""
    named = {own_id for each in read for own_id in each.own_ids}
    async with worker.context.database.tenant_connection(worker.organization_id) as tenant:
        own_ids = await readings.find_own_bookings(tenant, list(named)) if named else set()
        owners = await find_owners(tenant, worker.calendar.id, read)
    return Own(own_ids, owners)


async def _imported(worker: CalendarWorker, since: datetime) -> ImportedEvents:
    """The events that the source of imported bookings has written."""
    async with worker.context.database.tenant_connection(worker.organization_id) as tenant:
        return imported_events(await list_imported_bookings(tenant, worker.calendar.id, since))


async def _count(worker: CalendarWorker, tenant: TenantConnection, counts: ReadingCounts) -> None:
    """Counts the reading for the sync that requested it, if any."""
    if worker.progress.sync_id is not None:
        await count_reading(tenant, worker.calendar.id, worker.progress.sync_id, counts)


def _removed_total(look: Look) -> int:
    """The number of events that are known to be gone; a whole reading does not tell."""
    return len(look.removed) if isinstance(look, Part) else 0


def _reading(
    worker: CalendarWorker, look: Look, read: list[ReadObject], own: Own, now: datetime
) -> tuple[CalendarReading, bool]:
    span = Interval(int((now - KNOWN_BEFORE).timestamp()), int((now + KNOWN_AHEAD).timestamp()))
    stored = [own.stored(each) for each in read]
    kept = look.kept if isinstance(look, Whole) else []
    name = worker.calendar.timezone and known_zone_name(worker.calendar.timezone)
    zone = zone_of(name or None, zone_named(worker.zone_name))
    found = busy_stretches([*stored, *kept], span, zone)
    is_whole = isinstance(look, Whole)
    reading = CalendarReading(
        events=[*stored, *kept],
        busy=[] if worker.calendar.is_transparent else found.pieces,
        gone=[] if isinstance(look, Whole) else [key_of(href) for href in look.removed],
        is_whole=is_whole,
        known_until=now + KNOWN_AHEAD if is_whole else worker.calendar.known_until or now,
        unreadable_total=sum(each.unreadable_total for each in read) + found.incomplete_total,
    )
    return reading, found.is_shared


def seen_in(look: Look, reading: CalendarReading, own: Own) -> SeenThere:
    """What the reading has seen of our events. An event without a single time has None for it."""
    spans = spans_of(reading.busy)
    changed = [(href, *spans.get(key_of(href), (None, None))) for href in own.links]
    gone = None if isinstance(look, Whole) else look.removed
    return SeenThere(changed, gone, [event.ref for event in reading.events])


def _says_anything(worker: CalendarWorker, reading: CalendarReading) -> bool:
    return bool(reading.is_whole or reading.events or reading.gone)


async def _fail(worker: CalendarWorker, failure: CalendarFailure) -> None:
    """Records the failure. What was known stays; the connection shows since when it is stale, and
    why."""
    failures = await change(worker.context, worker.caller, _write_failure, worker, failure)
    log.warning(
        "calendar_not_read",
        organization=str(worker.organization_id),
        calendar=encode_id(CALENDAR, worker.calendar.id),
        reason=reason_of(failure),
        failures=failures,
    )


async def _write_failure(work: UnitOfWork, worker: CalendarWorker, failure: CalendarFailure) -> int:
    connection, reason = worker.connection, reason_of(failure)
    is_refused = isinstance(failure, CredentialsRefused)
    failures = await note_failure(
        work, connection.id, connection.generation, reason, is_refused=is_refused
    )
    if not is_refused:
        await note_unreadable(work, worker.calendar, reason)
    due_at = work.recorded_at + _jittered(_retry_after(failure, failures))
    await _count(worker, work.tenant, ReadingCounts(has_failed=True))
    calendar_id, holder = worker.calendar.id, worker.holder
    await readings.postpone_calendar(work.tenant, calendar_id, holder, due_at, reason)
    await readings.end_reading(work.tenant, connection.id)
    return failures


def _retry_after(failure: CalendarFailure, failures: int) -> timedelta:
    seconds = failure.retry_after_seconds if isinstance(failure, Unanswered) else None
    doubled: int = 1 << min(failures - 1, 10)
    grown = min(FIRST_RETRY * doubled, LAST_RETRY)
    return grown if seconds is None else min(max(grown, timedelta(seconds=seconds)), MOST_BETWEEN)


def _interval(worker: CalendarWorker, look: Look) -> timedelta:
    refresh_seconds = look.refresh_seconds
    if worker.connection.provider is ProviderName.TEST:
        return COMPARE_EVERY
    if refresh_seconds is not None:
        return min(timedelta(seconds=refresh_seconds), MOST_BETWEEN)
    is_file = worker.connection.provider.reads_files
    return READ_FILES_EVERY if is_file else READ_EVERY


def _jittered(span: timedelta) -> timedelta:
    return timedelta(seconds=span.total_seconds() * random.uniform(1 - JITTER, 1 + JITTER))
