"""Video calls in the console: accounts are set up, services choose one, bookings say what came."""

import time
from collections.abc import Iterator

import pytest

from tests.fakes.zoom import CLIENT_SECRET
from tests.receivers import Receiver, Reply, receiving
from tests.web.pages.settings.clerks import Clerk
from tests.world import JSON, World

PATH = "/settings/video"
API = "/api/v1/organization/video"
ZOOM = {"zoom.account_id": "account-1", "zoom.client_id": "client-1"}


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiving(lambda _: Reply(404)) as receiver:
        yield receiver


def accounts(world: World) -> JSON:
    shown: JSON = world.api.get(API).json()["data"]
    return shown


def test_zoom_is_set_up_and_its_secret_never_shown(world: World) -> None:
    clerk = Clerk(world)
    refused = clerk.submit(PATH, **ZOOM)
    assert refused.status_code == 422
    assert "Please fill this in." in refused.text
    page = clerk.follow(clerk.submit(PATH, **ZOOM, **{"zoom.client_secret": CLIENT_SECRET}))
    assert "Saved." in page.text
    assert CLIENT_SECRET not in page.text
    assert accounts(world)["zoom"] == {
        "account_id": "account-1", "client_id": "client-1", "user": "me"
    }  # fmt: skip
    clerk.submit(PATH, **{"zoom.user": "ada@example.com"})
    assert accounts(world)["zoom"]["user"] == "ada@example.com"


def test_the_secret_of_an_own_service_is_shown_once(world: World, hook: Receiver) -> None:
    clerk = Clerk(world)
    page = clerk.follow(clerk.submit(PATH, **{"hook.url": hook.url}))
    assert "whsec_" in page.text
    assert "whsec_" not in clerk.open(PATH).text


def test_a_service_says_what_its_call_needs(world: World) -> None:
    service = world.create_event_type(schedule_id=world.create_schedule()["id"])
    refused = Clerk(world).submit(f"/event-types/{service['id']}", video="zoom")
    assert refused.status_code == 422
    assert "This is not set up yet" in refused.text


def test_a_booking_says_why_it_has_no_link(world: World, hook: Receiver) -> None:
    clerk = Clerk(world)
    clerk.submit(PATH, **{"hook.url": hook.url})
    schedule = world.create_schedule()
    service = world.create_event_type(
        schedule_id=schedule["id"], video="url", requires_confirmation=False
    )
    booking = world.book(schedule, event_type_id=service["id"])
    hook.wait_for(1)
    path = f"/bookings/{booking['id']}"
    until = time.monotonic() + 60
    while "It could not be made." not in (page := clerk.open(path).text):
        assert time.monotonic() < until, page
        time.sleep(0.05)
    assert "the hook answers 404" in page
