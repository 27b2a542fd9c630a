"""The first run: from the sign-in to a working booking page in three steps."""

import re

import httpx

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.services.setup import FIRST_SCHEDULE_NAME
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.settings.clerks import clerk_of
from tests.web.pages.visitors import Browser, offered, slug_of, text_of
from tests.web.people.test_schedule_people import owner_of, user_of
from tests.world import JSON, World

HOURS: JSON = {
    "name": "Ada's room",
    "whose": "shared",
    "timezone": "Europe/Berlin",
    "days": ["monday", "friday"],
    "opens": "10:00",
    "closes": "18:00",
}

WINDOW: JSON = {"start": "09:00", "end": "12:00"}


def first_schedule(world: World) -> JSON:
    first: JSON = world.api.get("/api/v1/schedules").json()["data"][0]
    return first


def chosen_in(page: httpx.Response) -> str:
    """Whose hours it is at first."""
    (chosen,) = re.findall(r'name="whose" value="(\w+)" checked', page.text)
    return str(chosen)


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


def test_own_hours_make_the_signed_in_user_the_host(world: World, admin: SignedInBrowser) -> None:
    assert chosen_in(admin.open("/welcome")) == "own"
    admin.submit("/welcome", **{**HOURS, "name": "Ada Lovelace", "whose": "own"})
    schedule = first_schedule(world)
    assert schedule["user_id"] == owner_of(world)
    assert chosen_in(admin.open("/welcome")) == "own"
    path, _ = offered(world, schedule=schedule, host_choice="optional")
    with Browser(world.url) as visitor:
        assert "Ada Lovelace" in text_of(visitor.get(path))


def test_hours_of_a_room_belong_to_nobody(world: World, admin: SignedInBrowser) -> None:
    admin.submit("/welcome", **HOURS)
    assert first_schedule(world)["user_id"] is None
    assert chosen_in(admin.open("/welcome")) == "shared"
    admin.submit("/welcome", **HOURS | {"whose": "own"})
    assert first_schedule(world)["user_id"] == owner_of(world)
    admin.submit("/welcome", **HOURS | {"whose": ""})
    assert first_schedule(world)["user_id"] == owner_of(world)
    admin.submit("/welcome", **HOURS)
    assert first_schedule(world)["user_id"] is None


def test_the_schedule_of_a_setup_asks_for_a_name(world: World, admin: SignedInBrowser) -> None:
    world.create_schedule(name=FIRST_SCHEDULE_NAME, availability={"monday": WINDOW})
    page = admin.open("/welcome")
    assert chosen_in(page) == "own"
    assert FIRST_SCHEDULE_NAME not in page.text


def test_a_colleagues_hours_stay_the_colleagues(
    home: Installation, world: World, admin: SignedInBrowser
) -> None:
    colleague = user_of(clerk_of(home, world, Role.STAFF))
    world.create_schedule(user_id=colleague, availability={"monday": WINDOW})
    assert 'name="whose"' not in admin.open("/welcome").text
    admin.submit("/welcome", **HOURS | {"whose": "own"})
    schedule = first_schedule(world)
    assert (schedule["name"], schedule["user_id"]) == (HOURS["name"], colleague)


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
