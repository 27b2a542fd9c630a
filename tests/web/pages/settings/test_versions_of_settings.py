"""Two people at once in forms beside those of services and the organization."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.receivers import Receiver, receiving
from tests.web.pages.settings.clerks import Clerk
from tests.web.pages.visitors import text_of
from tests.world import JSON, World

HOOKS, VIDEO, CALCOM = "/api/v1/webhooks", "/settings/video", "/integrations"
VIDEO_API = "/api/v1/organization/video"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhook(world: World, receiver: Receiver) -> JSON:
    made: JSON = world.api.post(HOOKS, json={"url": receiver.url, "description": "A"}).json()[
        "data"
    ]
    return made


def of_webhook(world: World, webhook: JSON) -> JSON:
    found: JSON = world.api.get(f"{HOOKS}/{webhook['id']}").json()["data"]
    return found


def test_of_two_forms_of_a_webhook_the_later_is_told(world: World, webhook: JSON) -> None:
    clerk, path = Clerk(world), f"/webhooks/{webhook['id']}"
    page = clerk.open(path)
    chosen = {"events": ["booking.created"]}
    assert world.api.patch(f"{HOOKS}/{webhook['id']}", json=chosen).status_code == 200
    late = clerk.fill_in(page, path, description="B")
    assert late.status_code == 412
    assert "Somebody else changed this" in text_of(late)
    before = of_webhook(world, webhook)
    assert (before["description"], before["events"]) == ("A", ["booking.created"])
    assert clerk.fill_in(late, path).status_code == 303
    assert of_webhook(world, webhook)["description"] == "B"


def test_a_webhooks_deliveries_make_no_form_of_it_old(world: World, webhook: JSON) -> None:
    clerk, path = Clerk(world), f"/webhooks/{webhook['id']}"
    page = clerk.open(path)
    assert clerk.submit(f"{path}/test", page=path).status_code == 303
    assert clerk.fill_in(page, path, description="B").status_code == 303


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"description": "C"}), ("PATCH", {"url": 5}), ("DELETE", None)]
)
def test_a_webhook_of_another_version_is_stale(
    world: World, webhook: JSON, method: str, body: Any
) -> None:
    path = f"{HOOKS}/{webhook['id']}"
    seen = {"if-match": world.api.get(path).headers["etag"]}
    same = world.api.patch(path, json={"description": "A"}, headers=seen)
    assert same.headers["etag"] == seen["if-match"]
    assert world.api.patch(path, json={"description": "B"}, headers=seen).status_code == 200
    stale = world.api.request(method, path, json=body, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "STALE")
    assert of_webhook(world, webhook)["description"] == "B"


def test_a_form_of_video_calls_takes_no_hook_away_unseen(world: World, receiver: Receiver) -> None:
    clerk = Clerk(world)
    page = clerk.open(VIDEO)
    put = world.api.put(VIDEO_API, json={"hook": {"url": receiver.url}})
    assert put.status_code == 200
    zoom = {"zoom.account_id": "a", "zoom.client_id": "c", "zoom.client_secret": "s"}
    late = clerk.fill_in(page, VIDEO, **zoom)
    assert late.status_code == 412
    assert 'value="s"' not in late.text
    shown = world.api.get(VIDEO_API)
    assert shown.headers["etag"] == put.headers["etag"]
    assert shown.json()["data"]["hook"] == {"url": receiver.url}


@pytest.mark.parametrize(
    ("method", "body"), [("PUT", {"zoom": None}), ("PUT", {"zoom": 5}), ("DELETE", None)]
)
def test_video_accounts_of_another_version_are_stale(
    world: World, receiver: Receiver, method: str, body: Any
) -> None:
    nothing = {"if-match": world.api.get(VIDEO_API).headers["etag"]}
    hook = {"hook": {"url": receiver.url}}
    assert world.api.put(VIDEO_API, json=hook, headers=nothing).status_code == 200
    stale = world.api.request(method, VIDEO_API, json=body, headers=nothing)
    assert (stale.status_code, stale.json()["code"]) == (412, "STALE")
    assert world.api.get(VIDEO_API).json()["data"]["hook"] == {"url": receiver.url}


def test_of_two_forms_of_cal_com_the_later_is_told(world: World) -> None:
    schedule_id = world.create_schedule()["id"]
    owner, other = Clerk(world), Clerk(world)
    given = {"apiKey": "cal_some_key", "baseUrl": "https://api.cal.com/v2", "intervalMinutes": "0"}
    first = other.open(CALCOM)
    assert owner.submit(CALCOM, **given).status_code == 303
    assert other.fill_in(first, CALCOM, **given).status_code == 412
    page = other.open(CALCOM)
    mapping = {"mappings__0__id": "12", "mappings__0__schedule": schedule_id}
    assert owner.submit(CALCOM, **mapping).status_code == 303
    late = other.fill_in(page, CALCOM, onConflict="record")
    assert late.status_code == 412
    assert 'value="12"' in owner.open(CALCOM).text
    assert other.fill_in(late, CALCOM).status_code == 303
    assert 'value="record" selected' in owner.open(CALCOM).text
