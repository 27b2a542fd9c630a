"""Webhooks: endpoints, the events they receive, and the timetable of what cannot be delivered."""

import base64
import hmac
import random
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

CREATED: Final = "booking.created"
CONFIRMED: Final = "booking.confirmed"
CANCELLED: Final = "booking.cancelled"
COMPLETED: Final = "booking.completed"
NO_SHOW: Final = "booking.no_show"
RESCHEDULED: Final = "booking.rescheduled"
UPDATED: Final = "booking.updated"
REMINDER: Final = "booking.reminder"
TEST: Final = "webhook.test"

# After the first try, and each one that fails; when the last has failed too, it is exhausted.
DELIVERY_RETRY_AFTER: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER: Final = 0.1
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
DISABLED_AFTER: Final = timedelta(days=5)
BOTH_SECRETS_FOR: Final = timedelta(hours=24)
SECRET_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


class State(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


class WebhookEndpoint(Struct, frozen=True):
    """A URL that receives events: of all where `events` is empty. Secrets are sealed; until
    `previous_until` the previous one signs too. `failing_since` is the first of the failures
    with no success after it."""

    id: UUID
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    disabled_reason: str | None
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime


class DeliveryAttempt(Struct, frozen=True, kw_only=True):
    """One try to deliver. `status` is None where nothing came back, `response` the first kilobyte
    of what did; `error` says why it does not count as taken."""

    at: datetime
    status: int | None
    duration_ms: int
    error: str | None
    response: str | None

    @property
    def is_taken(self) -> bool:
        return self.error is None


class Delivery(Struct, frozen=True):
    """One event on its way to one endpoint. `attempts` is JSON text, as it is only passed on;
    `next_attempt_at` is None where nothing waits."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
    state: str
    attempts: Raw
    created_at: datetime
    next_attempt_at: datetime | None


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base 64, as Standard Webhooks has it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def webkasa_signature(secret: str, body: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 of the body, keyed with the whole text of the secret."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def standard_signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The signature of Standard Webhooks 1.0, version 1; `timestamp` in Unix seconds."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def next_try(tries: int, scale: float, retry_after: timedelta | None) -> timedelta | None:
    """How long to wait after that many tries failed; None where it is given up.

    The timetable is scaled, and jittered so that what failed together does not come back
    together. What the receiver asks for (`Retry-After`, RFC 9110 10.2.3) is neither, but is
    not believed beyond a day.
    """
    if tries > len(DELIVERY_RETRY_AFTER):
        return None
    planned = DELIVERY_RETRY_AFTER[tries - 1] * scale * random.uniform(1 - JITTER, 1 + JITTER)
    requested = min(retry_after or timedelta(0), LONGEST_RETRY_AFTER)
    return max(planned, requested)
