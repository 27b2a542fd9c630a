"""Webhook endpoints: list, create, change, delete; rotate the secret."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from kalends.domain import webhook
from kalends.domain.changes import FieldChanges, values_to_change
from kalends.domain.errors import Invalid
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.ids import ENDPOINT, new_id
from kalends.domain.webhook import WebhookEndpoint
from kalends.runtime.deliveries import SECRET_PURPOSE
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import Context, UnitOfWork, require
from kalends.runtime.versions import require_version, with_changes
from kalends.store.notifier import DELIVERIES_CHANNEL
from kalends.store.outbox import webhooks

MOST_ENDPOINTS: Final = 100


class MadeEndpoint(NamedTuple):
    """A new endpoint; the secret is shown only now."""

    endpoint: WebhookEndpoint
    secret: str


class Rotated(NamedTuple):
    """A new secret, and until when the one before signs too."""

    secret: str
    previous_until: datetime


class NewEndpoint(Struct, frozen=True, kw_only=True):
    """What a client asks for. No events are all events."""

    url: str
    events: Sequence[str] = ()
    description: str | None = None


class EndpointChanges(Struct, frozen=True, kw_only=True):
    """What a client wants changed; UNSET stays as it is."""

    url: str | UnsetType = UNSET
    events: list[str] | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


async def check_url(context: Context, url: str) -> None:
    """Raises Invalid for a URL that may not be called. It asks the network, so it stands before
    any transaction."""
    fault = await context.gateways.http.find_fault(url)
    if fault is not None:
        raise Invalid.field("url", fault)


async def list_endpoints(
    work: UnitOfWork, limit: int, offset: int
) -> tuple[list[WebhookEndpoint], int]:
    """A page, oldest first, and how many there are."""
    return await webhooks.list_endpoints(work.tenant, limit, offset)


async def get_endpoint(work: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """Raises NotFound."""
    return require(await webhooks.find_endpoint(work.tenant, endpoint_id), ENDPOINT, endpoint_id)


async def create_endpoint(work: UnitOfWork, new: NewEndpoint) -> MadeEndpoint:
    """It receives what happens from now on. Raises Invalid where there are too many: each change
    of a booking writes a delivery for every one."""
    if await webhooks.count_endpoints(work.tenant) >= MOST_ENDPOINTS:
        fault = Fault(FaultCode.TOO_MANY, str(MOST_ENDPOINTS))
        raise Invalid.field("url", f"there are {MOST_ENDPOINTS} webhooks already", fault)
    secret = webhook.new_secret()
    endpoint = WebhookEndpoint(
        id=new_id(),
        url=new.url,
        events=list(dict.fromkeys(new.events)),
        description=new.description,
        secret=_sealed(work, secret),
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
    )
    await webhooks.insert_endpoint(work.tenant, endpoint)
    return MadeEndpoint(endpoint, secret)


async def lock_endpoint(work: UnitOfWork, endpoint_id: UUID, if_match: IfMatch) -> WebhookEndpoint:
    """The endpoint as it stays until the transaction ends. Raises NotFound, Stale."""
    locked = await webhooks.lock_endpoint(work.tenant, endpoint_id)
    return require_version(locked, ENDPOINT, endpoint_id, if_match)


async def update_endpoint(
    work: UnitOfWork, before: WebhookEndpoint, changes: EndpointChanges
) -> WebhookEndpoint:
    """Changes what is given of an endpoint that is locked; what changes nothing succeeds. One that
    is enabled again gets at once what waited for it."""
    given = FieldChanges[WebhookEndpoint](**values_to_change(changes))
    if given.applied_to(before).enabled:
        given = FieldChanges(**(given.values | {"disabled_reason": None}))
    after = with_changes(before, given, work.recorded_at)
    if after is before:
        return before
    await webhooks.update_endpoint(work.tenant, after)
    if after.enabled and not before.enabled:
        await webhooks.record_success(work.tenant, before.id)
        await webhooks.wake_lanes(work.tenant, before.id)
        work.notifications.add(DELIVERIES_CHANNEL)
    return after


async def delete_endpoint(work: UnitOfWork, endpoint_id: UUID, if_match: IfMatch) -> UUID:
    """Nothing is sent to it any more, nor what waits. Raises NotFound, Stale."""
    await lock_endpoint(work, endpoint_id, if_match)
    await webhooks.delete_endpoint(work.tenant, endpoint_id, work.recorded_at)
    return endpoint_id


async def rotate_secret(work: UnitOfWork, endpoint_id: UUID) -> Rotated:
    """A new secret; the one before signs beside it for a day. Raises NotFound."""
    before = await lock_endpoint(work, endpoint_id, None)
    secret, until = webhook.new_secret(), work.recorded_at + webhook.BOTH_SECRETS_FOR
    given = FieldChanges[WebhookEndpoint](
        secret=_sealed(work, secret), previous_secret=before.secret, previous_until=until
    )
    after = with_changes(before, given, work.recorded_at)
    await webhooks.update_endpoint(work.tenant, after)
    return Rotated(secret, until)


def _sealed(work: UnitOfWork, secret: str) -> bytes:
    return work.context.seal.close(secret.encode(), SECRET_PURPOSE)
