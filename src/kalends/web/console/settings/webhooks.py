"""Webhooks: endpoints, what was delivered to them and what was not."""

from typing import Any, Final

from msgspec import json

from kalends.domain import ids
from kalends.domain.errors import KalendsError
from kalends.domain.webhook import Attempt, Delivery, Endpoint, State
from kalends.formats.encoding import encode
from kalends.formats.webhooks import EventName
from kalends.services import webhooks
from kalends.services.webhooks import EndpointChanges, NewEndpoint
from kalends.web.api.webhooks import parse_changes
from kalends.web.console.desk import Desk, admin_route
from kalends.web.console.settings.drafts import YES, Draft, check, drafted, refused, text_or_none
from kalends.web.console.settings.once import go_with_secret, take_secret
from kalends.web.console.settings.schedules import offset_in
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import Fields

SECTION: Final = "webhooks"
PATH: Final = "/webhooks"
LISTED: Final = 50
ALL: Final = "all"
_ATTEMPTS: Final = json.Decoder(list[Attempt])


async def list_endpoints(desk: Desk) -> PageAnswer:
    offset = offset_in(desk)
    listed, total = await desk.read(webhooks.list_endpoints, LISTED, offset)
    return desk.page(
        "console/settings/webhooks.html",
        SECTION,
        endpoints=listed,
        total=total,
        offset=offset,
        limit=LISTED,
        id_of=_id_of,
    )


async def show_new(desk: Desk) -> PageAnswer:
    return _form(desk, drafted({ALL: YES}))


async def create(desk: Desk) -> PageAnswer:
    typed = await desk.form()
    try:
        given = _read(typed)
        assert isinstance(given.url, str)
        assert isinstance(given.events, list)
        await webhooks.check_url(desk.visit.context, given.url)
        wanted = NewEndpoint(
            url=given.url, events=given.events, description=text_or_none(typed.text("description"))
        )
        made = await desk.change(webhooks.create_endpoint, wanted)
    except KalendsError as error:
        return _form(desk, refused(typed, error))
    return go_with_secret(desk, _path_of(made.endpoint), made.secret, "webhook-created")


async def show(desk: Desk) -> PageAnswer:
    endpoint = await _open(desk)
    return await _page(desk, endpoint, _draft_of(endpoint))


async def save(desk: Desk) -> PageAnswer:
    endpoint = await _open(desk)
    typed = await desk.form()
    try:
        changes = _read(typed)
        if isinstance(changes.url, str) and changes.url != endpoint.url:
            await webhooks.check_url(desk.visit.context, changes.url)
        await desk.change(webhooks.update_endpoint, endpoint.id, lambda: changes)
    except KalendsError as error:
        return await _page(desk, endpoint, refused(typed, error))
    return desk.go(_path_of(endpoint), done="saved")


async def set_enabled(desk: Desk) -> PageAnswer:
    endpoint = await _open(desk)
    enabled = (await desk.form()).text("enabled") == YES
    changes = EndpointChanges(enabled=enabled)
    await desk.change(webhooks.update_endpoint, endpoint.id, lambda: changes)
    return desk.go(_path_of(endpoint), done="enabled" if enabled else "disabled")


async def send_test(desk: Desk) -> PageAnswer:
    """What became of it stands on top of the deliveries."""
    endpoint = await _open(desk)
    attempt = await webhooks.test_endpoint(desk.visit.context, desk.visit.caller, endpoint.id)
    return desk.go(_path_of(endpoint), done="tested" if attempt.is_taken else "test-failed")


async def rotate(desk: Desk) -> PageAnswer:
    endpoint = await _open(desk)
    rotated = await desk.change(webhooks.rotate_secret, endpoint.id)
    return go_with_secret(desk, _path_of(endpoint), rotated.secret, "rotated")


async def redeliver(desk: Desk) -> PageAnswer:
    endpoint = await _open(desk)
    delivery_id = id_named(ids.DELIVERY, "delivery", desk.path("delivery"))
    await desk.change(webhooks.redeliver, endpoint.id, delivery_id)
    return desk.go(_path_of(endpoint), done="redelivered")


async def delete(desk: Desk) -> PageAnswer:
    endpoint = await _open(desk)
    await desk.change(webhooks.delete_endpoint, endpoint.id)
    return desk.go(PATH, done="deleted")


def _read(typed: Fields) -> EndpointChanges:
    """All events, or those that are chosen. Raises Invalid."""
    chosen = [] if typed.text(ALL) == YES else typed.all_of("events")
    if not chosen and typed.text(ALL) != YES:
        chosen = [""]  # no event at all is a mistake, and not what an empty list says
    values = {
        "url": typed.text("url"),
        "events": chosen,
        "description": text_or_none(typed.text("description")),
    }
    check(values, parse_changes)
    return parse_changes(encode(values))


def _draft_of(endpoint: Endpoint) -> Draft:
    return drafted(
        {
            "url": endpoint.url,
            "description": endpoint.description or "",
            ALL: "" if endpoint.events else YES,
            "events": endpoint.events,
        }
    )


async def _open(desk: Desk) -> Endpoint:
    """Raises NotFound."""
    endpoint_id = id_named(ids.ENDPOINT, "webhook", desk.path("webhook"))
    endpoint: Endpoint = await desk.read(webhooks.get_endpoint, endpoint_id)
    return endpoint


def _form(desk: Desk, draft: Draft) -> PageAnswer:
    return desk.page(
        "console/settings/webhook-new.html",
        SECTION,
        draft.status,
        path=f"{PATH}/new",
        event_names=list(EventName),
        **_values_of(draft),
    )


async def _page(desk: Desk, endpoint: Endpoint, draft: Draft) -> PageAnswer:
    offset, state = offset_in(desk), desk.query.text("state")
    wanted = state if state in list(State) else None
    found, total = await desk.read(webhooks.list_deliveries, endpoint.id, wanted, LISTED, offset)
    secret, headers = take_secret(desk, _path_of(endpoint))
    return desk.page(
        "console/settings/webhook.html",
        SECTION,
        draft.status,
        headers,
        endpoint=endpoint,
        path=_path_of(endpoint),
        deliveries=[(ids.shown(ids.DELIVERY, one.id), one, _attempts_of(one)) for one in found],
        event_id=lambda one: ids.shown(ids.EVENT, one.event_id),
        total=total,
        offset=offset,
        limit=LISTED,
        state=wanted or "",
        states=list(State),
        secret=secret,
        event_names=list(EventName),
        **_values_of(draft),
    )


def _values_of(draft: Draft) -> dict[str, Any]:
    """What is wrong with one event is wrong with the choice of them."""
    faults = {n.partition(".")[0]: fault for n, fault in draft.faults.items()}
    return Draft(draft.typed, faults, draft.problem).values()


def _attempts_of(delivery: Delivery) -> list[Attempt]:
    return _ATTEMPTS.decode(delivery.attempts)


def _id_of(endpoint: Endpoint) -> str:
    return ids.shown(ids.ENDPOINT, endpoint.id)


def _path_of(endpoint: Endpoint) -> str:
    return f"{PATH}/{_id_of(endpoint)}"


_WEBHOOK: Final = PATH + "/{webhook}"

PAGES: Final = (
    admin_route("GET", PATH, list_endpoints),
    admin_route("GET", f"{PATH}/new", show_new),
    admin_route("POST", f"{PATH}/new", create),
    admin_route("GET", _WEBHOOK, show),
    admin_route("POST", _WEBHOOK, save),
    admin_route("POST", _WEBHOOK + "/enabled", set_enabled),
    admin_route("POST", _WEBHOOK + "/test", send_test),
    admin_route("POST", _WEBHOOK + "/rotate", rotate),
    admin_route("POST", _WEBHOOK + "/delete", delete),
    admin_route("POST", _WEBHOOK + "/deliveries/{delivery}/redeliver", redeliver),
)
