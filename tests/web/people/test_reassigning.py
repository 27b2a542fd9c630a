"""Another host: the same booking on other schedules, by the same rules and constraint."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.web.people.test_booking_hosts import host, of_a_member
from tests.world import JSON, World, plus, tomorrow_at

BOOKINGS = "/api/v1/bookings"
NAMES = ("Ada Lovelace", "Grace Hopper", "Mary Somerville")


def team(world: World, **fields: Any) -> tuple[list[JSON], JSON]:
    """Three hosts, of whom one is needed."""
    hosts = [of_a_member(world, name) for name in NAMES]
    needed = [{"count": 1, "schedule_ids": [one["id"] for one in hosts]}]
    return hosts, world.create_event_type(requirements=needed, **fields)


def reassign(world: World, booking: JSON, **changes: Any) -> Any:
    return world.api.patch(f"{BOOKINGS}/{booking['id']}", json=changes)


def last_event(world: World) -> JSON:
    event: JSON = world.api.get("/api/v1/event-log").json()["data"][-1]
    return event


def book_with(world: World, schedule: JSON, event_type: JSON, start: str = "") -> JSON:
    body = {"event_type_id": event_type["id"], "schedule_id": schedule["id"]}
    return world.book(None, start or tomorrow_at(10), **body)


def test_another_host_takes_the_same_booking(world: World) -> None:
    (ada, grace, _), event_type = team(world)
    booking = book_with(world, ada, event_type)
    answer = reassign(world, booking, schedule_id=grace["id"])
    assert answer.status_code == 200, answer.text
    taken = answer.json()["data"]
    assert (taken["id"], taken["start_time"]) == (booking["id"], booking["start_time"])
    assert (taken["schedule_ids"], taken["hosts"]) == ([grace["id"]], [host(grace)])
    event = last_event(world)
    assert event["type"] == "booking.reassigned"
    assert event["previous_attributes"] == {
        "schedule_id": ada["id"],
        "schedule_ids": [ada["id"]],
        "hosts": [host(ada)],
    }
    book_with(world, ada, event_type)  # Ada has her time back


def test_with_a_new_time_it_is_moved(world: World) -> None:
    (ada, grace, _), event_type = team(world)
    booking = book_with(world, ada, event_type)
    later = plus(booking["start_time"], hours=1)
    answer = reassign(world, booking, schedule_id=grace["id"], start_time=later)
    assert answer.json()["data"]["schedule_ids"] == [grace["id"]]
    event = last_event(world)
    assert event["type"] == "booking.rescheduled"
    assert {"start_time", "hosts", "schedule_id"} <= event["previous_attributes"].keys()


def test_who_is_taken_or_busy_refuses(world: World) -> None:
    (ada, grace, mary), event_type = team(world)
    booking = book_with(world, ada, event_type)
    book_with(world, grace, event_type)
    span = {"start_time": booking["start_time"], "end_time": booking["end_time"]}
    world.api.post(f"/api/v1/schedules/{mary['id']}/busy-times", json=span)
    taken = reassign(world, booking, schedule_id=grace["id"])
    assert (taken.status_code, taken.json()["code"]) == (409, "SLOT_TAKEN")
    busy = reassign(world, booking, schedule_id=mary["id"])
    assert (busy.status_code, busy.json()["code"]) == (422, "BUSY")
    assert world.api.get(f"{BOOKINGS}/{booking['id']}").json()["data"] == booking


def test_only_members_of_the_requirement_take_it(world: World) -> None:
    (ada, grace, _), event_type = team(world)
    booking, room = book_with(world, ada, event_type), world.create_schedule()
    for changes, status in (
        ({"schedule_id": room["id"]}, 422),
        ({"schedule_ids": [grace["id"], ada["id"]]}, 422),
        ({"schedule_ids": [grace["id"]], "schedule_id": grace["id"]}, 422),
        ({"schedule_id": "sch_0352lF5NnllfIJ66lPpfc3"}, 404),
    ):
        assert reassign(world, booking, **changes).status_code == status, changes


def test_of_a_booking_on_several_all_are_named(world: World) -> None:
    ada, grace = (of_a_member(world, name) for name in NAMES[:2])
    room = world.create_schedule()
    needed = [
        {"count": 1, "schedule_ids": [ada["id"], grace["id"]]},
        {"count": 1, "schedule_ids": [room["id"]]},
    ]
    booking = book_with(world, ada, world.create_event_type(requirements=needed))
    alone = reassign(world, booking, schedule_id=grace["id"])
    assert (alone.status_code, alone.json()["details"][0]["field"]) == (422, "schedule_id")
    both = reassign(world, booking, schedule_ids=[grace["id"], room["id"]])
    assert both.json()["data"]["schedule_ids"] == [grace["id"], room["id"]]
    assert both.json()["data"]["hosts"] == [host(grace)]


def test_neither_notice_nor_grid_stops_another_host(world: World) -> None:
    (ada, grace, _), event_type = team(world)
    booking = book_with(world, ada, event_type)
    body = {"min_notice_minutes": 7 * 24 * 60, "duration_minutes": 45, "max_days_ahead": 0}
    changed = world.api.patch(f"/api/v1/event-types/{event_type['id']}", json=body)
    assert changed.status_code == 200, changed.text
    assert reassign(world, booking, schedule_id=grace["id"]).status_code == 200
    later = plus(booking["start_time"], hours=1)
    moved = reassign(world, booking, schedule_id=ada["id"], start_time=later)
    assert moved.json()["code"] == "TOO_SHORT_NOTICE"


def test_the_same_host_again_changes_nothing(world: World) -> None:
    (ada, _, _), event_type = team(world)
    booking = book_with(world, ada, event_type)
    assert reassign(world, booking, schedule_id=ada["id"]).json()["data"] == booking
    assert last_event(world)["type"] == "booking.created"


@pytest.mark.parametrize("stale", [True, False])
def test_of_many_at_once_one_booking_gets_the_host(world: World, stale: bool) -> None:
    """Whether each is a change of another booking, or all are changes of one version of one."""
    (ada, grace, mary), event_type = team(world)
    booking = book_with(world, ada, event_type)
    other = booking if stale else book_with(world, mary, event_type)
    headers = {"If-Match": '"1"'}

    def take(one: JSON) -> Any:
        path = f"{BOOKINGS}/{one['id']}"
        return world.api.patch(path, json={"schedule_id": grace["id"]}, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(take, [booking, other] * 2))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {a.status_code for a in answers} - {200} <= {409, 412}
    log = world.api.get("/api/v1/event-log").json()["data"]
    assert [event["type"] for event in log].count("booking.reassigned") == 1
