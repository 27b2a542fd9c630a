"""Describes the webhooks that endpoints receive, one for each type of event."""

from typing import Final

from kalends.domain.webhook import EventName
from kalends.web.openapi.examples import EVENTS
from kalends.web.openapi.schemas import REF, Schema

_WHEN: Final = {
    EventName.CREATED: "A booking was made",
    EventName.CONFIRMED: "A booking was confirmed",
    EventName.CANCELLED: "A booking was cancelled",
    EventName.COMPLETED: "A booking was completed",
    EventName.NO_SHOW: "An attendee did not come",
    EventName.RESCHEDULED: "A booking was moved to another time",
    EventName.REASSIGNED: "A booking went to other schedules, at the same time",
    EventName.UPDATED: "The details of a booking changed",
    EventName.REMINDER: "A booking is near",
    EventName.CALENDAR_FAILING: "A calendar account does not work",
    EventName.CALENDAR_RECOVERED: "A calendar account works again",
    EventName.CALENDAR_FINDING: "Something was seen in a calendar that somebody has to decide",
}
_HEADERS: Final = {
    "webhook-id": "The event's id: the same for each attempt and redelivery.",
    "webhook-timestamp": "When this attempt was signed, in Unix seconds.",
    "webhook-signature": "The signature of Standard Webhooks; two of them while a secret rotates.",
    "x-webkasa-signature": "`sha256=` and the hex HMAC-SHA256 of the raw body.",
}


def webhooks() -> dict[str, Schema]:
    """The `webhooks` of the document, by event type."""
    return {name.value: {"post": _sent(name)} for name in EventName}


def _sent(name: EventName) -> Schema:
    first, *rest = name.value.replace("_", ".").split(".")
    return {
        "operationId": "on" + "".join(word.capitalize() for word in (first, *rest)),
        "tags": ["Webhooks"],
        "summary": _WHEN[name],
        "description": "Sent to each endpoint that receives such events. Verify the signature "
        "first; the same event may come twice, under the same `webhook-id`.",
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": words,
                "schema": {"type": "string"},
            }
            for header, words in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": REF + "Event"},
                    "example": EVENTS[name.value],
                }
            },
        },
        "responses": {"2XX": {"description": "Accepted. Anything else is retried."}},
    }
