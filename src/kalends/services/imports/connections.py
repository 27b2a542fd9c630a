"""The connection to Cal.com: made, shown, ended; and what its hooks hint at."""

import asyncio
import hashlib
import hmac
import json as lenient_json
import secrets
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json

from kalends.domain.access import Mode, hash_of
from kalends.domain.errors import (
    CalcomKeyRefused,
    CalcomNotConfigured,
    CalcomUnavailable,
    CalcomUnsupported,
    Invalid,
    KalendsError,
    NotFound,
    Unauthorized,
)
from kalends.domain.ids import SCHEDULE, encode_id, new_id
from kalends.domain.imports.merging import PROVIDER, ScheduleMapping
from kalends.domain.imports.runs import DEFAULT_BASE_URL, ImportConnection, OnConflict
from kalends.domain.imports.sources import (
    NO_TROUBLE,
    AccountKey,
    Failure,
    KeyRefused,
    Pause,
    SourceAccount,
    Trouble,
    Unsupported,
)
from kalends.gateways.calcom.rows import clean, uid_in
from kalends.runtime import unit_of_work as working
from kalends.runtime.sealing import SealBroken
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.store.accounts.organizations import find_organization
from kalends.store.availability.schedules import protect_schedules
from kalends.store.imports import connections

KEY_PURPOSE: Final = "calcom key"
SECRET_PURPOSE: Final = "calcom webhook secret"
TOKEN_PURPOSE: Final = "calcom hook token"
TOKEN_BYTES: Final = 24
FETCH_JOB: Final = "calcom.fetch"
NOT_CONFIGURED: Final = "Cal.com is not connected. PUT /api/integrations/calcom connects it."


class NewConnection(Struct, frozen=True, kw_only=True):
    """What an admin asks for, parsed."""

    base_url: str
    api_key: str
    default_schedule_id: UUID
    mappings: list[ScheduleMapping]
    on_conflict: OnConflict
    interval_minutes: int
    webhook_secret: str | None


class HookHint(Struct, frozen=True):
    """What a hook leaves behind: a booking that is worth asking for. `taken_at` is when it came,
    in Unix seconds."""

    organization_id: UUID
    uid: str
    taken_at: float | None = None


class SourceFailed(Exception):
    """The account could not be asked; the value says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


async def connect(context: Context, caller: Caller, wanted: NewConnection) -> ImportConnection:
    """Makes the connection, or replaces it; how far the sync had come is forgotten, and nothing
    else. Nothing is asked of Cal.com. Raises NotFound (a schedule), Invalid."""
    await working.read(context, caller, _check_schedules, wanted)
    # Its own address is fine, also where no name can be looked up just now.
    if wanted.base_url != DEFAULT_BASE_URL:
        fault = await context.gateways.http.find_fault(wanted.base_url)
        if fault is not None:
            raise Invalid.field("baseUrl", fault)
    return await working.change(context, caller, _put, wanted)


async def get_connection(work: UnitOfWork) -> ImportConnection:
    """Raises NotFound."""
    connection = await connections.find_connection(work.tenant)
    if connection is None:
        raise NotFound(NOT_CONFIGURED)
    return connection


async def disconnect(work: UnitOfWork) -> UUID:
    """Ends the connection; the bookings stay, and so does what is known of their rows.

    Raises NotFound.
    """
    id_ = await connections.delete_connection(work.tenant)
    if id_ is None:
        raise NotFound(NOT_CONFIGURED)
    return id_


async def require_connection(context: Context, organization_id: UUID) -> ImportConnection:
    """Raises CalcomNotConfigured."""
    async with context.database.tenant_connection(organization_id) as tenant:
        connection = await connections.find_connection(tenant)
    if connection is None:
        raise CalcomNotConfigured(NOT_CONFIGURED)
    return connection


async def wait_here(seconds: float, _: Trouble) -> None:
    """The pause of one who has time."""
    await asyncio.sleep(seconds)


def open_account(
    context: Context,
    connection: ImportConnection,
    patience_seconds: float,
    pause: Pause,
    trouble: Trouble = NO_TROUBLE,
) -> SourceAccount:
    """The account behind the connection; `trouble` is what was met before at the same work.

    Raises CalcomNotConfigured where its key cannot be opened
    any more, CalcomUnavailable where there is no way out."""
    if context.gateways.calcom is None:
        raise CalcomUnavailable("There is no way to Cal.com from here.")
    try:
        api_key = context.seal.open(connection.api_key, KEY_PURPOSE).decode()
    except SealBroken as error:
        raise CalcomNotConfigured(
            "The key for Cal.com was stored under another KALENDS_SECRET. Connect it again."
        ) from error
    key = AccountKey(
        base_url=connection.base_url,
        api_key=api_key,
        patience_seconds=patience_seconds,
        pause=pause,
        trouble=trouble,
    )
    return context.gateways.calcom(key)


def error_of(failure: Failure) -> KalendsError:
    """The failure as an error with a code."""
    if isinstance(failure, KeyRefused):
        return CalcomKeyRefused("Cal.com refuses the API key. Connect it again with another one.")
    if isinstance(failure, Unsupported):
        return CalcomUnsupported(failure.reason)
    return CalcomUnavailable(f"Cal.com cannot be reached: {failure.reason}.")


def hook_token(context: Context, connection: ImportConnection) -> str | None:
    """The token in the address of the connection's hook; None under another KALENDS_SECRET."""
    try:
        return context.seal.open(connection.hook_token, TOKEN_PURPOSE).decode()
    except SealBroken:
        return None


async def import_caller(context: Context, organization_id: UUID) -> Caller:
    """Who changes bookings where the change came from there."""
    async with context.database.tenant_connection(organization_id) as tenant:
        organization = await find_organization(tenant)
    mode = organization.mode if organization else Mode.LIVE
    return Caller(organization_id=organization_id, mode=mode, actor=PROVIDER, source=PROVIDER)


def organization_of(payload: bytes) -> UUID:
    """Whose booking the job fetches."""
    return json.decode(payload, type=HookHint).organization_id


async def receive_hook(context: Context, token: str, signature: str | None, body: bytes) -> None:
    """Checks the signature over the body as it came, and has the booking fetched that it names.

    It is a hint and never the truth: however late it comes, or how often, what is fetched is what
    holds now. Raises NotFound for an unknown address, Unauthorized.
    """
    async with context.database.connection() as tx:
        connection = await connections.find_connection_by_hook(tx, hash_of(token))
    if connection is None:
        raise NotFound("There is no such hook.")
    _check_signature(context, connection, signature, body)
    uid = _uid_of_hook(body)
    if uid is None:
        return
    caller = await import_caller(context, connection.organization_id)
    await working.change(context, caller, _have_fetched, uid)


async def _have_fetched(work: UnitOfWork, uid: str) -> None:
    await work.enqueue_job(
        FETCH_JOB, json.encode(HookHint(work.organization_id, uid, work.recorded_at.timestamp()))
    )


def _check_signature(
    context: Context, connection: ImportConnection, signature: str | None, body: bytes
) -> None:
    """HMAC-SHA256 of the raw body, in hex, compared in constant time. Raises Unauthorized."""
    if connection.webhook_secret is None:
        raise Unauthorized("Hooks are not taken, as the connection has no webhookSecret.")
    try:
        secret = context.seal.open(connection.webhook_secret, SECRET_PURPOSE)
    except SealBroken as error:
        raise Unauthorized("Hooks are not taken. Connect Cal.com again.") from error
    wanted = hmac.new(secret, body, hashlib.sha256).hexdigest()
    given = (signature or "").strip().lower().encode("utf-8", "replace")
    if not hmac.compare_digest(wanted.encode(), given):
        raise Unauthorized("X-Cal-Signature-256 does not belong to this body.")


def _uid_of_hook(body: bytes) -> str | None:
    """Most hooks have their booking in `payload`; some are flat."""
    try:
        value: Any = clean(lenient_json.loads(body))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return uid_in(value.get("payload")) or uid_in(value)


async def _check_schedules(work: UnitOfWork, wanted: NewConnection) -> None:
    """Raises NotFound for one that is not there."""
    ids = {wanted.default_schedule_id, *(m.schedule_id for m in wanted.mappings)}
    missing = ids - await protect_schedules(work.tenant, sorted(ids))
    for id_ in sorted(missing):
        raise NotFound.thing("schedule", encode_id(SCHEDULE, id_))


async def _put(work: UnitOfWork, wanted: NewConnection) -> ImportConnection:
    await _check_schedules(work, wanted)
    seal = work.context.seal
    token = secrets.token_urlsafe(TOKEN_BYTES)
    secret = wanted.webhook_secret
    connection = ImportConnection(
        organization_id=work.organization_id,
        id=new_id(),
        base_url=wanted.base_url.rstrip("/"),
        api_key=seal.close(wanted.api_key.encode(), KEY_PURPOSE),
        last_four=wanted.api_key[-4:],
        default_schedule_id=wanted.default_schedule_id,
        mappings=wanted.mappings,
        on_conflict=wanted.on_conflict,
        interval_minutes=wanted.interval_minutes,
        webhook_secret=seal.close(secret.encode(), SECRET_PURPOSE) if secret else None,
        hook_token=seal.close(token.encode(), TOKEN_PURPOSE),
        hook_hash=hash_of(token),
        generation=1,
        walked_since=None,
        walked_to=None,
        changed_since=None,
        due_at=connections.next_due(work.recorded_at, wanted.interval_minutes),
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
    )
    return await connections.put_connection(work.tx, connection)
