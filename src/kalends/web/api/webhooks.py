"""`/api/v1/webhooks`: endpoints and their deliveries; test, rotate the secret, deliver again."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from msgspec import UNSET, UnsetType, structs

from kalends.domain import ids
from kalends.domain.values import Line
from kalends.domain.webhook import Delivery, EventName, State, WebhookEndpoint
from kalends.formats.described import about
from kalends.formats.webhooks import (
    CreatedWebhookBody,
    DeliveryBody,
    RotatedSecretBody,
    WebhookBody,
    WebhookTestBody,
    show_delivery,
    show_endpoint,
    show_test,
)
from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.if_match import check_version
from kalends.services.webhooks import deliveries, endpoints
from kalends.services.webhooks.endpoints import EndpointChanges, MadeEndpoint, NewEndpoint, Rotated
from kalends.web.api.listing import answer_page
from kalends.web.http.answers import DataOf, PageOf, data, deleted
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import lock_update
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import WEBHOOK_SCOPES, Resource, Route

Url = Annotated[
    str,
    about(
        "An https address, on any port, whose name resolves to public addresses only. What "
        "`KALENDS_OUTBOUND_ALLOW` names can be called too, also by http.",
        "https://example.com/hooks/kalends",
        min_length=1,
        max_length=2000,
    ),
]
Events = Annotated[
    list[EventName],
    about("The events that it receives. Left out, or an empty list: all.", max_length=50),
]


class CreateWebhook(RequestModel, frozen=True):
    """An organization has a hundred webhooks at most."""

    url: Url
    events: Events = []
    description: Annotated[Line | None, about("A description for people.")] = None


class UpdateWebhook(RequestModel, frozen=True):
    """What is left out stays as it is."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Line | UnsetType | None = UNSET
    enabled: (
        Annotated[
            bool,
            about(
                "Whether it receives events. When it is enabled again, it gets at once what waited."
            ),
        ]
        | UnsetType
    ) = UNSET


class DeliveriesQuery(PageQuery, frozen=True):
    state: Annotated[State | None, about("Only those in this state.")] = None


async def list_webhooks(call: Call) -> HttpAnswer:
    """List webhooks

    Oldest first. Secrets are not shown.
    """
    query = call.query(PageQuery)
    return await answer_page(call, query, endpoints.list_endpoints, show_endpoint)


async def get_webhook(call: Call) -> HttpAnswer:
    """Get a webhook"""
    return endpoint_response(await call.read(endpoints.get_endpoint, endpoint_in(call)))


async def create_webhook(call: Call) -> HttpAnswer:
    """Create a webhook

    From now on each event is sent to the URL by POST, with the event as the body. Your server
    accepts it by any 2xx within 10 seconds; a redirect is a failure. A delivery that fails is
    tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h (or later, if
    `Retry-After` asks for it). Events of one booking come in order. A 410, or five days with
    nothing but failures, disables the webhook; waiting events are kept. Delivery is at least
    once: every try has the same `webhook-id`.

    `X-WebKasa-Signature` is `sha256=` and the hex HMAC-SHA256 of the raw body, keyed with the
    whole text of the secret; the headers of Standard Webhooks are sent beside it. The answer
    shows the `secret`, which is never shown again.
    """
    body = await call.body(CreateWebhook)
    await endpoints.check_url(call.context, body.url)
    new = NewEndpoint(**structs.asdict(body))
    return await call.change(created_response, endpoints.create_endpoint, new)


async def update_webhook(call: Call) -> HttpAnswer:
    """Update a webhook

    With `enabled: false` later events are held back and go out when the webhook is enabled again.
    `events` is replaced as a whole.
    """
    body = await call.raw_json()
    endpoint_id = endpoint_in(call)
    seen = await call.read(endpoints.get_endpoint, endpoint_id)
    check_version(seen.version, call.if_match)
    changes = parse_changes(body)
    if changes.url is not UNSET:
        await endpoints.check_url(call.context, changes.url)
    lock = partial(endpoints.lock_endpoint, endpoint_id=endpoint_id, if_match=call.if_match)
    return await call.change(
        endpoint_response, lock_update(lock, endpoints.update_endpoint, changes)
    )


async def delete_webhook(call: Call) -> HttpAnswer:
    """Delete a webhook

    Events that still wait for it are not sent.
    """
    return await call.change(
        partial(deleted, ids.ENDPOINT), endpoints.delete_endpoint, endpoint_in(call), call.if_match
    )


async def test_webhook(call: Call) -> HttpAnswer:
    """Test a webhook

    Sends one `webhook.test` now, signed like any event, also if the webhook is disabled. Its
    `data` is `{"webhook_id"}`. It appears in the delivery log, not in the event log. Takes no
    `Idempotency-Key`: each call sends one.
    """
    attempt = await deliveries.test_endpoint(call.context, call.caller, endpoint_in(call))
    return data(show_test(attempt))


async def rotate_webhook_secret(call: Call) -> HttpAnswer:
    """Rotate the secret of a webhook

    Answers with the new secret, which is never shown again. For 24 hours `webhook-signature`
    carries the signatures of both secrets, the new one first; `X-WebKasa-Signature` uses the new
    one at once.
    """
    return await call.change(secret_response, endpoints.rotate_secret, endpoint_in(call))


async def list_deliveries(call: Call) -> HttpAnswer:
    """List the deliveries of a webhook

    Newest first. Deliveries are kept for 30 days after they were accepted or given up.
    """
    endpoint_id = endpoint_in(call)
    await call.read(endpoints.get_endpoint, endpoint_id)
    query = call.query(DeliveriesQuery)
    state = None if query.state is None else query.state.value
    use_case = partial(deliveries.list_deliveries, endpoint_id=endpoint_id, state=state)
    return await answer_page(call, query, use_case, show_delivery)


async def redeliver(call: Call) -> HttpAnswer:
    """Send a delivery again

    Sends it again at once under the same `webhook-id`, with all retries ahead of it. It keeps its
    place in the order of its booking: later events of the booking that still wait go after it.
    """
    delivery_id = call.id(ids.DELIVERY, "delivery_id")
    return await call.change(retried_response, deliveries.redeliver, endpoint_in(call), delivery_id)


def endpoint_in(call: Call) -> UUID:
    return call.id(ids.ENDPOINT)


def parse_changes(body: bytes) -> EndpointChanges:
    """Raises NotJson, Invalid."""
    return EndpointChanges(**structs.asdict(read_body(body or b"{}", UpdateWebhook)))


def endpoint_response(endpoint: WebhookEndpoint) -> HttpAnswer:
    return data(show_endpoint(endpoint), version=endpoint.version)


def created_response(new_endpoint: MadeEndpoint) -> HttpAnswer:
    endpoint, secret = new_endpoint
    return data({**show_endpoint(endpoint), "secret": secret}, 201, endpoint.version)


def secret_response(rotated: Rotated) -> HttpAnswer:
    return data(RotatedSecretBody(rotated.secret, rotated.previous_until))


def retried_response(delivery: Delivery) -> HttpAnswer:
    return data(show_delivery(delivery), status=202)


_call = Resource("Webhooks", "/api/v1/webhooks", WEBHOOK_SCOPES, has_versions=True)

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_webhooks, WebhookBody),
    _call.create(create_webhook, CreatedWebhookBody, CreateWebhook),
    _call.get(get_webhook, WebhookBody),
    _call.update(update_webhook, WebhookBody, UpdateWebhook),
    _call.delete(delete_webhook),
    _call("POST /{id}/test", test_webhook, {200: DataOf[WebhookTestBody]}, repeatable=True),
    _call("POST /{id}/rotate-secret", rotate_webhook_secret, {200: DataOf[RotatedSecretBody]}),
    _call(
        "GET /{id}/deliveries", list_deliveries, {200: PageOf[DeliveryBody]}, query=DeliveriesQuery
    ),
    _call("POST /{id}/deliveries/{delivery_id}/redeliver", redeliver, {202: DataOf[DeliveryBody]}),
)
