"""Who did it: in events and their webhooks, and on bookings that are cancelled."""

from kalends.compose import Installation
from kalends.domain.ids import API_KEY, USER, decode_id, encode_id
from tests.conftest import fetch, run
from tests.receivers import receiving
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import Browser, offered
from tests.web.test_webhooks import delivery_when
from tests.world import JSON, World, tomorrow_at

BOOKINGS = "/api/v1/bookings"


def last_event(world: World) -> JSON:
    event: JSON = world.api.get("/api/v1/event-log", params={"limit": 500}).json()["data"][-1]
    return event


def get(world: World, booking: JSON) -> JSON:
    current: JSON = world.api.get(f"{BOOKINGS}/{booking['id']}").json()["data"]
    return current


def key_named(world: World, name: str | None) -> JSON:
    answer = world.api.post("/api/v1/api-keys", json={"name": name, "scopes": ["*"]})
    key: JSON = answer.json()["data"]
    return key


def test_a_key_is_named_by_its_name(world: World) -> None:
    key = key_named(world, "Front desk")
    body = world.booking_body(world.create_schedule())
    world.with_key(key["key"]).post(BOOKINGS, json=body)
    assert last_event(world)["actor"] == {"type": "api_key", "id": key["id"], "name": "Front desk"}


def test_a_key_without_a_name_is_named_by_its_end(world: World) -> None:
    key = key_named(world, None)
    world.with_key(key["key"]).post(BOOKINGS, json=world.booking_body(world.create_schedule()))
    assert last_event(world)["actor"]["name"] == f"…{key['key'][-4:]}"


def test_who_cancelled_stands_on_the_booking(world: World) -> None:
    key = key_named(world, "Front desk")
    booking = world.book(world.create_schedule())
    assert booking["cancelled_by"] is None
    answer = world.with_key(key["key"]).delete(f"{BOOKINGS}/{booking['id']}")
    actor = {"type": "api_key", "id": key["id"], "name": "Front desk"}
    assert answer.json()["data"]["cancelled_by"] == actor
    assert get(world, booking)["cancelled_by"] == actor
    event = last_event(world)
    assert event["actor"] == event["data"]["cancelled_by"] == actor


def test_cancelling_by_update_is_the_same(world: World) -> None:
    booking = world.book(world.create_schedule())
    world.api.patch(f"{BOOKINGS}/{booking['id']}", json={"status": "CANCELLED"})
    assert get(world, booking)["cancelled_by"] == last_event(world)["actor"]


def test_a_later_change_leaves_who_cancelled(world: World) -> None:
    booking = world.book(world.create_schedule())
    world.api.delete(f"{BOOKINGS}/{booking['id']}")
    before = get(world, booking)["cancelled_by"]
    other = world.with_key(key_named(world, "Other")["key"])
    other.patch(f"{BOOKINGS}/{booking['id']}", json={"cancellation_reason": "Ill"})
    other.delete(f"{BOOKINGS}/{booking['id']}")
    assert get(world, booking)["cancelled_by"] == before
    assert last_event(world)["actor"]["name"] == "Other"


def test_bookings_that_stand_are_cancelled_by_nobody(world: World) -> None:
    booking = world.book(world.create_schedule())
    for status in ("CONFIRMED", "NO_SHOW"):
        world.api.patch(f"{BOOKINGS}/{booking['id']}", json={"status": status})
        assert get(world, booking)["cancelled_by"] is None


def test_a_user_of_the_console_is_named_by_address(world: World, home: Installation) -> None:
    booking = world.book(world.create_schedule())
    admin = SignedInBrowser(world)
    admin.submit(f"/bookings/{booking['id']}/cancel", seen="1", reason="We are closed")
    admin.close()
    (row,) = fetch(home, f"SELECT id FROM users WHERE email = '{world.setup.admin_email}'")
    actor = {"type": "user", "id": encode_id(USER, row["id"]), "name": world.setup.admin_email}
    assert get(world, booking)["cancelled_by"] == last_event(world)["actor"] == actor


def test_who_books_and_cancels_by_page_is_the_attendee(world: World) -> None:
    path, _ = offered(world)
    actor = {"type": "attendee", "id": None, "name": "Ada Lovelace"}
    with Browser(world.url) as visitor:
        mine = visitor.book(path, tomorrow_at(10), name="Ada Lovelace")
        assert last_event(world)["actor"] == actor
        visitor.fill_in(mine, reason="I am ill")
    event = last_event(world)
    assert event["type"] == "booking.cancelled"
    assert event["actor"] == event["data"]["cancelled_by"] == actor


def test_a_body_stays_as_it_was_written(world: World, home: Installation) -> None:
    with receiving() as receiver:
        hook = world.api.post("/api/v1/webhooks", json={"url": receiver.url}).json()["data"]
        booking = world.book(world.create_schedule())
        world.api.patch(f"{BOOKINGS}/{booking['id']}", json={"title": "Colour"})
        _, first = receiver.wait_for(2)
        assert first.event["previous_attributes"] == {"title": None}
        assert first.event["actor"]["name"] == "First key"
        key_id = decode_id(API_KEY, first.event["actor"]["id"])
        run(home, f"UPDATE api_keys SET name = 'Renamed' WHERE id = '{key_id}'")
        path = f"/api/v1/webhooks/{hook['id']}/deliveries"
        delivery = delivery_when(world, hook, lambda d: d["state"] == "delivered")
        world.api.post(f"{path}/{delivery['id']}/redeliver")
        *_, again = receiver.wait_for(3)
        assert again.body == first.body


def test_the_log_shows_the_bodies_of_webhooks(world: World) -> None:
    with receiving() as receiver:
        world.api.post("/api/v1/webhooks", json={"url": receiver.url})
        booking = world.book(world.create_schedule(), tomorrow_at(9), metadata={"a": 1})
        world.api.patch(f"{BOOKINGS}/{booking['id']}", json={"metadata": {"a": 2, "b": 3}})
        world.api.delete(f"{BOOKINGS}/{booking['id']}")
        bodies = [came.event for came in receiver.wait_for(3)]
    assert world.api.get("/api/v1/event-log").json()["data"] == bodies


def test_a_test_delivery_names_its_actor(world: World) -> None:
    with receiving() as receiver:
        hook = world.api.post("/api/v1/webhooks", json={"url": receiver.url}).json()["data"]
        world.api.post(f"/api/v1/webhooks/{hook['id']}/test")
        (came,) = receiver.wait_for(1)
    assert came.event["previous_attributes"] == {}
    assert came.event["actor"]["name"] == "First key"
