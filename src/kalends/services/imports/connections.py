"""The connection to a source of bookings: create, get, delete, and open the account behind it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode, hash_of
from kalends.domain.errors import NotFound
from kalends.domain.ids import SCHEDULE, encode_id, new_id
from kalends.domain.imports.connections import ImportConnection, OnConflict, ScheduleMapping
from kalends.domain.imports.sources import (
    NO_TROUBLE,
    AccountKey,
    BookingSource,
    KeyUnreadable,
    NotConnected,
    Pause,
    SourceAccount,
    SourceFailure,
    Trouble,
)
from kalends.domain.tenant_tokens import new_tenant_token
from kalends.runtime import unit_of_work as working
from kalends.runtime.if_match import IfMatch, check_version
from kalends.runtime.outbound_urls import check_outbound_url
from kalends.runtime.sealing import SealBroken
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.store.accounts.organizations import find_organization, lock_organization
from kalends.store.availability.schedules import protect_schedules
from kalends.store.imports import connections
from kalends.store.imports.names import KEY_PURPOSE, PROVIDER, SECRET_PURPOSE, TOKEN_PURPOSE


class NewConnection(Struct, frozen=True, kw_only=True):
    """A connection as an admin requests it, parsed."""

    base_url: str
    api_key: str
    default_schedule_id: UUID
    mappings: list[ScheduleMapping]
    on_conflict: OnConflict
    interval_minutes: int
    webhook_secret: str | None


class SourceFailed(Exception):
    """The source could not be used; the value says why."""

    def __init__(self, failure: SourceFailure) -> None:
        super().__init__(failure)
        self.failure = failure


@contextmanager
def failures_as_errors(context: Context) -> Iterator[None]:
    """Turns a SourceFailed inside the block into a SourceError in the provider's words."""
    try:
        yield
    except SourceFailed as failed:
        raise source_of(context).error_of(failed.failure) from failed


def source_of(context: Context) -> BookingSource:
    """The provider of the stored connections."""
    return context.gateways.sources[PROVIDER]


async def connect(
    context: Context, caller: Caller, new: NewConnection, if_match: IfMatch = None
) -> ImportConnection:
    """Creates or replaces the connection, and resets only how far the sync has come. Its
    generations are its versions; 0 is no connection. Does not contact the source. Raises NotFound
    (a schedule), Invalid, Stale."""
    await working.read(context, caller, _check_schedules, new)
    # The provider's own address is accepted without a look-up, which may fail just now.
    if new.base_url != source_of(context).default_base_url:
        await check_outbound_url(context, "baseUrl", new.base_url)
    return await working.change(context, caller, _put, new, if_match)


async def get_connection(work: UnitOfWork) -> ImportConnection:
    """Raises NotFound."""
    connection = await connections.find_connection(work.tenant)
    if connection is None:
        raise _no_connection(work.context)
    return connection


async def disconnect(work: UnitOfWork) -> UUID:
    """Deletes the connection. Its bookings stay, and so does what is known of their rows.

    Raises NotFound.
    """
    id_ = await connections.delete_connection(work.tenant)
    if id_ is None:
        raise _no_connection(work.context)
    return id_


def version_of(connection: ImportConnection | None) -> int:
    return 0 if connection is None else connection.generation


async def require_connection(context: Context, organization_id: UUID) -> ImportConnection:
    """Raises SourceFailed."""
    async with context.database.tenant_connection(organization_id) as tenant:
        connection = await connections.find_connection(tenant)
    if connection is None:
        raise SourceFailed(NotConnected())
    return connection


async def open_for_caller(
    context: Context, organization_id: UUID, give_up_after_seconds: float
) -> tuple[ImportConnection, SourceAccount]:
    """The connection and its account, for a caller that waits: it sleeps through the pauses that
    the source asks for. Raises SourceFailed."""
    connection = await require_connection(context, organization_id)
    return connection, open_account(context, connection, give_up_after_seconds, sleep_here)


def open_account(
    context: Context,
    connection: ImportConnection,
    give_up_after_seconds: float,
    pause: Pause,
    trouble: Trouble = NO_TROUBLE,
) -> SourceAccount:
    """The account behind the connection; `trouble` is what earlier requests of the same work have
    met.

    Raises SourceFailed if its key cannot be opened any more.
    """
    api_key = api_key_of(context, connection)
    if api_key is None:
        raise SourceFailed(KeyUnreadable())
    key = AccountKey(
        base_url=connection.base_url,
        api_key=api_key,
        give_up_after_seconds=give_up_after_seconds,
        pause=pause,
        trouble=trouble,
    )
    return source_of(context).open_account(key)


async def sleep_here(seconds: float, _: Trouble) -> None:
    """The pause for a caller that can wait."""
    await asyncio.sleep(seconds)


def api_key_of(context: Context, connection: ImportConnection) -> str | None:
    """The decrypted key; None if KALENDS_SECRET is another one now."""
    return _opened(context, connection.api_key, KEY_PURPOSE)


def webhook_secret_of(context: Context, connection: ImportConnection) -> str | None:
    """The secret that signs webhooks; None without one, or if KALENDS_SECRET is another one now."""
    return _opened(context, connection.webhook_secret, SECRET_PURPOSE)


def hook_token(context: Context, connection: ImportConnection) -> str | None:
    """The token in the URL of the connection's hook; None if KALENDS_SECRET is another one now."""
    return _opened(context, connection.hook_token, TOKEN_PURPOSE)


async def import_caller(context: Context, organization_id: UUID) -> Caller:
    """The caller for changes of bookings that come from the source."""
    async with context.database.tenant_connection(organization_id) as tenant:
        organization = await find_organization(tenant)
    mode = organization.mode if organization else Mode.LIVE
    return Caller(organization_id=organization_id, mode=mode, actor=PROVIDER, source=PROVIDER)


def _no_connection(context: Context) -> NotFound:
    return NotFound(source_of(context).error_of(NotConnected()).message)


def _opened(context: Context, sealed: bytes | None, purpose: str) -> str | None:
    if sealed is None:
        return None
    try:
        return context.seal.open(sealed, purpose).decode()
    except SealBroken:
        return None


async def _check_schedules(work: UnitOfWork, new: NewConnection) -> None:
    """Raises NotFound if a schedule does not exist."""
    ids = {new.default_schedule_id, *(m.schedule_id for m in new.mappings)}
    missing = ids - await protect_schedules(work.tenant, sorted(ids))
    for id_ in sorted(missing):
        raise NotFound.with_id(SCHEDULE, encode_id(SCHEDULE, id_))


async def _put(work: UnitOfWork, new: NewConnection, if_match: IfMatch) -> ImportConnection:
    await lock_organization(work.tenant)  # none has no row that could be locked
    check_version(version_of(await connections.lock_connection(work.tenant)), if_match)
    await _check_schedules(work, new)
    seal = work.context.seal
    token = new_tenant_token(work.organization_id)
    secret = new.webhook_secret
    connection = ImportConnection(
        organization_id=work.organization_id,
        id=new_id(),
        base_url=new.base_url.rstrip("/"),
        api_key=seal.close(new.api_key.encode(), KEY_PURPOSE),
        last_four=new.api_key[-4:],
        default_schedule_id=new.default_schedule_id,
        mappings=new.mappings,
        on_conflict=new.on_conflict,
        interval_minutes=new.interval_minutes,
        webhook_secret=seal.close(secret.encode(), SECRET_PURPOSE) if secret else None,
        hook_token=seal.close(token.encode(), TOKEN_PURPOSE),
        hook_hash=hash_of(token),
        generation=1,
        walked_since=None,
        walked_to=None,
        changed_since=None,
        due_at=connections.next_due(work.recorded_at, new.interval_minutes),
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
    )
    return await connections.put_connection(work.tx, connection)
