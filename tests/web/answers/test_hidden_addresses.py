"""The rule for addresses holds wherever one is taken."""

import pytest

from kalends.compose import Installation
from tests.conftest import fetch
from tests.refusals import send_at_attendee_and_organization
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import Browser, offered
from tests.world import World, tomorrow_at

HIDDEN = "a\u202eb@example.com"


@pytest.mark.parametrize("email", [HIDDEN, "a\u200bb@example.com", "ab@exa\u00admple.com"])
def test_the_api_refuses_it_on_its_field(module_world: World, email: str) -> None:
    refused = send_at_attendee_and_organization(module_world, "email", email, "notify_email")
    assert [answer.status_code for answer in refused] == [422] * 3
    fields = [answer.json()["details"][0]["field"] for answer in refused]
    assert fields == ["attendee.email", "attendee.email", "notify_email"]
    assert "invisible" in refused[0].json()["error"]


def test_a_booking_page_refuses_it(world: World) -> None:
    path, _ = offered(world)
    with Browser(world.url) as visitor:
        page = visitor.book(path, tomorrow_at(10), email=HIDDEN)
    assert page.status_code == 422
    assert world.api.get("/api/v1/bookings").json()["data"] == []


def test_the_console_refuses_it_for_attendees_and_settings(world: World) -> None:
    booking = world.book(world.create_schedule())
    admin = SignedInBrowser(world)
    fields = {"seen": "1", "name": "Ada", "email": HIDDEN}
    assert admin.submit(f"/bookings/{booking['id']}/edit", **fields).status_code == 422
    given = world.api.get("/api/v1/organization").json()["data"]
    assert admin.submit("/settings/notices", notify_email=HIDDEN).status_code == 422
    admin.close()
    assert world.api.get("/api/v1/organization").json()["data"] == given


def test_the_console_invites_nobody_to_it(world: World, home: Installation) -> None:
    admin = SignedInBrowser(world)
    answer = admin.submit("/users", email=HIDDEN, role="member")
    admin.close()
    assert answer.status_code == 422
    assert fetch(home, "SELECT FROM users WHERE email LIKE 'a%b@example.com'") == []
