"""Delivers events to webhook endpoints: lease due lanes, send, record the outcome.

These are three steps, so that no transaction waits for the network. `jobs/dispatcher.py` runs them,
and decides how many at once.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from kalends.domain import ids, webhook
from kalends.domain.actor import actor_of
from kalends.domain.gateways import OutboundRequest, OutboundResponse, Unreachable
from kalends.domain.outbox import DeliveryAttempt, next_try
from kalends.domain.webhook import DELIVERY_RETRY_AFTER, State
from kalends.formats.encoding import encode_raw
from kalends.formats.events import event_json
from kalends.runtime.lanes import leasing, recording
from kalends.runtime.sealing import Seal, SealBroken
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox import webhook_lanes
from kalends.store.outbox.webhook_lanes import DueWebhook, WebhookOutcome

# Other workers take over the lanes of a killed one after this time, which is longer than a try.
WEBHOOK_LEASE: Final = timedelta(seconds=25)
TIMEOUT_SECONDS: Final = 10.0
MOST_OF_ANSWER_BYTES: Final = 1024
SECRET_PURPOSE: Final = "webhook secret"
UNSEALED: Final = "its secret was stored under another KALENDS_SECRET; give the webhook a new one"


class SignedPayload(Struct, frozen=True):
    """The body to send, and the endpoint's secrets that sign it, the current one first."""

    webhook_id: str
    body: bytes
    secrets: Sequence[str]

    def headers(self, now: datetime) -> dict[str, str]:
        """The headers, signed for this try: by Standard Webhooks 1.0, and in WebKasa's format."""
        timestamp = int(now.timestamp())
        signatures = (
            webhook.standard_signature(secret, self.webhook_id, timestamp, self.body)
            for secret in self.secrets
        )
        return {
            "content-type": "application/json",
            "webhook-id": self.webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
            "x-webkasa-signature": webhook.webkasa_signature(self.secrets[0], self.body),
        }


lease_due_webhooks: Final = leasing(webhook_lanes.lease_due_webhooks, WEBHOOK_LEASE)
record_webhooks: Final = recording(webhook_lanes.record_webhooks)


async def deliver(context: Context, lane: DueWebhook) -> WebhookOutcome:
    """One try. Whatever the network does is an outcome, and so is a secret that cannot be opened:
    what is never tried would never end."""
    try:
        payload = payload_of(lane, context)
    except SealBroken:
        attempt, retry_after = untried(UNSEALED, context.clock()), None
    else:
        attempt, retry_after = await send(context, lane.url, payload)
    state, again_after = State.DELIVERED, None
    if not attempt.is_taken:
        tries = lane.tries + 1
        scale = context.gateways.retry_scale
        again_after = next_try(DELIVERY_RETRY_AFTER, tries, scale, retry_after)
        state = State.EXHAUSTED if again_after is None else State.PENDING
    return WebhookOutcome(
        lane=lane, state=state, attempt=encode_raw([attempt]), again_after=again_after
    )


async def send(
    context: Context, url: str, payload: SignedPayload
) -> tuple[DeliveryAttempt, timedelta | None]:
    """Sends the payload once. Returns the attempt, and the receiver's `Retry-After` if there is
    one."""
    now = context.clock()
    request = OutboundRequest(
        method="POST",
        url=url,
        headers=payload.headers(now),
        body=payload.body,
        timeout_seconds=TIMEOUT_SECONDS,
        most_bytes=MOST_OF_ANSWER_BYTES,
    )
    answer = await context.gateways.http.send(request)
    return _attempt(answer, now), _retry_after(answer, now)


def payload_of(lane: DueWebhook, context: Context) -> SignedPayload:
    """The event as it is sent; the bytes are the same for each try."""
    if lane.body is not None:
        body = bytes(lane.body)
    else:
        assert lane.data is not None
        assert lane.actor is not None
        body = event_json(
            lane.event_id,
            lane.type,
            lane.created_at,
            lane.data,
            lane.previous,
            actor_of(lane.actor, lane.actor_name),
            lane.override,
        )
    secrets = open_secrets(context.seal, [lane.secret])
    if lane.previous_secret and lane.previous_until and lane.previous_until > context.clock():
        # A previous secret that was sealed with another KALENDS_SECRET is lost, which may be why
        # there is a new one: sign with that alone.
        with suppress(SealBroken):
            secrets += open_secrets(context.seal, [lane.previous_secret])
    return SignedPayload(ids.encode_id(ids.EVENT, lane.event_id), body, secrets)


def open_secrets(seal: Seal, sealed: Sequence[bytes]) -> list[str]:
    """Raises SealBroken."""
    return [seal.open(secret, SECRET_PURPOSE).decode() for secret in sealed]


def untried(reason: str, now: datetime) -> DeliveryAttempt:
    """The record of an attempt for which no request was sent."""
    return DeliveryAttempt(at=now, status=None, duration_ms=0, error=reason, response=None)


def _attempt(answer: OutboundResponse | Unreachable, now: datetime) -> DeliveryAttempt:
    """The record of an attempt; any status other than 2xx is a failure."""
    if isinstance(answer, Unreachable):
        return DeliveryAttempt(
            at=now, status=None, duration_ms=answer.duration_ms, error=answer.reason, response=None
        )
    is_taken = 200 <= answer.status < 300
    return DeliveryAttempt(
        at=now,
        status=answer.status,
        duration_ms=answer.duration_ms,
        error=None if is_taken else f"answered {answer.status}",
        response=answer.body[:MOST_OF_ANSWER_BYTES]
        .decode(errors="replace")
        .replace("\0", "\ufffd"),
    )


def _retry_after(answer: OutboundResponse | Unreachable, now: datetime) -> timedelta | None:
    """`Retry-After` (RFC 9110 10.2.3): seconds, or a date. Anything else is ignored."""
    text = (
        answer.headers.get("retry-after", "").strip()
        if isinstance(answer, OutboundResponse)
        else ""
    )
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(until - now, timedelta(0))
