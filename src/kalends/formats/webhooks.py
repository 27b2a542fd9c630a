"""The public JSON of webhook endpoints and deliveries."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.outbox import DeliveryAttempt
from kalends.domain.values import Instant
from kalends.domain.webhook import Delivery, EventName, State, WebhookEndpoint
from kalends.formats.described import about
from kalends.formats.fields import fields_of


class WebhookBody(Struct, frozen=True):
    """A URL that receives events."""

    id: Annotated[str, Meta(examples=["whe_0352lF5NnllfIJ66lPpfc3"])]
    url: Annotated[str, Meta(examples=["https://example.com/hooks/kalends"])]
    events: Annotated[list[EventName], about("The events that it receives.")]
    description: str | None
    enabled: bool
    disabled_reason: Annotated[
        str | None, about("Why it was disabled, unless somebody did it by hand.")
    ]
    created_at: datetime


class CreatedWebhookBody(WebhookBody, frozen=True):
    """A new endpoint, with its secret."""

    secret: Annotated[str, about("The secret of the signatures; never shown again.", "whsec_…")]


class RotatedSecretBody(Struct, frozen=True):
    """A new secret."""

    secret: Annotated[str, about("The secret of signatures from now on.", "whsec_…")]
    previous_secret_until: Annotated[
        datetime, about("Until then `webhook-signature` carries both signatures.")
    ]


class DeliveryAttemptBody(Struct, frozen=True):
    """One attempt to deliver."""

    at: datetime
    status: Annotated[int | None, about("The HTTP status of the answer; null if there was none.")]
    duration_ms: int
    error: Annotated[str | None, about("Why it failed; null if it was accepted.")]
    response: Annotated[str | None, about("The first kilobyte of the answer.")]


class DeliveryBody(Struct, frozen=True):
    """One event, sent or to be sent to one endpoint."""

    id: Annotated[str, Meta(examples=["whd_0352lF5NnllfIJ66lPpfc3"])]
    event_id: Annotated[str, Meta(examples=["wh_evt_0352lF5NnllfIJ66lPpfc3"])]
    type: Annotated[str, Meta(examples=["booking.created"])]
    state: State
    attempts: list[DeliveryAttemptBody]
    next_attempt_at: Annotated[
        datetime | None,
        about(
            "When it is tried next; null if nothing waits. A delivery behind another event of its "
            "booking shows that one's time."
        ),
    ]
    created_at: datetime


class WebhookTestBody(Struct, frozen=True):
    """The result of a test."""

    delivered: bool
    status: int | None
    duration_ms: int
    error: str | None


def show_endpoint(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """The fields of `WebhookBody`, ready to encode."""
    return fields_of(
        WebhookBody,
        endpoint,
        {"id": ids.ENDPOINT},
        events=endpoint.events or list(EventName),
    )


def show_delivery(delivery: Delivery) -> dict[str, Any]:
    """The fields of `DeliveryBody`, ready to encode."""
    return fields_of(
        DeliveryBody,
        delivery,
        {"id": ids.DELIVERY, "event_id": ids.EVENT},
        next_attempt_at=delivery.next_attempt_at and Instant.of(delivery.next_attempt_at),
    )


def show_test(attempt: DeliveryAttempt) -> WebhookTestBody:
    return WebhookTestBody(attempt.is_taken, attempt.status, attempt.duration_ms, attempt.error)
