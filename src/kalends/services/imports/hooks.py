"""Webhooks of a source: each is only a hint that a booking may have changed.

The booking is then fetched, so a hook that is late or repeated does no harm.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from msgspec import Struct, json

from kalends.domain.errors import NotFound, Unauthorized
from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.sources import (
    KeyUnreadable,
    NoAnswer,
    NotConnected,
    RowGone,
    SourcePage,
    Trouble,
)
from kalends.domain.tenant_tokens import key_of
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.services.imports.accounts import with_account
from kalends.services.imports.connections import (
    SourceFailed,
    import_caller,
    open_account,
    require_connection,
    source_of,
    webhook_secret_of,
)
from kalends.services.imports.importer import BookingImporter, no_lease
from kalends.store.imports.connections import find_connection_by_hook
from kalends.store.imports.names import HOOK_JOB

log = structlog.get_logger("kalends.imports")

# A waiting job occupies a place, so for longer pauses it goes back into the queue.
HOOK_GIVES_UP_AFTER_SECONDS: Final = 3.0
LONGEST_PAUSE_SECONDS: Final = 2.0
# A hint expires after this, however often its job was postponed.
LONGEST_HINT: Final = timedelta(days=1)


class HookHint(Struct, frozen=True):
    """The payload of a hook's job: a booking to fetch. `taken_at` is when the hook was received, in
    Unix seconds."""

    organization_id: UUID
    uid: str
    taken_at: float | None = None


class _TryLater(Exception):
    """The account asks for a pause, in seconds, that is too long to wait in the job."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def receive_hook(context: Context, token: str, signature: str | None, body: bytes) -> None:
    """Checks the signature of the raw body, and queues fetching the booking that it names.

    Raises NotFound for an unknown URL, Unauthorized.
    """
    async with context.database.connection() as tx:
        connection = await find_connection_by_hook(tx, key_of(token))
    if connection is None:
        raise NotFound("There is no such hook.")
    _check_signature(context, connection, signature, body)
    uid = source_of(context).uid_in_hook(body)
    if uid is None:
        return
    caller = await import_caller(context, connection.organization_id)
    await working.change(context, caller, _enqueue_hint, uid)


async def follow_hook(context: Context, payload: bytes) -> timedelta | None:
    """The job for a hook: fetches the booking and imports it. A booking that is gone at the source
    is left alone here, and an expired hint is dropped: the next sync covers it."""
    hint = json.decode(payload, type=HookHint)
    if hint.taken_at is not None and hint.taken_at < (context.clock() - LONGEST_HINT).timestamp():
        log.warning("a hook could not be followed in time", uid=hint.uid)
        return None
    try:
        await _import_hinted(context, hint)
    except _TryLater as later:
        return timedelta(seconds=later.seconds)
    except SourceFailed as failed:
        if isinstance(failed.failure, NotConnected | KeyUnreadable):
            return None
        error = source_of(context).error_of(failed.failure)
        if isinstance(failed.failure, NoAnswer):
            raise error from failed
        log.warning("a hook could not be followed", uid=hint.uid, error=error.message)
    return None


def organization_of(payload: bytes) -> UUID:
    """The organization of the job's booking."""
    return json.decode(payload, type=HookHint).organization_id


def _check_signature(
    context: Context, connection: ImportConnection, signature: str | None, body: bytes
) -> None:
    """Raises Unauthorized."""
    if connection.webhook_secret is None:
        raise Unauthorized("Hooks are not taken, as the connection has no webhookSecret.")
    secret = webhook_secret_of(context, connection)
    if secret is None:
        raise Unauthorized("Hooks are not taken. Connect it again.")
    if not source_of(context).is_signed(body, signature or "", secret.encode()):
        raise Unauthorized("The signature does not belong to this body.")


async def _enqueue_hint(work: UnitOfWork, uid: str) -> None:
    hint = HookHint(work.organization_id, uid, work.recorded_at.timestamp())
    await work.enqueue_job(HOOK_JOB, json.encode(hint))


async def _import_hinted(context: Context, hint: HookHint) -> None:
    connection = await require_connection(context, hint.organization_id)
    account = open_account(context, connection, HOOK_GIVES_UP_AFTER_SECONDS, _wait_a_little)
    page = await account.find_booking(hint.uid)
    if isinstance(page, RowGone):
        return
    if not isinstance(page, SourcePage):
        raise SourceFailed(page)
    connection = await with_account(context, connection, account)
    caller = await import_caller(context, hint.organization_id)
    importer = BookingImporter(context, caller, connection, None, no_lease)
    await importer.import_with_chain(account, page)


async def _wait_a_little(seconds: float, _: Trouble) -> None:
    """The pause of a job: waits if it is short, else raises _TryLater to free its place."""
    if seconds > LONGEST_PAUSE_SECONDS:
        raise _TryLater(seconds)
    await asyncio.sleep(seconds)
