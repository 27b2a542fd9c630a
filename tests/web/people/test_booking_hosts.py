"""The hosts of a booking: those of its schedules that belong to a member, by what attendees see."""

from typing import Any

from tests.web.pages.visitors import Browser, offered, text_of
from tests.web.people.test_schedule_people import owner_of
from tests.world import JSON, World, plus, tomorrow_at

BOOKINGS = "/api/v1/bookings"


def of_a_member(world: World, name: str, **fields: Any) -> JSON:
    return world.create_schedule(public_name=name, user_id=owner_of(world), **fields)


def host(schedule: JSON) -> JSON:
    return {
        "schedule_id": schedule["id"],
        "user_id": schedule["user_id"],
        "name": schedule["public_name"],
    }


def rename(world: World, schedule: JSON, name: str | None) -> None:
    path = f"/api/v1/schedules/{schedule['id']}"
    assert world.api.patch(path, json={"public_name": name}).status_code == 200


def shown(world: World, booking: JSON) -> list[JSON]:
    """Its hosts, which list and call of its own agree on."""
    hosts: list[JSON] = world.api.get(f"{BOOKINGS}/{booking['id']}").json()["data"]["hosts"]
    listed = world.api.get(BOOKINGS, params={"limit": 50}).json()["data"]
    assert [one["hosts"] for one in listed if one["id"] == booking["id"]] == [hosts]
    return hosts


def test_a_booking_names_its_hosts_and_no_rooms(world: World) -> None:
    ada, grace = (of_a_member(world, name) for name in ("Ada Lovelace", "Grace Hopper"))
    room = world.create_schedule()
    needed = [{"count": 1, "schedule_ids": [one["id"]]} for one in (grace, room, ada)]
    event_type = world.create_event_type(requirements=needed, schedule_id=None)
    booking = world.book(None, tomorrow_at(10), event_type_id=event_type["id"])
    by_id = {one["id"]: one for one in (ada, grace)}
    expected = [host(by_id[id_]) for id_ in booking["schedule_ids"] if id_ in by_id]
    assert len(expected) == 2
    assert booking["hosts"] == expected
    assert shown(world, booking) == expected


def test_a_booking_of_rooms_alone_has_no_hosts(world: World) -> None:
    booking = world.book(world.create_schedule(), tomorrow_at(10))
    assert booking["hosts"] == []
    assert shown(world, booking) == []


def test_a_list_shows_the_name_of_now(world: World) -> None:
    ada = of_a_member(world, "Ada Lovelace")
    booking = world.book(ada, tomorrow_at(10))
    assert [one["name"] for one in shown(world, booking)] == ["Ada Lovelace"]
    rename(world, ada, "Countess Lovelace")
    assert [one["name"] for one in shown(world, booking)] == ["Countess Lovelace"]


def test_events_name_the_hosts_of_their_time(world: World) -> None:
    ada = of_a_member(world, "Ada Lovelace")
    booking = world.book(ada, tomorrow_at(10))
    rename(world, ada, "Countess Lovelace")
    moved = world.api.patch(
        f"{BOOKINGS}/{booking['id']}", json={"start_time": plus(booking["start_time"], hours=1)}
    )
    assert [one["name"] for one in moved.json()["data"]["hosts"]] == ["Countess Lovelace"]
    events = world.api.get("/api/v1/event-log").json()["data"]
    named = {event["type"]: event["data"]["hosts"][0]["name"] for event in events}
    assert named["booking.created"] == "Ada Lovelace"
    assert named["booking.rescheduled"] == "Countess Lovelace"


def test_who_takes_it_after_a_move_is_a_change(world: World) -> None:
    ada, grace = (of_a_member(world, name) for name in ("Ada Lovelace", "Grace Hopper"))
    needed = [{"count": 1, "schedule_ids": [ada["id"], grace["id"]]}]
    event_type = world.create_event_type(requirements=needed, schedule_id=None)
    booking = world.book(None, tomorrow_at(10), event_type_id=event_type["id"])
    (before,) = booking["hosts"]
    later = plus(booking["start_time"], hours=2)
    world.book(ada if before["schedule_id"] == ada["id"] else grace, later)
    path = f"{BOOKINGS}/{booking['id']}"
    (after,) = world.api.patch(path, json={"start_time": later}).json()["data"]["hosts"]
    assert {before["name"], after["name"]} == {"Ada Lovelace", "Grace Hopper"}
    log = world.api.get("/api/v1/event-log").json()["data"]
    (event,) = [one for one in log if one["type"] == "booking.rescheduled"]
    assert event["previous_attributes"]["hosts"] == [before]


def test_the_page_of_a_booking_says_with_whom(world: World) -> None:
    path, _ = offered(world, schedule=of_a_member(world, "Ada <Lovelace>"))
    with Browser(world.url) as visitor:
        page = visitor.book(path, tomorrow_at(10))
        assert "With Ada <Lovelace>" in text_of(page)
        file = visitor.get(f"{page.url.path}/booking.ics").text
    assert "DESCRIPTION:With: Ada <Lovelace>" in file
