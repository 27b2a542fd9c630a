"""Webhook endpoints: list, get, create, update, delete, and rotate the secret."""

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
from kalends.runtime.outbound_urls import check_outbound_url
from kalends.runtime.unit_of_work import Context, UnitOfWork, require
from kalends.runtime.versions import require_version, with_changes
from kalends.store.notifier import DELIVERIES_CHANNEL
from kalends.store.outbox import webhooks

MOST_ENDPOINTS: Final = 100


class MadeEndpoint(NamedTuple):
    """A new endpoint with its secret, which is shown only now."""

    endpoint: WebhookEndpoint
    secret: str


class Rotated(NamedTuple):
    """A new secret, and until when the previous one signs, too."""

    secret: str
    previous_until: datetime


class NewEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint as a client requests it. No `events` are all events."""

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
    """Raises Invalid for a URL that may not be called. See `check_outbound_url`."""
    await check_outbound_url(context, "url", url)


async def list_endpoints(
    work: UnitOfWork, limit: int, offset: int
) -> tuple[list[WebhookEndpoint], int]:
    """A page, the oldest first, and the total."""
    return await webhooks.list_endpoints(work.tenant, limit, offset)


async def get_endpoint(work: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """Raises NotFound."""
    return require(await webhooks.find_endpoint(work.tenant, endpoint_id), ENDPOINT, endpoint_id)


async def create_endpoint(work: UnitOfWork, new: NewEndpoint) -> MadeEndpoint:
    """Creates an endpoint, which receives events from now on. Raises Invalid if there are too many:
    each change of a booking writes a delivery for each."""
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
    """The endpoint, locked until the transaction ends. Raises NotFound, Stale."""
    locked = await webhooks.lock_endpoint(work.tenant, endpoint_id)
    return require_version(locked, ENDPOINT, endpoint_id, if_match)


async def update_endpoint(
    work: UnitOfWork, before: WebhookEndpoint, changes: EndpointChanges
) -> WebhookEndpoint:
    """Changes the given fields of a locked endpoint; succeeds also without a difference. When it is
    enabled again, the deliveries that waited for it are due at once."""
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
    """Deletes the endpoint, including the deliveries that wait for it. Raises NotFound, Stale."""
    await lock_endpoint(work, endpoint_id, if_match)
    await webhooks.delete_endpoint(work.tenant, endpoint_id, work.recorded_at)
    return endpoint_id


async def rotate_secret(work: UnitOfWork, endpoint_id: UUID) -> Rotated:
    """Gives the endpoint a new secret; the previous one signs, too, for a day. Raises NotFound."""
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
