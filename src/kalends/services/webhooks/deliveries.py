"""The deliveries of an endpoint: list them, send one again, send a test."""

from uuid import UUID

from msgspec import Raw

from kalends.domain import webhook
from kalends.domain.actor import actor_of
from kalends.domain.ids import DELIVERY, EVENT, encode_id, new_id
from kalends.domain.outbox import DeliveryAttempt
from kalends.domain.webhook import Delivery, State, WebhookEndpoint
from kalends.formats.changes import NOTHING_CHANGED
from kalends.formats.encoding import encode_raw
from kalends.formats.events import event_json, test_data
from kalends.runtime import unit_of_work
from kalends.runtime.deliveries import UNSEALED, SignedPayload, open_secrets, send, untried
from kalends.runtime.sealing import SealBroken
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, require
from kalends.services.webhooks.endpoints import get_endpoint
from kalends.store.notifier import DELIVERIES_CHANNEL
from kalends.store.outbox import deliveries


async def test_endpoint(context: Context, caller: Caller, endpoint_id: UUID) -> DeliveryAttempt:
    """Sends a `webhook.test` now, once, also to a disabled endpoint. It appears in the delivery
    log, not in the event log. Raises NotFound."""
    endpoint = await unit_of_work.read(context, caller, get_endpoint, endpoint_id)
    event_id, now = new_id(), context.clock()
    data, actor = encode_raw(test_data(endpoint_id)), actor_of(caller.actor, caller.actor_name)
    body = event_json(event_id, webhook.TEST, now, data, NOTHING_CHANGED, actor)
    attempt = await _try_once(context, endpoint, encode_id(EVENT, event_id), body)
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
    await unit_of_work.change(context, caller, _record_test, delivery, Raw(body))
    return attempt


async def list_deliveries(
    work: UnitOfWork, endpoint_id: UUID, state: str | None, limit: int, offset: int
) -> tuple[list[Delivery], int]:
    """A page, the latest first, and the total. Raises NotFound."""
    await get_endpoint(work, endpoint_id)
    return await deliveries.list_deliveries(work.tenant, endpoint_id, state, limit, offset)


async def redeliver(work: UnitOfWork, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    """Queues the delivery again, under the same `webhook-id` and in the order of its booking's
    lane. Raises NotFound."""
    await get_endpoint(work, endpoint_id)
    place = work.tenant, endpoint_id, delivery_id
    require(await deliveries.find_delivery(*place), DELIVERY, delivery_id)
    await deliveries.redeliver(*place)
    work.notifications.add(DELIVERIES_CHANNEL)
    again = await deliveries.find_delivery(*place)
    return require(again, DELIVERY, delivery_id)


async def _try_once(
    context: Context, endpoint: WebhookEndpoint, event_id: str, body: bytes
) -> DeliveryAttempt:
    try:
        signers = open_secrets(context.seal, [endpoint.secret])
    except SealBroken:
        return untried(UNSEALED, context.clock())
    attempt, _ = await send(context, endpoint.url, SignedPayload(event_id, body, signers))
    return attempt


async def _record_test(work: UnitOfWork, delivery: Delivery, body: Raw) -> None:
    await deliveries.insert_test(work.tenant, delivery, body)
