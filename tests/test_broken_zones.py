"""A time zone that was broken by hand: an error that names the row, wherever it is met."""

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.ids import BOOKING, ORGANIZATION, SCHEDULE, decode_id, encode_id
from tests.conftest import run
from tests.world import JSON, World

AT = "2031-05-01T10:00:00Z"
LATER = "2031-05-02T10:00:00Z"
WEEK = {"start": "2031-05-01", "end": "2031-05-07"}
FOR_PEOPLE = {"accept": "text/html"}


def break_zone(home: Installation, table: str, row_id: object) -> None:
    run(home, f"UPDATE {table} SET timezone = 'Nowhere/Land' WHERE id = '{row_id}'")


@pytest.fixture
def schedule(world: World) -> JSON:
    return world.create_schedule(timezone="Europe/Berlin")


@pytest.fixture
def event_type(world: World, schedule: JSON) -> JSON:
    return world.create_event_type(
        slug="visit", requirements=[{"count": 1, "schedule_ids": [schedule["id"]]}]
    )


@pytest.fixture
def booking(world: World, schedule: JSON) -> JSON:
    return world.book(schedule, AT)


@pytest.fixture
def broken(
    home: Installation, schedule: JSON, event_type: JSON, booking: JSON
) -> tuple[JSON, JSON, JSON]:
    """A schedule whose zone is none any more, its event type and a booking."""
    break_zone(home, "schedules", decode_id(SCHEDULE, schedule["id"]))
    return schedule, event_type, booking


def check_named(answer: httpx.Response, row: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, "BROKEN_ZONE"), answer.text
    assert row in answer.json()["error"]
    assert "Nowhere/Land" in answer.json()["error"]


def test_calls_of_the_api_name_the_schedule(world: World, broken: tuple[JSON, JSON, JSON]) -> None:
    schedule, event_type, booking = broken
    slots = WEEK | {"event_type_id": event_type["id"]}
    explain = {"event_type_id": event_type["id"], "start_time": LATER}
    body = world.booking_body(schedule, LATER)
    hold = {"schedule_id": schedule["id"], "start_time": LATER, "end_time": body["end_time"]}
    path = f"/api/v1/bookings/{booking['id']}"
    for answer in (
        world.api.get("/api/v1/slots", params=slots),
        world.api.get(
            "/api/v1/slots", params=WEEK | {"schedule_id": schedule["id"], "duration_minutes": 60}
        ),
        world.api.get("/api/v1/slots/explain", params=explain),
        world.api.post("/api/v1/bookings", json=body),
        world.api.post("/api/v1/bookings", json=body | {"override": True}),
        world.api.post("/api/v1/holds", json=hold),
        world.api.patch(path, json={"start_time": LATER}),
        world.api.get(f"/api/v1/schedules/{schedule['id']}/busy-times", params=WEEK),
    ):
        check_named(answer, schedule["id"])


def test_what_needs_no_zone_goes_on(world: World, broken: tuple[JSON, JSON, JSON]) -> None:
    schedule, _, booking = broken
    path = f"/api/v1/bookings/{booking['id']}"
    assert world.api.get(path).status_code == 200
    assert world.api.get(f"/api/v1/schedules/{schedule['id']}").status_code == 200
    assert world.api.patch(path, json={"status": "CONFIRMED"}).status_code == 200
    assert world.api.delete(path).status_code == 200


def test_the_schedule_can_be_mended_by_a_call(
    world: World, broken: tuple[JSON, JSON, JSON]
) -> None:
    schedule, event_type, _ = broken
    mended = world.api.patch(
        f"/api/v1/schedules/{schedule['id']}", json={"timezone": "Europe/Paris"}
    )
    assert mended.status_code == 200
    slots = WEEK | {"event_type_id": event_type["id"]}
    assert world.api.get("/api/v1/slots", params=slots).status_code == 200


def test_a_feed_goes_on(world: World, home: Installation) -> None:
    soon = world.create_schedule()
    world.book(soon)
    break_zone(home, "schedules", decode_id(SCHEDULE, soon["id"]))
    feed = world.api.post(f"/api/v1/schedules/{soon['id']}/feed").json()["data"]
    answer = world.stranger.get(feed["url"])
    assert answer.status_code == 200
    assert "BEGIN:VEVENT" in answer.text


def test_the_public_page_names_the_schedule(world: World, broken: tuple[JSON, JSON, JSON]) -> None:
    schedule, *_ = broken
    slug = world.api.get("/api/v1/organization").json()["data"]["slug"]
    page = world.stranger.get(f"/{slug}/visit", headers=FOR_PEOPLE)
    assert page.status_code == 409
    assert schedule["id"] in page.text


def test_the_console_names_the_schedule_and_can_mend_it(
    world: World, broken: tuple[JSON, JSON, JSON]
) -> None:
    schedule, event_type, _ = broken
    console = signed_in(world)
    for path in (
        f"/schedules/{schedule['id']}/times",
        f"/event-types/{event_type['id']}/times",
        f"/calendar?schedule={schedule['id']}&day=2031-05-01",
    ):
        page = console.get(f"{desk_of(world)}{path}", headers=FOR_PEOPLE)
        assert page.status_code == 409, path
        assert schedule["id"] in page.text
    assert console.get(f"{desk_of(world)}/schedules/{schedule['id']}").status_code == 200


def test_a_broken_zone_of_the_organization_is_named(world: World, home: Installation) -> None:
    break_zone(home, "organizations", world.setup.organization_id)
    console = signed_in(world)
    page = console.get(f"{desk_of(world)}/calendar", headers=FOR_PEOPLE)
    assert page.status_code == 409
    assert encode_id(ORGANIZATION, world.setup.organization_id) in page.text
    assert console.get(f"{desk_of(world)}/settings", headers=FOR_PEOPLE).status_code == 200


def test_a_broken_zone_of_a_booking_is_named(
    world: World, home: Installation, booking: JSON
) -> None:
    break_zone(home, "bookings", decode_id(BOOKING, booking["id"]))
    moved = world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"start_time": LATER})
    check_named(moved, booking["id"])
    mended = {"start_time": LATER, "timezone": "Europe/Berlin"}
    assert world.api.patch(f"/api/v1/bookings/{booking['id']}", json=mended).status_code == 200


def signed_in(world: World) -> httpx.Client:
    client = httpx.Client(base_url=world.url, timeout=60)
    body = {"email": world.setup.admin_email, "password": world.password}
    assert client.post("/api/auth/login", json=body).status_code == 200
    return client


def desk_of(world: World) -> str:
    return f"/console/{world.api.get('/api/v1/organization').json()['data']['slug']}"
