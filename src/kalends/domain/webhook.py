"""Webhooks: endpoints, the events that they receive, signatures, and the timetable of retries."""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

from kalends.domain.durations import HOUR, MINUTE, SECOND

TEST: Final = "webhook.test"

# Pauses after each failed try; when the last try fails too, the delivery is exhausted.
DELIVERY_RETRY_AFTER: Final = (
    *(5 * SECOND, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
)
DISABLED_AFTER: Final = timedelta(days=5)
BOTH_SECRETS_FOR: Final = timedelta(hours=24)
SECRET_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


class EventName(StrEnum):
    """The events that an endpoint can receive."""

    CREATED = "booking.created"
    CONFIRMED = "booking.confirmed"
    CANCELLED = "booking.cancelled"
    COMPLETED = "booking.completed"
    NO_SHOW = "booking.no_show"
    RESCHEDULED = "booking.rescheduled"
    REASSIGNED = "booking.reassigned"
    UPDATED = "booking.updated"
    REMINDER = "booking.reminder"
    CALENDAR_FAILING = "calendar.failing"
    CALENDAR_RECOVERED = "calendar.recovered"
    CALENDAR_FINDING = "calendar.finding"


class State(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


class WebhookEndpoint(Struct, frozen=True):
    """A URL that receives events; an empty `events` is all of them. Secrets are sealed; until
    `previous_until` the previous one signs, too. `failing_since` is the time of the first failure
    since the last success."""

    id: UUID
    url: str
    events: list[str]
    description: str | None
    secret: bytes
    created_at: datetime
    updated_at: datetime
    enabled: bool = True
    disabled_reason: str | None = None
    previous_secret: bytes | None = None
    previous_until: datetime | None = None
    failing_since: datetime | None = None
    version: int = 1


class Delivery(Struct, frozen=True):
    """One event on its way to one endpoint. `attempts` is JSON text, since it is only passed on;
    `next_attempt_at` is None if no more tries are due."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
    state: str
    attempts: Raw
    created_at: datetime
    next_attempt_at: datetime | None


def new_secret() -> str:
    """A new secret as in Standard Webhooks: `whsec_` and 32 random bytes in base 64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def webkasa_signature(secret: str, body: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 of the body, keyed with the whole text of the secret."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def standard_signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The version 1 signature of Standard Webhooks 1.0; `timestamp` is in Unix seconds."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
