"""Webhooks: the endpoints, and the deliveries to them."""

from functools import partial
from typing import Final

from msgspec import json

from kalends.domain import ids
from kalends.domain.errors import KalendsError
from kalends.domain.outbox import DeliveryAttempt
from kalends.domain.rights import Right
from kalends.domain.webhook import Delivery, EventName, State, WebhookEndpoint
from kalends.formats.encoding import encode
from kalends.runtime.if_match import IfMatch
from kalends.services.webhooks import deliveries, endpoints
from kalends.services.webhooks.endpoints import EndpointChanges, NewEndpoint
from kalends.web.api.webhooks import parse_changes
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft, check
from kalends.web.console.settings.forms.one_time_secret import go_with_secret, page_with_secret
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.forms.seen import VERSION_FIELD, if_match_of
from kalends.web.console.settings.forms.typed import YES, text_or_none
from kalends.web.http.call import id_named
from kalends.web.http.locked_changes import Lock, lock_update
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

SECTION: Final = "webhooks"
PATH: Final = "/webhooks"
ENDPOINTS_LISTED: Final = 50
ALL: Final = "all"
_ATTEMPTS: Final = json.Decoder(list[DeliveryAttempt])


async def list_endpoints(request: ConsoleRequest) -> PageAnswer:
    listed, pager = await read_page(request, endpoints.list_endpoints, ENDPOINTS_LISTED)
    return request.page(
        "console/settings/webhooks.html",
        SECTION,
        endpoints=listed,
        id_of=_id_of,
        **pager,
    )


async def show_new(request: ConsoleRequest) -> PageAnswer:
    return _form(request, Draft.of_values({ALL: YES}))


async def create(request: ConsoleRequest) -> PageAnswer:
    typed = await request.form()
    try:
        body = _read(typed)
        assert isinstance(body.url, str)
        assert isinstance(body.events, list)
        await endpoints.check_url(request.page_request.context, body.url)
        new = NewEndpoint(
            url=body.url, events=body.events, description=text_or_none(typed.text("description"))
        )
        new_endpoint = await request.change(endpoints.create_endpoint, new)
    except KalendsError as error:
        return _form(request, Draft.with_faults(typed, error))
    return go_with_secret(
        request, _path_of(new_endpoint.endpoint), new_endpoint.secret, "webhook-created"
    )


async def show(request: ConsoleRequest) -> PageAnswer:
    endpoint = await _open(request)
    return await _page(request, endpoint, _draft_of(endpoint))


async def save(request: ConsoleRequest) -> PageAnswer:
    endpoint = await _open(request)
    typed = await request.form()
    try:
        changes = _read(typed)
        if isinstance(changes.url, str) and changes.url != endpoint.url:
            await endpoints.check_url(request.page_request.context, changes.url)
        lock = _lock(endpoint, if_match_of(typed))
        await request.change(lock_update(lock, endpoints.update_endpoint, changes))
    except KalendsError as error:
        return await _page(request, endpoint, Draft.with_faults(typed, error, endpoint.version))
    return request.go(_path_of(endpoint), done="saved")


async def set_enabled(request: ConsoleRequest) -> PageAnswer:
    endpoint = await _open(request)
    enabled = (await request.form()).text("enabled") == YES
    changes = EndpointChanges(enabled=enabled)
    await request.change(lock_update(_lock(endpoint, None), endpoints.update_endpoint, changes))
    return request.go(_path_of(endpoint), done="enabled" if enabled else "disabled")


async def send_test(request: ConsoleRequest) -> PageAnswer:
    """Sends a test; its outcome is the first of the deliveries on the page."""
    endpoint = await _open(request)
    attempt = await deliveries.test_endpoint(
        request.page_request.context, request.page_request.caller, endpoint.id
    )
    return request.go(_path_of(endpoint), done="tested" if attempt.is_taken else "test-failed")


async def rotate(request: ConsoleRequest) -> PageAnswer:
    endpoint = await _open(request)
    rotated = await request.change(endpoints.rotate_secret, endpoint.id)
    return go_with_secret(request, _path_of(endpoint), rotated.secret, "rotated")


async def redeliver(request: ConsoleRequest) -> PageAnswer:
    endpoint = await _open(request)
    delivery_id = id_named(ids.DELIVERY, request.path("delivery"))
    await request.change(deliveries.redeliver, endpoint.id, delivery_id)
    return request.go(_path_of(endpoint), done="redelivered")


async def delete(request: ConsoleRequest) -> PageAnswer:
    endpoint = await _open(request)
    await request.change(endpoints.delete_endpoint, endpoint.id, None)
    return request.go(PATH, done="deleted")


def _read(typed: FormFields) -> EndpointChanges:
    """The changes in the form, with all events or the chosen ones. Raises Invalid."""
    chosen = [] if typed.text(ALL) == YES else typed.all_of("events")
    if not chosen and typed.text(ALL) != YES:
        chosen = [""]  # choosing none is a mistake, but in the API an empty list means all
    values = {
        "url": typed.text("url"),
        "events": chosen,
        "description": text_or_none(typed.text("description")),
    }
    check(values, parse_changes)
    return parse_changes(encode(values))


def _draft_of(endpoint: WebhookEndpoint) -> Draft:
    return Draft.of_values(
        {
            "url": endpoint.url,
            "description": endpoint.description or "",
            ALL: "" if endpoint.events else YES,
            "events": endpoint.events,
            VERSION_FIELD: str(endpoint.version),
        }
    )


async def _open(request: ConsoleRequest) -> WebhookEndpoint:
    """Raises NotFound."""
    endpoint_id = id_named(ids.ENDPOINT, request.path("webhook"))
    endpoint: WebhookEndpoint = await request.read(endpoints.get_endpoint, endpoint_id)
    return endpoint


def _lock(endpoint: WebhookEndpoint, if_match: IfMatch) -> Lock[WebhookEndpoint]:
    return partial(endpoints.lock_endpoint, endpoint_id=endpoint.id, if_match=if_match)


def _form(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    return request.page(
        "console/settings/webhook-new.html",
        SECTION,
        draft.status,
        path=f"{PATH}/new",
        event_names=list(EventName),
        **_at_choice(draft).values(),
    )


async def _page(request: ConsoleRequest, endpoint: WebhookEndpoint, draft: Draft) -> PageAnswer:
    state = request.query.text("state")
    chosen = state if state in list(State) else None
    page, pager = await read_page(
        request, deliveries.list_deliveries, ENDPOINTS_LISTED, endpoint.id, chosen
    )
    return page_with_secret(
        request,
        "console/settings/webhook.html",
        SECTION,
        _path_of(endpoint),
        _at_choice(draft),
        endpoint=endpoint,
        deliveries=[(ids.encode_id(ids.DELIVERY, one.id), one, _attempts_of(one)) for one in page],
        event_id=lambda one: ids.encode_id(ids.EVENT, one.event_id),
        **pager,
        state=chosen or "",
        states=list(State),
        event_names=list(EventName),
    )


def _at_choice(draft: Draft) -> Draft:
    """The draft with faults of single events moved to the field that chooses the events."""
    return draft.at_fields(lambda name: name.partition(".")[0])


def _attempts_of(delivery: Delivery) -> list[DeliveryAttempt]:
    return _ATTEMPTS.decode(delivery.attempts)


def _id_of(endpoint: WebhookEndpoint) -> str:
    return ids.encode_id(ids.ENDPOINT, endpoint.id)


def _path_of(endpoint: WebhookEndpoint) -> str:
    return f"{PATH}/{_id_of(endpoint)}"


_WEBHOOK: Final = PATH + "/{webhook}"

PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, list_endpoints),
    console_route(Right.CHANGE_SETTINGS, "GET", f"{PATH}/new", show_new),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{PATH}/new", create),
    console_route(Right.CHANGE_SETTINGS, "GET", _WEBHOOK, show),
    console_route(Right.CHANGE_SETTINGS, "POST", _WEBHOOK, save),
    console_route(Right.CHANGE_SETTINGS, "POST", _WEBHOOK + "/enabled", set_enabled),
    console_route(Right.CHANGE_SETTINGS, "POST", _WEBHOOK + "/test", send_test),
    console_route(Right.CHANGE_SETTINGS, "POST", _WEBHOOK + "/rotate", rotate),
    console_route(Right.CHANGE_SETTINGS, "POST", _WEBHOOK + "/delete", delete),
    console_route(
        Right.CHANGE_SETTINGS, "POST", _WEBHOOK + "/deliveries/{delivery}/redeliver", redeliver
    ),
)
