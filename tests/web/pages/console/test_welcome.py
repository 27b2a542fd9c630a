"""The first run: from the sign-in to a working booking page in three steps."""

import re

from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import Browser, slug_of, text_of
from tests.world import JSON, World

HOURS: JSON = {
    "name": "Ada's room",
    "timezone": "Europe/Berlin",
    "days": ["monday", "friday"],
    "opens": "10:00",
    "closes": "18:00",
}


def test_a_new_admin_is_led_to_a_booking_page(world: World, admin: SignedInBrowser) -> None:
    page = admin.get("/console")
    assert page.url.path == f"/console/{slug_of(world)}/welcome"
    page = admin.submit("/welcome", **HOURS)
    assert page.url.path.endswith("/welcome/event-type")
    schedule = world.api.get("/api/v1/schedules").json()["data"][0]
    window = [{"start": "10:00", "end": "18:00"}]
    assert schedule["timezone"] == "Europe/Berlin"
    assert schedule["availability"] == {"monday": window, "friday": window}
    assert world.api.get("/api/v1/organization").json()["data"]["timezone"] == "Europe/Berlin"

    fields = {"schedule": schedule["id"], "name": "First talk", "minutes": "45"}
    page = admin.submit("/welcome/event-type", **fields)
    match = re.search(r'id="url" value="([^"]+)"', page.text)
    assert match
    assert match[1] == f"{world.url}/{slug_of(world)}/first-talk"
    with Browser(world.url) as visitor:
        assert "First talk" in text_of(visitor.get(match[1]))
    assert admin.get("/console").url.path.endswith("/calendar")
    assert admin.open("/welcome").url.path.endswith("/calendar")


def test_it_can_be_skipped_and_found_again(world: World, admin: SignedInBrowser) -> None:
    page = admin.open("/calendar")
    assert f'href="/console/{slug_of(world)}/welcome"' in page.text


def test_an_invalid_form_names_its_faults_and_keeps_input(admin: SignedInBrowser) -> None:
    page = admin.submit("/welcome", **{**HOURS, "days": [], "opens": "18:00", "timezone": "Mars"})
    assert page.status_code == 422
    assert "Ada&#39;s room" in page.text
    assert "choose at least one day" in page.text
    assert "no time zone" in page.text
    page = admin.submit("/welcome", **{**HOURS, "closes": "09:00"})
    assert "later than the beginning" in page.text
    page = admin.submit("/welcome", **{**HOURS, "name": "", "opens": "early"})
    assert "give it a name" in page.text
    assert "a time of day, such as 09:00" in page.text


def test_hours_that_were_made_elsewhere_stay_as_they_are(
    world: World, admin: SignedInBrowser
) -> None:
    windows = [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "17:00"}]
    schedule = world.create_schedule(availability={"monday": windows})
    page = admin.open("/welcome")
    assert page.url.path.endswith("/welcome/event-type")
    assert world.api.get(f"/api/v1/schedules/{schedule['id']}").json()["data"] == schedule


def test_an_event_type_needs_a_name_and_a_length(world: World, admin: SignedInBrowser) -> None:
    schedule = world.create_schedule()
    page = admin.submit("/welcome/event-type", schedule=schedule["id"], name="", minutes="31")
    assert page.status_code == 422
    assert "give it a name" in page.text
    assert "choose how long" in page.text
    assert world.api.get("/api/v1/event-types").json()["meta"]["total"] == 0
