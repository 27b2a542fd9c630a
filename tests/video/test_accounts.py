"""Setting up who makes links to calls, and the organization's own hook."""

import json
from collections.abc import Iterator

import pytest

from kalends.compose import Installation
from kalends.domain.scopes import Scope
from kalends.domain.webhook import standard_signature
from tests.conftest import fetch
from tests.fakes.zoom import CLIENT_SECRET, FakeZoom
from tests.receivers import Received, Receiver, Reply, receiving
from tests.smtp import PostOffice
from tests.video.calls import ACCOUNTS, ZOOM, CallOffice
from tests.world import World

pytestmark = pytest.mark.server
LINK = "https://calls.example/room"


def answering(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiving(lambda _: answering({"url": LINK})) as receiver:
        yield receiver


@pytest.fixture
def calls(world: World, home: Installation) -> CallOffice:
    return CallOffice(world, home, PostOffice(), FakeZoom())


def test_secrets_are_sealed_and_never_shown(calls: CallOffice, hook: Receiver) -> None:
    put = calls.set_up(zoom=ZOOM, hook={"url": hook.url})
    secret = put["hook"].pop("secret")
    assert secret.startswith("whsec_")
    shown = calls.api.get(ACCOUNTS).json()["data"]
    zoom = {"account_id": "account-1", "client_id": "client-1", "user": "me"}
    assert (shown["zoom"], shown["hook"]) == (zoom, {"url": hook.url})
    rows = fetch(
        calls.home,
        "SELECT encode(zoom_client_secret || hook_secret, 'escape') FROM video_accounts"
        " WHERE organization_id = $1",
        calls.world.setup.organization_id,
    )
    assert CLIENT_SECRET not in rows[0][0]
    assert secret not in rows[0][0]


def test_accounts_are_read_as_webhooks_are(calls: CallOffice, hook: Receiver) -> None:
    """Their addresses are shown whole, and either may have a secret in its query."""
    hooked = {"url": f"{hook.url}?token=hidden"}
    calls.set_up(hook=hooked)
    statuses = []
    for scope in (Scope.BOOKINGS_READ, Scope.WEBHOOKS_READ):
        named = {"name": "Reader", "scopes": [scope]}
        key = calls.api.post("/api/v1/api-keys", json=named).json()["data"]["key"]
        headers = {"authorization": f"Bearer {key}"}
        answer = calls.api.get(ACCOUNTS, headers=headers)
        assert ("hidden" in answer.text) is (scope is Scope.WEBHOOKS_READ)
        statuses.append(answer.status_code)
    assert statuses == [403, 200]


def test_what_stays_keeps_its_secret(calls: CallOffice, hook: Receiver) -> None:
    calls.set_up(zoom=ZOOM, hook={"url": hook.url})
    same = {name: ZOOM[name] for name in ("account_id", "client_id")}
    again = calls.set_up(zoom=same, hook={"url": hook.url})
    assert again["hook"] == {"url": hook.url, "secret": None}
    refused = calls.api.put(ACCOUNTS, json={"zoom": same | {"client_id": "another"}})
    assert refused.status_code == 422
    assert refused.json()["details"][0]["field"] == "zoom.client_secret"


def test_what_is_left_out_is_taken_away(calls: CallOffice) -> None:
    calls.set_up(zoom=ZOOM)
    assert calls.set_up()["zoom"] is None
    calls.set_up(zoom=ZOOM)
    assert calls.api.delete(ACCOUNTS).json()["data"]["zoom"] is None
    assert calls.api.get(ACCOUNTS).json()["data"]["zoom"] is None


@pytest.mark.parametrize("url", ["ftp://example.com/", "http://example.com/", "https://10.0.0.1/"])
def test_a_hook_that_may_not_be_called_is_refused(calls: CallOffice, url: str) -> None:
    answer = calls.api.put(ACCOUNTS, json={"hook": {"url": url}})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "hook.url"


@pytest.mark.parametrize(
    "video", ["zoom", "url", "jitsi", "google_meet", "microsoft_teams", "skype"]
)
def test_a_provider_that_is_not_set_up_is_refused(calls: CallOffice, video: str) -> None:
    body = {"name": "Call", "duration_minutes": 60, "schedule_id": calls.schedule["id"]}
    answer = calls.api.post("/api/v1/event-types", json=body | {"video": video})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "video"
    plain = calls.world.create_event_type(**body)
    path = f"/api/v1/event-types/{plain['id']}"
    assert calls.api.patch(path, json={"video": video}).status_code == 422


def test_a_hook_makes_the_link_by_a_signed_request(calls: CallOffice, hook: Receiver) -> None:
    secret = calls.set_up(hook={"url": hook.url})["hook"]["secret"]
    booking = calls.book(calls.event_type("url"))
    assert calls.linked(booking) == LINK
    (asked,) = hook.received
    headers, said = asked.headers, asked.event
    assert said["booking_id"] == booking["id"]
    assert said["start_time"] == booking["start_time"]
    assert headers["idempotency-key"] == said["idempotency_key"] == headers["webhook-id"]
    moment = int(headers["webhook-timestamp"])
    signed = standard_signature(secret, said["idempotency_key"], moment, asked.body)
    assert headers["webhook-signature"] == signed
    assert "attendee" not in asked.body.decode()


def test_a_hook_is_asked_again_under_the_same_key(calls: CallOffice, hook: Receiver) -> None:
    answers = iter([Reply(500), answering({"url": LINK})])
    hook.behave = lambda _: next(answers)
    calls.set_up(hook={"url": hook.url})
    booking = calls.book(calls.event_type("url"))
    calls.until(lambda: calls.booking(booking)["location"])
    first, second = hook.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_a_hook_hears_of_a_cancellation_and_of_no_move(calls: CallOffice, hook: Receiver) -> None:
    calls.set_up(hook={"url": hook.url})
    booking = calls.book(calls.event_type("url"))
    calls.linked(booking)
    calls.move(booking, 14)
    calls.cancel(booking)
    calls.wait_for(lambda: calls.state(booking) == "removed")
    assert hook.types == ["video.requested", "video.removed"]


@pytest.mark.parametrize(
    "body",
    [{}, {"url": None}, {"url": "http://calls.example/"}, {"url": "javascript:alert(1)"},
     {"url": "https://calls.example/ a"}, {"url": "https://calls.example/" + "a" * 2000}, []],
)  # fmt: skip
def test_what_is_no_link_is_refused(calls: CallOffice, hook: Receiver, body: object) -> None:
    hook.behave = lambda _: answering(body)
    calls.set_up(hook={"url": hook.url})
    booking = calls.book(calls.event_type("url"))
    calls.wait_for(lambda: calls.state(booking) == "failed")
    shown = calls.booking(booking)
    assert shown["location"] is None
    assert "must answer" in shown["video"]["error"]


def test_a_hook_that_redirects_is_not_followed(calls: CallOffice, hook: Receiver) -> None:
    def away(_: Received) -> Reply:
        return Reply(302, b"", {"location": hook.url + "/elsewhere"})

    hook.behave = away
    calls.set_up(hook={"url": hook.url})
    booking = calls.book(calls.event_type("url"))
    calls.wait_for(lambda: calls.state(booking) == "failed")
    assert [one.path for one in hook.received] == ["/hook"]
