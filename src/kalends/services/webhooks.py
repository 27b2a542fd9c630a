"""Webhook endpoints: list, create, change, delete; test, redeliver, rotate the secret."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType, structs

from kalends.domain import webhook
from kalends.domain.actor import actor_of
from kalends.domain.errors import Invalid
from kalends.domain.ids import DELIVERY, ENDPOINT, EVENT, encode_id, new_id
from kalends.domain.webhook import Delivery, DeliveryAttempt, State, WebhookEndpoint
from kalends.formats.changes import NOTHING_CHANGED
from kalends.formats.encoding import encode_raw
from kalends.formats.events import event_json, test_data
from kalends.runtime import unit_of_work as works
from kalends.runtime.deliveries import SECRET_PURPOSE, SignedPayload, open_secrets, send
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, require
from kalends.store.notifier import DELIVERIES
from kalends.store.outbox import deliveries, webhooks


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
    endpoint = await webhooks.find_endpoint(work.tenant, endpoint_id)
    return require(endpoint, "webhook", encode_id(ENDPOINT, endpoint_id))


async def create_endpoint(work: UnitOfWork, wanted: NewEndpoint) -> MadeEndpoint:
    """It receives what happens from now on."""
    secret = webhook.new_secret()
    endpoint = WebhookEndpoint(
        id=new_id(),
        url=wanted.url,
        events=list(dict.fromkeys(wanted.events)),
        description=wanted.description,
        enabled=True,
        disabled_reason=None,
        secret=_sealed(work, secret),
        previous_secret=None,
        previous_until=None,
        failing_since=None,
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
    )
    await webhooks.insert_endpoint(work.tenant, endpoint)
    return MadeEndpoint(endpoint, secret)


async def lock_endpoint(work: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """Raises NotFound."""
    endpoint = await webhooks.lock_endpoint(work.tenant, endpoint_id)
    return require(endpoint, "webhook", encode_id(ENDPOINT, endpoint_id))


async def update_endpoint(
    work: UnitOfWork, before: WebhookEndpoint, changes: EndpointChanges
) -> WebhookEndpoint:
    """Changes what is given of an endpoint that is locked. One that is enabled again gets at once
    what waited for it."""
    given = {k: v for k, v in structs.asdict(changes).items() if v is not UNSET}
    after = structs.replace(before, **given, updated_at=work.recorded_at)
    if after.enabled:
        after = structs.replace(after, disabled_reason=None)
    await webhooks.update_endpoint(work.tenant, after)
    if after.enabled and not before.enabled:
        await webhooks.note_success(work.tenant, before.id)
        await webhooks.wake_lanes(work.tenant, before.id)
        work.notifications.add(DELIVERIES)
    return after


async def delete_endpoint(work: UnitOfWork, endpoint_id: UUID) -> UUID:
    """Nothing is sent to it any more, nor what waits. Raises NotFound."""
    await lock_endpoint(work, endpoint_id)
    await webhooks.delete_endpoint(work.tenant, endpoint_id, work.recorded_at)
    return endpoint_id


async def rotate_secret(work: UnitOfWork, endpoint_id: UUID) -> Rotated:
    """A new secret; the one before signs beside it for a day. Raises NotFound."""
    before = await lock_endpoint(work, endpoint_id)
    secret, until = webhook.new_secret(), work.recorded_at + webhook.BOTH_SECRETS_FOR
    after = structs.replace(
        before,
        secret=_sealed(work, secret),
        previous_secret=before.secret,
        previous_until=until,
        updated_at=work.recorded_at,
    )
    await webhooks.update_endpoint(work.tenant, after)
    return Rotated(secret, until)


async def test_endpoint(context: Context, caller: Caller, endpoint_id: UUID) -> DeliveryAttempt:
    """Sends a `webhook.test` now, once, also to an endpoint that is disabled. It stands in the
    delivery log, not in the event log. Raises NotFound."""
    endpoint = await works.read(context, caller, get_endpoint, endpoint_id)
    event_id, now = new_id(), context.clock()
    data, actor = encode_raw(test_data(endpoint_id)), actor_of(caller.actor, caller.actor_name)
    body = event_json(event_id, webhook.TEST, now, data, NOTHING_CHANGED, actor)
    signers = open_secrets(context.seal, [endpoint.secret])
    attempt, _ = await send(
        context, endpoint.url, SignedPayload(encode_id(EVENT, event_id), body, signers)
    )
    delivery = Delivery(
        id=new_id(),
        endpoint_id=endpoint_id,
        event_id=event_id,
        type=webhook.TEST,
        state=State.DELIVERED if attempt.is_taken else State.EXHAUSTED,
        attempts=encode_raw([attempt]),
        created_at=now,
        next_attempt_at=None,
    )
    await works.change(context, caller, _note_test, delivery, Raw(body))
    return attempt


async def list_deliveries(
    work: UnitOfWork, endpoint_id: UUID, state: str | None, limit: int, offset: int
) -> tuple[list[Delivery], int]:
    """A page, the latest first, and how many there are. Raises NotFound."""
    await get_endpoint(work, endpoint_id)
    return await deliveries.list_deliveries(work.tenant, endpoint_id, state, limit, offset)


async def redeliver(work: UnitOfWork, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    """Has it sent once more, under the same `webhook-id` and in its place in the order of its
    booking. Raises NotFound."""
    await get_endpoint(work, endpoint_id)
    place = work.tenant, endpoint_id, delivery_id
    require(await deliveries.find_delivery(*place), "delivery", encode_id(DELIVERY, delivery_id))
    await deliveries.redeliver(*place)
    work.notifications.add(DELIVERIES)
    again = await deliveries.find_delivery(*place)
    return require(again, "delivery", encode_id(DELIVERY, delivery_id))


async def _note_test(work: UnitOfWork, delivery: Delivery, body: Raw) -> None:
    await deliveries.insert_test(work.tenant, delivery, body)


def _sealed(work: UnitOfWork, secret: str) -> bytes:
    return work.context.seal.close(secret.encode(), SECRET_PURPOSE)
