"""A look at a calendar: what has changed in it since the last one, or all that it has."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.connections import (
    CalendarConnection,
    ConnectedCalendar,
    ProviderName,
    StoredEvent,
)
from kalends.domain.calendars.failures import CalendarFailure, CredentialsRefused, TokenRefused
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.logins import open_account
from kalends.services.calendars.shapes import KNOWN_AHEAD, KNOWN_BEFORE
from kalends.store.calendars import events
from kalends.store.calendars.readings import CalendarProgress

COMPARE_EVERY: Final = timedelta(hours=24)
# Before the progress of a calendar that was seen empty once, all at once.
EMPTIED: Final = "emptied "


class Whole(Struct, frozen=True):
    """All that a calendar has: `changed` of it was read, the rest (`kept`) is as it was."""

    changed: list[CalendarObject]
    kept: list[StoredEvent]
    progress: str
    unreadable: list[str]
    refresh_seconds: int | None


class Part(Struct, frozen=True):
    """What has changed since the last look."""

    changed: list[CalendarObject]
    removed: list[str]
    progress: str
    unreadable: list[str]
    refresh_seconds: int | None


Look: TypeAlias = Whole | Part


@dataclass(frozen=True)
class CalendarWorker:
    """One reading of one calendar."""

    context: Context
    organization_id: UUID
    connection: CalendarConnection
    calendar: ConnectedCalendar
    zone_name: str
    holder: UUID
    progress: CalendarProgress


async def look_at(worker: CalendarWorker) -> Look | CalendarFailure:
    """What has changed since the last look; once a day all of it is compared, since tokens lie."""
    if worker.connection.provider is ProviderName.TEST:
        return await _kept_as_it_is(worker)
    account = open_account(worker.context, worker.connection)
    if isinstance(account, CredentialsRefused):
        return account
    return await _look(worker, account)


async def _look(worker: CalendarWorker, account: CalendarAccount) -> Look | CalendarFailure:
    progress, compared_at = worker.progress.progress, worker.progress.compared_at
    progress = None if progress is None else progress.removeprefix(EMPTIED)
    is_old = compared_at is None or compared_at < worker.context.clock() - COMPARE_EVERY
    url = worker.calendar.remote_id
    if progress is None:
        return _whole(await account.read_all(url, _window(worker)))
    if not is_old:
        changes = await account.read_changes(url, progress)
        if isinstance(changes, Changes):
            return _part(worker, changes, progress)
        if not isinstance(changes, TokenRefused):
            return changes
    return await _compare(worker, account)


async def _kept_as_it_is(worker: CalendarWorker) -> Whole:
    """What a sandbox has filled its calendar with: only known farther ahead."""
    async with worker.context.database.tenant_connection(worker.organization_id) as tenant:
        known = await events.list_events(tenant, worker.calendar.id)
    return Whole([], known, "", [], None)


def _whole(reading: FullReading | CalendarFailure) -> Whole | CalendarFailure:
    if not isinstance(reading, FullReading):
        return reading
    return Whole(reading.objects, [], reading.token, reading.unreadable, reading.refresh_seconds)


def _part(worker: CalendarWorker, changes: Changes, progress: str) -> Part:
    """All gone at once is believed when it is seen twice: from the same token as before."""
    if changes.is_emptied and not _was_emptied(worker):
        return Part([], [], EMPTIED + progress, [], changes.refresh_seconds)
    return Part(
        changes.changed,
        changes.removed,
        changes.token,
        changes.unreadable,
        changes.refresh_seconds,
    )


def _was_emptied(worker: CalendarWorker) -> bool:
    return (worker.progress.progress or "").startswith(EMPTIED)


async def _compare(worker: CalendarWorker, account: CalendarAccount) -> Look | CalendarFailure:
    async with worker.context.database.tenant_connection(worker.organization_id) as tenant:
        known = await events.list_events(tenant, worker.calendar.id)
    etags = {event.ref: event.etag for event in known}
    changes = await account.compare_all(worker.calendar.remote_id, etags, _window(worker))
    if not isinstance(changes, Changes):
        return changes
    if changes.is_emptied and not _was_emptied(worker):
        return _part(worker, changes, worker.progress.progress or "")
    left = {each.href for each in changes.changed} | set(changes.removed)
    kept = [event for event in known if event.ref not in left]
    return Whole(changes.changed, kept, changes.token, changes.unreadable, changes.refresh_seconds)


def _window(worker: CalendarWorker) -> ReadingWindow:
    now = worker.context.clock()
    return ReadingWindow(now - KNOWN_BEFORE, now + KNOWN_AHEAD)
