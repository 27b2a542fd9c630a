"""Slots that were listed before are given again only while they are the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kalends.compose import Installation
from kalends.domain.ids import SCHEDULE, decode_id
from tests.conftest import run
from tests.world import JSON, World, plus, tomorrow_at, utc_text

DAY = "2031-05-01"
HOURS = [f"{DAY}T{hour:02}:00:00Z" for hour in range(24)]
NINE, TEN, ELEVEN, NOON = HOURS[9:13]


def listed(world: World, now: str | None = None, **query: Any) -> list[str]:
    """The hours of the day that are offered, asked twice, the second time as they were kept."""
    client = world.sandbox if now else world.api
    asked = {"start": DAY, "end": DAY, **query}
    headers = {"kalends-now": now} if now else {}
    first, again = (
        client.get("/api/v1/slots", params=asked, headers=headers).json()["data"] for _ in range(2)
    )
    assert first == again
    return [slot["start_time"] for slot in first]


def hours_of(world: World, schedule: JSON, now: str | None = None) -> list[str]:
    return listed(world, now, schedule_id=schedule["id"], duration_minutes=60)


def without(*hours: str) -> list[str]:
    return [hour for hour in HOURS if hour not in hours]


def test_each_change_of_a_booking_is_seen_at_once(world: World) -> None:
    room = world.create_schedule()
    assert hours_of(world, room) == HOURS
    booking = world.book(room, NINE)
    path = f"/api/v1/bookings/{booking['id']}"
    assert hours_of(world, room) == without(NINE)
    times = {"start_time": TEN, "end_time": ELEVEN}
    assert world.api.patch(path, json=times).status_code == 200
    assert hours_of(world, room) == without(TEN)
    assert world.api.delete(path).status_code == 200
    assert hours_of(world, room) == HOURS


def test_a_change_of_the_schedule_is_seen_at_once(world: World) -> None:
    room = world.create_schedule()
    path = f"/api/v1/schedules/{room['id']}"
    assert hours_of(world, room) == HOURS
    morning = {"thursday": [{"start": "09:00", "end": "11:00"}]}
    assert world.api.patch(path, json={"availability": morning}).status_code == 200
    assert hours_of(world, room) == [NINE, TEN]
    world.api.patch(path, json={"timezone": "Asia/Tokyo"})
    assert hours_of(world, room) == [HOURS[0], HOURS[1]]
    world.api.patch(path, json={"is_active": False})
    query = {"schedule_id": room["id"], "duration_minutes": 60, "start": DAY, "end": DAY}
    assert world.api.get("/api/v1/slots", params=query).json()["code"] == "INACTIVE"
    assert world.api.delete(path).status_code == 200
    assert world.api.get("/api/v1/slots", params=query).status_code == 404


def test_busy_times_and_absences_are_seen_at_once(world: World) -> None:
    room = world.create_schedule()
    path = f"/api/v1/schedules/{room['id']}"
    assert hours_of(world, room) == HOURS
    busy = world.api.post(f"{path}/busy-times", json={"start_time": NINE, "end_time": TEN})
    assert busy.status_code == 201, busy.text
    assert hours_of(world, room) == without(NINE)
    assert world.api.delete(f"{path}/busy-times/{busy.json()['data']['id']}").status_code == 200
    assert hours_of(world, room) == HOURS
    away = world.api.post(f"{path}/absences", json={"start_time": TEN, "end_time": ELEVEN})
    assert away.status_code == 201, away.text
    assert hours_of(world, room) == without(TEN)


def test_a_change_of_the_event_type_is_seen_at_once(world: World) -> None:
    room = world.create_schedule()
    event_type = world.create_event_type(requirements=[{"schedule_ids": [room["id"]]}])
    path = f"/api/v1/event-types/{event_type['id']}"
    assert listed(world, event_type_id=event_type["id"]) == HOURS
    world.api.patch(path, json={"slot_step_minutes": 120})
    assert listed(world, event_type_id=event_type["id"]) == HOURS[::2]
    world.api.patch(path, json={"duration_minutes": 120})
    assert listed(world, event_type_id=event_type["id"]) == HOURS[::2]
    world.book(room, NINE)
    assert listed(world, event_type_id=event_type["id"]) == [h for h in HOURS[::2] if h != HOURS[8]]


def test_a_limit_is_counted_wherever_its_bookings_are(world: World) -> None:
    first, other = world.create_schedule(), world.create_schedule()
    event_type = world.create_event_type(
        requirements=[{"schedule_ids": [first["id"]]}], booking_limits={"max_per_day": 1}
    )
    booking = world.book(None, NINE, event_type_id=event_type["id"])
    path = f"/api/v1/event-types/{event_type['id']}"
    moved = world.api.patch(path, json={"requirements": [{"schedule_ids": [other["id"]]}]})
    assert moved.status_code == 200, moved.text
    assert listed(world, event_type_id=event_type["id"]) == []
    world.api.delete(f"/api/v1/bookings/{booking['id']}")
    assert listed(world, event_type_id=event_type["id"]) == HOURS


def test_whose_turn_it_is_follows_holds_that_end(world: World) -> None:
    one, other = (
        world.sandbox.post("/api/v1/schedules", json={"name": name}).json()["data"]["id"]
        for name in ("Ada", "Grace")
    )
    both = [{"schedule_ids": [one, other]}]
    body = {"name": "Visit", "duration_minutes": 60, "requirements": both}
    event_type = world.sandbox.post("/api/v1/event-types", json=body).json()["data"]["id"]
    hold = {"event_type_id": event_type, "start_time": "2031-05-20T09:00:00Z", "minutes": 10}
    query = {"event_type_id": event_type, "start": NINE, "end": TEN}
    held_at, held, over = (f"2031-04-01T08:{minutes}:00Z" for minutes in ("00", "05", "10"))
    made = world.sandbox.post("/api/v1/holds", json=hold, headers={"kalends-now": held_at})
    assert made.json()["data"]["schedule_ids"] == [one]
    for now, whose in ((held, other), (over, one), (held, other)):
        headers = {"kalends-now": now}
        answer = world.sandbox.get("/api/v1/slots", params=query, headers=headers).json()
        assert answer["data"][0]["schedule_ids"] == [whose], now


def test_who_writes_beside_the_server_is_seen_at_once(world: World, home: Installation) -> None:
    room = world.create_schedule()
    booking = world.book(room, NINE)
    assert hours_of(world, room) == without(NINE)
    run(home, f"DELETE FROM occupancies WHERE schedule_id = '{decode_id(SCHEDULE, room['id'])}'")
    assert booking["id"]
    assert hours_of(world, room) == HOURS


def test_who_changes_hours_beside_the_server_is_seen_at_once(
    world: World, home: Installation
) -> None:
    room = world.create_schedule()
    assert hours_of(world, room) == HOURS
    closed = f"UPDATE schedules SET overrides = '{{\"{DAY}\": []}}'"
    run(home, f"{closed} WHERE id = '{decode_id(SCHEDULE, room['id'])}'")
    assert hours_of(world, room) == []


def test_a_hold_ends_by_the_clock_of_the_request(world: World) -> None:
    made = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    begin = datetime(2031, 4, 1, 8, tzinfo=UTC)

    def at(minutes: int) -> str:
        return utc_text(begin + timedelta(minutes=minutes))

    for hour, minutes in ((NINE, 10), (TEN, 20)):
        body = {"schedule_id": made["id"], "start_time": hour, "end_time": plus(hour, minutes=60)}
        hold = world.sandbox.post(
            "/api/v1/holds", json={**body, "minutes": minutes}, headers={"kalends-now": at(0)}
        )
        assert hold.status_code == 201, hold.text
    both, one, none = without(NINE, TEN), without(TEN), HOURS
    expected = {0: both, 9: both, 10: one, 19: one, 20: none}
    for minutes in (0, 9, 10, 19, 20, 10, 0, 20, 9):
        assert hours_of(world, made, at(minutes)) == expected[minutes], minutes


@pytest.mark.parametrize("rule", ["notice", "horizon"])
def test_what_depends_on_now_follows_the_clock(world: World, rule: str) -> None:
    limits: JSON = {"min_notice_hours": 24} if rule == "notice" else {}
    made = world.sandbox.post(
        "/api/v1/schedules", json={"name": "Room", "booking_limits": limits}
    ).json()["data"]
    event_type = world.sandbox.post(
        "/api/v1/event-types",
        json={
            "name": "Visit",
            "duration_minutes": 60,
            "requirements": [{"schedule_ids": [made["id"]]}],
            **({"max_days_ahead": 30} if rule == "horizon" else {}),
        },
    ).json()["data"]
    expected = {
        "notice": {"2031-04-29T12:00:00Z": 24, "2031-04-30T12:00:00Z": 12, DAY + "T00:00:00Z": 0},
        "horizon": {"2031-04-30T12:00:00Z": 24, "2031-03-30T12:00:00Z": 0},
    }[rule]
    for now in (*expected, *reversed(expected), *expected):
        assert len(listed(world, now, event_type_id=event_type["id"])) == expected[now], now


def test_the_zone_that_is_asked_for_is_the_one_shown(world: World) -> None:
    room = world.create_schedule()
    query = {"schedule_id": room["id"], "duration_minutes": 60, "start": tomorrow_at(9),
             "end": tomorrow_at(10)}  # fmt: skip
    for _ in range(2):
        for zone in ("Europe/Berlin", None, "Asia/Tokyo"):
            asked = query | ({"timezone": zone} if zone else {})
            answer = world.api.get("/api/v1/slots", params=asked).json()
            assert answer["meta"]["timezone"] == (zone or room["timezone"])
            assert ("local_start" in answer["data"][0]) is (zone is not None)
