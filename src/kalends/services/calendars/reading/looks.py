"""A look at a calendar: what has changed in it since the last look, or all that it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode
from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.connections import (
    CalendarConnection,
    ConnectedCalendar,
    ProviderName,
    StoredEvent,
)
from kalends.domain.calendars.failures import (
    AnotherAccount,
    CalendarFailure,
    CredentialsRefused,
    TokenRefused,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.runtime.unit_of_work import Caller, Context
from kalends.services.calendars.accounts.identity import ask_whose
from kalends.services.calendars.accounts.logins import open_account
from kalends.services.calendars.known.shapes import KNOWN_AHEAD, KNOWN_BEFORE
from kalends.services.calendars.queue import COMPARE_EVERY
from kalends.store.calendars import connections, events
from kalends.store.calendars.readings import CalendarProgress

ACTOR: Final = "kalends"
# Prefix of the stored progress of a calendar that was seen to be empty, all at once, for one time.
EMPTIED: Final = "emptied "
# Prefix of the stored progress of a calendar with so many busy pieces that they do not tell whose
# they are: any change in it changes all of them.
SHARED: Final = "shared "


class Whole(Struct, frozen=True):
    """All that a calendar has: the objects in `changed` were read, those in `kept` are as they
    were. Unless `is_compared`, we know that only from the changes that the server reports."""

    changed: list[CalendarObject]
    kept: list[StoredEvent]
    progress: str
    unreadable: list[str]
    refresh_seconds: int | None
    is_compared: bool = True


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

    @property
    def caller(self) -> Caller:
        return Caller(self.organization_id, Mode.LIVE, ACTOR, source=ACTOR)


async def look_at(worker: CalendarWorker) -> Look | CalendarFailure:
    """What has changed since the last look. Once a day all of the calendar is compared, since
    tokens lie."""
    if worker.connection.provider is ProviderName.TEST:
        return await _kept_as_it_is(worker)
    account = open_account(worker.context, worker.organization_id, worker.connection)
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
        token = progress.removeprefix(SHARED)
        changes = await account.read_changes(url, token)
        if isinstance(changes, Changes) and progress != token:
            return await _of_shared(worker, changes)
        if isinstance(changes, Changes):
            return _part(worker, changes, progress)
        if not isinstance(changes, TokenRefused):
            return changes
    return await _compare(worker, account)


async def _kept_as_it_is(worker: CalendarWorker) -> Whole:
    """A calendar that a sandbox has filled itself: its events are only expanded farther ahead."""
    known = await _known(worker)
    return Whole([], known, "", [], None)


def _whole(reading: FullReading | CalendarFailure) -> Whole | CalendarFailure:
    if not isinstance(reading, FullReading):
        return reading
    return Whole(reading.objects, [], reading.token, reading.unreadable, reading.refresh_seconds)


def _part(worker: CalendarWorker, changes: Changes, progress: str) -> Part:
    """The changes. That all is gone at once is believed only if it is seen twice, from the same
    token."""
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


async def _of_shared(worker: CalendarWorker, changes: Changes) -> Look:
    """All of the calendar if something has changed in it, without fetching the rest again."""
    is_doubtful = changes.is_emptied and not _was_emptied(worker)
    if is_doubtful or not (changes.changed or changes.removed):
        before = (worker.progress.progress or "").removeprefix(EMPTIED)
        progress = EMPTIED + before if is_doubtful else SHARED + changes.token
        return Part([], [], progress, changes.unreadable, changes.refresh_seconds)
    return _with_known(await _known(worker), changes, is_compared=False)


async def _known(worker: CalendarWorker) -> list[StoredEvent]:
    async with worker.context.database.tenant_connection(worker.organization_id) as tenant:
        return await events.list_events(tenant, worker.calendar.id)


def _with_known(known: Sequence[StoredEvent], changes: Changes, *, is_compared: bool) -> Whole:
    left = {each.href for each in changes.changed} | set(changes.removed)
    kept = [event for event in known if event.ref not in left]
    return Whole(
        changes.changed,
        kept,
        changes.token,
        changes.unreadable,
        changes.refresh_seconds,
        is_compared,
    )


async def _compare(worker: CalendarWorker, account: CalendarAccount) -> Look | CalendarFailure:
    whose = await ask_whose(account, worker.connection)
    if isinstance(whose, AnotherAccount):
        return whose
    if whose is not None and worker.connection.principal is None:
        await _note_whose(worker, whose.principal)
    known = await _known(worker)
    etags = {event.ref: event.etag for event in known}
    changes = await account.compare_all(worker.calendar.remote_id, etags, _window(worker))
    if not isinstance(changes, Changes):
        return changes
    if changes.is_emptied and not _was_emptied(worker):
        return _part(worker, changes, worker.progress.progress or "")
    return _with_known(known, changes, is_compared=True)


async def _note_whose(worker: CalendarWorker, principal: str | None) -> None:
    """Records the account's principal, for connections that were made before it was stored."""
    async with worker.context.database.tenant_transaction(worker.organization_id) as tenant:
        await connections.note_principal(tenant, worker.connection.id, principal)


def _window(worker: CalendarWorker) -> ReadingWindow:
    now = worker.context.clock()
    return ReadingWindow(now - KNOWN_BEFORE, now + KNOWN_AHEAD)
