"""GET /api/v1/slots and /explain, and that what is offered can be booked."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kalends.compose import Installation
from tests.conftest import run
from tests.world import JSON, World, plus, tomorrow_at

DATA = Path(__file__).parents[2] / "data" / "slots"
WEEKDAYS = {
    "mon": "monday", "tue": "tuesday", "wed": "wednesday", "thu": "thursday", "fri": "friday",
    "sat": "saturday", "sun": "sunday",
}  # fmt: skip


def cases(name: str, every: int = 1) -> list[Any]:
    """Those that can be made by calls: their bookings do not overlap each other."""
    possible = [c for c in json.loads((DATA / name).read_text())["cases"] if is_possible(c)]
    return [pytest.param(case, id=case["id"]) for case in possible[::every]]


def is_possible(case: JSON) -> bool:
    spans = sorted(
        (
            plus(b["start"], minutes=-b["buffer_before_minutes"]),
            plus(b["end"], minutes=b["buffer_after_minutes"]),
        )
        for b in case.get("bookings", [])
        if occupies(b)
    )
    return all(end <= start for (_, end), (start, _) in pairwise(spans))


def occupies(booking: JSON) -> bool:
    return booking["status"] in ("confirmed", "pending")


def windows(listed: list[list[str]]) -> list[JSON]:
    return [{"start": start, "end": end} for start, end in listed]


def schedule_of(world: World, case: JSON, **fields: Any) -> JSON:
    """The case's schedule, made in the sandbox by calls."""
    weekly = case["schedule"]["weekly"]
    overrides = case["schedule"].get("overrides", {})
    body = {
        "name": case["id"],
        "timezone": case["time_zone"],
        "availability": {WEEKDAYS[day]: windows(listed) for day, listed in weekly.items()},
        "overrides": {day: windows(listed) for day, listed in overrides.items()},
        **fields,
    }
    answer = world.sandbox.post("/api/v1/schedules", json=body)
    assert answer.status_code == 201, answer.text
    created: JSON = answer.json()["data"]
    return created


def starts(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [slot["start_time"] for slot in answer.json()["data"]]


@pytest.mark.parametrize("case", cases("dst_cases.json"))
def test_the_days_on_which_clocks_change_are_exact(module_world: World, case: JSON) -> None:
    schedule = schedule_of(module_world, case)
    query = {
        "schedule_id": schedule["id"],
        "duration_minutes": case["duration_minutes"],
        "slot_step_minutes": case["step_minutes"],
        "start": case["date_from"],
        "end": case["date_to"],
    }
    answer = module_world.sandbox.get(
        "/api/v1/slots", params=query, headers={"kalends-now": "1990-01-01T00:00:00Z"}
    )
    assert starts(answer) == case["expected_utc_starts"]


@pytest.mark.parametrize("case", cases("slot_cases.json"))
def test_slots_of_an_event_type_are_exact(module_world: World, case: JSON) -> None:
    world, clock = module_world, {"kalends-now": case["now"]}
    limits = {} if case["max_per_day"] is None else {"max_per_day": case["max_per_day"]}
    schedule = schedule_of(world, case, booking_limits=limits)
    for busy in case["busy"]:
        if busy["start"] < busy["end"]:
            body = {"start_time": busy["start"], "end_time": busy["end"]}
            world.sandbox.post(f"/api/v1/schedules/{schedule['id']}/busy-times", json=body)
    for booking in sorted(case["bookings"], key=occupies):  # the cancelled ones first
        book_as_given(world, schedule, booking)
    event_type = world.sandbox.post(
        "/api/v1/event-types",
        json={
            "name": case["id"],
            "schedule_id": schedule["id"],
            "duration_minutes": case["duration_minutes"],
            "slot_step_minutes": case["step_minutes"],
            "buffer_before_minutes": case["buffer_before_minutes"],
            "buffer_after_minutes": case["buffer_after_minutes"],
            "min_notice_minutes": case["min_notice_minutes"],
        },
    ).json()["data"]
    query = {
        "event_type_id": event_type["id"],
        "start": case["range_start"],
        "end": case["range_end"],
    }
    assert (
        starts(world.sandbox.get("/api/v1/slots", params=query, headers=clock))
        == (case["expected_utc_starts"])
    )


def book_as_given(world: World, schedule: JSON, booking: JSON) -> None:
    """A booking with its own buffers: an event type of its own, whatever the rules say."""
    buffers = {
        name: booking.get(name, 0) for name in ("buffer_before_minutes", "buffer_after_minutes")
    }
    minutes = {"duration_minutes": 5, **buffers}
    event_type = world.sandbox.post(
        "/api/v1/event-types",
        json={"name": "As given", "requires_confirmation": False, **minutes},
    ).json()["data"]
    body = world.booking_body(
        schedule, booking["start"], event_type_id=event_type["id"], override=True
    )
    made = world.sandbox.post("/api/v1/bookings", json=body | {"end_time": booking["end"]})
    assert made.status_code == 201, made.text
    if booking["status"].lower() in ("cancelled", "declined"):
        world.sandbox.delete(f"/api/v1/bookings/{made.json()['data']['id']}")


def slots(world: World, **query: Any) -> list[JSON]:
    answer = world.api.get("/api/v1/slots", params=query)
    assert answer.status_code == 200, answer.text
    listed: list[JSON] = answer.json()["data"]
    return listed


def explain(world: World, **query: Any) -> JSON:
    answer = world.api.get("/api/v1/slots/explain", params=query)
    assert answer.status_code == 200, answer.text
    explained: JSON = answer.json()["data"]
    return explained


MONDAY = "2030-06-03"
NINE_TO_TWELVE = {"monday": {"start": "09:00", "end": "12:00"}}


def test_what_is_offered_can_be_booked_and_a_minute_off_is_refused(world: World) -> None:
    schedule = world.create_schedule(availability=NINE_TO_TWELVE, timezone="Asia/Kathmandu")
    event_type = world.create_event_type(schedule_id=schedule["id"], duration_minutes=45)
    offered = slots(world, event_type_id=event_type["id"], start=MONDAY, end=MONDAY)
    assert len(offered) == 4
    for slot in offered:
        beside = world.booking_body(
            start=plus(slot["start_time"], minutes=1), event_type_id=event_type["id"]
        )
        assert world.api.post("/api/v1/bookings", json=beside).status_code == 422
        booking = world.book(start=slot["start_time"], event_type_id=event_type["id"])
        assert booking["end_time"] == slot["end_time"]
        assert booking["schedule_ids"] == slot["schedule_ids"]
    assert slots(world, event_type_id=event_type["id"], start=MONDAY, end=MONDAY) == []


def test_slots_of_a_schedule_need_a_duration(world: World) -> None:
    schedule = world.create_schedule(availability=NINE_TO_TWELVE)
    query = {"schedule_id": schedule["id"], "start": MONDAY, "end": MONDAY}
    hours = slots(world, **query, duration_minutes=60)
    assert [slot["start_time"][11:16] for slot in hours] == ["09:00", "10:00", "11:00"]
    halves = slots(world, **query, duration_minutes=60, slot_step_minutes=30)
    assert len(halves) == 5


def test_a_zone_of_the_callers_changes_how_slots_are_shown_not_which(world: World) -> None:
    schedule = world.create_schedule(availability=NINE_TO_TWELVE)
    query = {
        "schedule_id": schedule["id"], "duration_minutes": 60,
        "start": f"{MONDAY}T00:00:00Z", "end": f"{MONDAY}T23:00:00Z",
    }  # fmt: skip
    plain = world.api.get("/api/v1/slots", params=query).json()
    zoned = world.api.get("/api/v1/slots", params=query | {"timezone": "Asia/Kolkata"}).json()
    assert [slot.pop("local_start") for slot in zoned["data"]] == [
        f"{MONDAY}T{hour}:30:00+05:30" for hour in (14, 15, 16)
    ]
    assert zoned["data"] == plain["data"]
    assert (plain["meta"], zoned["meta"]["timezone"]) == (
        {"total": 3, "timezone": "UTC"}, "Asia/Kolkata",
    )  # fmt: skip


def test_two_of_three_and_a_room_are_matched_not_grabbed(world: World) -> None:
    ann, bob, cat, room = (world.create_schedule(name=name)["id"] for name in "abcr")
    event_type = world.create_event_type(
        requirements=[
            {"count": 2, "schedule_ids": [ann, bob, cat]},
            {"count": 1, "schedule_ids": [room, ann]},
        ]
    )
    start = tomorrow_at(10)
    world.book({"id": room}, start)
    booking = world.book(start=start, event_type_id=event_type["id"])
    assert sorted(booking["schedule_ids"]) == sorted([ann, bob, cat])


def test_the_least_booked_of_that_day_comes_first_then_the_lowest_id(world: World) -> None:
    ann, bob = (world.create_schedule(name=name)["id"] for name in "ab")
    event_type = world.create_event_type(requirements=[{"count": 1, "schedule_ids": [bob, ann]}])
    first = world.book(start=tomorrow_at(8), event_type_id=event_type["id"])
    second = world.book(start=tomorrow_at(10), event_type_id=event_type["id"])
    assert (first["schedule_id"], second["schedule_id"]) == (min(ann, bob), max(ann, bob))


def test_a_move_keeps_its_schedule_if_that_is_free(world: World) -> None:
    ann, bob = (world.create_schedule(name=name)["id"] for name in "ab")
    event_type = world.create_event_type(requirements=[{"count": 1, "schedule_ids": [ann, bob]}])
    booking = world.book(start=tomorrow_at(8), event_type_id=event_type["id"], schedule_id=bob)
    world.book({"id": bob}, tomorrow_at(12))
    path = f"/api/v1/bookings/{booking['id']}"
    kept = world.api.patch(path, json={"start_time": tomorrow_at(10)}).json()["data"]
    assert kept["schedule_id"] == bob
    other = world.api.patch(path, json={"start_time": tomorrow_at(12)}).json()["data"]
    assert other["schedule_id"] == ann


def test_a_moving_booking_leaves_itself_out(world: World) -> None:
    schedule = world.create_schedule(availability=NINE_TO_TWELVE)
    event_type = world.create_event_type(schedule_id=schedule["id"], slot_step_minutes=30)
    booking = world.book(start=f"{MONDAY}T10:00:00Z", event_type_id=event_type["id"])
    query = {"event_type_id": event_type["id"], "start": MONDAY, "end": MONDAY}
    assert [s["start_time"][11:16] for s in slots(world, **query)] == ["09:00", "11:00"]
    assert len(slots(world, **query, booking_id=booking["id"])) == 5


def test_a_booking_moves_to_another_schedule_in_its_own_length(world: World) -> None:
    busy, other = (world.create_schedule(availability=NINE_TO_TWELVE) for _ in range(2))
    booking = world.book(busy, f"{MONDAY}T09:00:00Z")
    query = {"schedule_id": other["id"], "booking_id": booking["id"], "start": MONDAY}
    offered = slots(world, **query, end=MONDAY)
    assert [(s["start_time"][11:16], s["end_time"][11:16]) for s in offered] == [
        ("09:00", "10:00"),
        ("10:00", "11:00"),
        ("11:00", "12:00"),
    ]


def test_without_requirements_a_booking_moves_on_its_own_schedule(world: World) -> None:
    schedule = world.create_schedule(availability=NINE_TO_TWELVE)
    world.create_schedule(availability={"monday": {"start": "15:00", "end": "16:00"}})
    event_type = world.create_event_type(duration_minutes=60)
    booking = world.book(schedule, f"{MONDAY}T09:00:00Z", event_type_id=event_type["id"])
    query = {"event_type_id": event_type["id"], "booking_id": booking["id"]}
    offered = slots(world, **query, start=MONDAY, end=MONDAY)
    assert [s["start_time"][11:16] for s in offered] == ["09:00", "10:00", "11:00"]


@pytest.mark.parametrize("kind", ["event_type", "schedule"])
def test_what_is_not_active_offers_no_slots(world: World, kind: str) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"])
    made = {"event_type": event_type, "schedule": schedule}[kind]
    path = f"/api/v1/{kind.replace('_', '-')}s/{made['id']}"
    assert world.api.patch(path, json={"is_active": False}).status_code == 200
    query = {f"{kind}_id": made["id"], "start": MONDAY, "end": MONDAY}
    if kind == "schedule":
        query["duration_minutes"] = "60"
    answer = world.api.get("/api/v1/slots", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "INACTIVE")


def test_a_group_has_as_many_seats_as_it_says(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], capacity=3)
    start = tomorrow_at(10)
    query = {"event_type_id": event_type["id"], "start": start, "end": plus(start, minutes=1)}
    for left in (3, 2, 1):
        assert [slot["seats_left"] for slot in slots(world, **query)] == [left]
        world.book(start=start, event_type_id=event_type["id"])
    assert slots(world, **query) == []
    body = world.booking_body(start=start, event_type_id=event_type["id"])
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "SLOT_TAKEN"
    direct = world.booking_body(schedule, start)
    assert world.api.post("/api/v1/bookings", json=direct).json()["code"] == "SLOT_TAKEN"


def test_every_rule_that_refuses_is_explained(world: World) -> None:
    schedule = world.create_schedule(
        name="Dr. Weber", availability=NINE_TO_TWELVE, timezone="Europe/Berlin"
    )
    event_type = world.create_event_type(
        schedule_id=schedule["id"], max_days_ahead=10, min_notice_minutes=60
    )
    explained = explain(world, event_type_id=event_type["id"], start_time=f"{MONDAY}T20:00:00Z")
    assert explained["offered"] is False
    assert [r["code"] for r in explained["reasons"]] == ["TOO_FAR_AHEAD", "OUTSIDE_AVAILABILITY"]
    assert "Dr. Weber" in explained["reasons"][1]["message"]
    assert explained["reasons"][1]["schedule_id"] == schedule["id"]


def test_only_schedules_that_would_help_are_named(world: World) -> None:
    busy, early, late, off = (
        world.create_schedule(name=name, availability={"monday": {"start": start, "end": "12:00"}})
        for name, start in (("F", "09:00"), ("r1", "09:00"), ("r2", "10:00"), ("r3", "09:00"))
    )
    world.api.patch(f"/api/v1/schedules/{off['id']}", json={"is_active": False})
    rooms = [room["id"] for room in (early, late, off)]
    event_type = world.create_event_type(
        requirements=[{"schedule_ids": [busy["id"]]}, {"schedule_ids": rooms}]
    )
    start = f"{MONDAY}T09:00:00Z"
    for schedule, day in ((busy, MONDAY), (early, "2030-06-10")):
        time = {"start_time": f"{day}T09:00:00Z", "end_time": f"{day}T11:00:00Z"}
        world.api.post(f"/api/v1/schedules/{schedule['id']}/busy-times", json=time)
    assert named(world, event_type, start) == [("BUSY", busy["id"])]
    body = world.booking_body(start=start, event_type_id=event_type["id"])
    answer = world.api.post("/api/v1/bookings", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "BUSY")
    assert [detail["code"] for detail in answer.json()["details"]] == ["BUSY"]
    assert named(world, event_type, "2030-06-10T09:00:00Z") == [
        ("OUTSIDE_AVAILABILITY", late["id"]), ("BUSY", early["id"]), ("INACTIVE", off["id"]),
    ]  # fmt: skip


def named(world: World, event_type: JSON, start: str) -> list[tuple[str, str]]:
    explained = explain(world, event_type_id=event_type["id"], start_time=start)
    return [(reason["code"], reason["schedule_id"]) for reason in explained["reasons"]]


def test_the_booking_and_the_busy_time_in_the_way_are_named(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, tomorrow_at(10))
    busy = world.api.post(
        f"/api/v1/schedules/{schedule['id']}/busy-times",
        json={"start_time": tomorrow_at(10, 30), "end_time": tomorrow_at(12)},
    ).json()["data"]
    explained = explain(
        world, schedule_id=schedule["id"], duration_minutes=60, start_time=tomorrow_at(10)
    )
    by_code = {reason["code"]: reason["in_the_way"][0] for reason in explained["reasons"]}
    assert by_code["BUSY"]["busy_time_id"] == busy["id"]
    assert by_code["SLOT_TAKEN"]["booking_id"] == booking["id"]
    free = explain(
        world, schedule_id=schedule["id"], duration_minutes=60, start_time=tomorrow_at(13)
    )
    assert free == {"offered": True, "reasons": []}


CHANGES = {
    "its hours": "UPDATE schedules SET availability = '{}', updated_at = now(),"
    " version = version + 1 WHERE name = '{name}'",
    "a busy time": "INSERT INTO busy_times SELECT organization_id, gen_random_uuid(), id,"
    " '2030-06-03T09:00Z', '2030-06-03T12:00Z', NULL, now() FROM schedules WHERE name = '{name}'",
    "what is taken": "UPDATE occupancies SET during = '[2030-06-03 08:00Z, 2030-06-03 13:00Z)'"
    " WHERE schedule_id IN (SELECT id FROM schedules WHERE name = '{name}')",
    "its zone": "UPDATE schedules SET timezone = 'Asia/Tokyo' WHERE name = '{name}'",
    "its limit": "UPDATE schedules SET booking_limits = '{\"max_per_day\": 1}'"
    " WHERE name = '{name}'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_others_change_in_the_database_is_seen_at_once(
    world: World, home: Installation, change: str
) -> None:
    name = f"Changed by others: {change}"
    schedule = world.create_schedule(name=name, availability=NINE_TO_TWELVE)
    world.book(schedule, f"{MONDAY}T11:00:00Z")
    query = {
        "schedule_id": schedule["id"], "duration_minutes": 60,
        "start": f"{MONDAY}T08:00:00Z", "end": f"{MONDAY}T23:00:00Z",
    }  # fmt: skip
    for _ in range(3):
        assert len(slots(world, **query)) == 2
    run(home, CHANGES[change].replace("{name}", name))
    assert slots(world, **query) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"duration_minutes": 30}, "event_type_id"),
        ({"schedule_id": "own"}, "duration_minutes"),
        ({"event_type_id": "et_1", "duration_minutes": 30}, "duration_minutes"),
        ({"event_type_id": "et_1", "slot_step_minutes": 30}, "slot_step_minutes"),
        ({"schedule_id": "own", "duration_minutes": 0}, "duration_minutes"),
        ({"schedule_id": "own", "duration_minutes": 30, "end": "2032-01-01"}, "end"),
        ({"schedule_id": "own", "duration_minutes": 30, "end": "2020-01-01"}, "end"),
        ({"schedule_id": "own", "duration_minutes": 30, "start": "soon"}, "start"),
        ({"schedule_id": "own", "duration_minutes": 30, "timezone": "Mars"}, "timezone"),
    ],
)
def test_a_question_that_is_not_as_described_names_its_field(
    module_world: World, query: JSON, field: str
) -> None:
    own = module_world.shared_schedule["id"]
    params = {"start": "2030-01-01", "end": "2030-01-02"} | query
    if params.get("schedule_id"):
        params["schedule_id"] = own
    answer = module_world.api.get("/api/v1/slots", params=params)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == field


def test_the_sandbox_may_set_the_time_and_live_keys_may_not(world: World) -> None:
    headers = {"kalends-now": "2030-01-01T00:00:00Z"}
    assert world.sandbox.get("/api/v1/bookings", headers=headers).status_code == 200
    refused = world.api.get("/api/v1/bookings", headers=headers)
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "Kalends-Now")
    bad = world.sandbox.get("/api/v1/bookings", headers={"kalends-now": "soon"})
    assert bad.status_code == 422


def test_a_set_time_decides_what_is_upcoming_alone(world: World) -> None:
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    headers = {"kalends-now": "2040-01-01T00:00:00Z"}
    body = world.booking_body(schedule, tomorrow_at(10))
    made = world.sandbox.post("/api/v1/bookings", json=body, headers=headers).json()["data"]
    assert made["created_at"] < "2040"
    upcoming = {"upcoming": "true"}
    assert world.sandbox.get("/api/v1/bookings", params=upcoming).json()["meta"]["total"] == 1
    later = world.sandbox.get("/api/v1/bookings", params=upcoming, headers=headers)
    assert later.json()["meta"]["total"] == 0


@pytest.mark.parametrize(
    ("start", "end", "zone", "status"),
    [
        ("2030-03-12", "2030-03-11", "UTC", 422),
        ("2030-03-12T00:00:00Z", "2030-03-11", "UTC", 422),
        ("2030-03-12", "2030-03-12T00:00:00Z", "UTC", 422),
        ("2030-03-12", "2030-03-12", "UTC", 200),
        ("2011-12-30", "2011-12-30", "Pacific/Apia", 200),  # a day that there was not
        ("2011-12-30", "2011-12-29", "Pacific/Apia", 422),
        ("2011-12-31", "2011-12-30", "Pacific/Apia", 422),
    ],
)
def test_a_range_that_ends_before_its_start_is_refused(
    module_world: World, start: str, end: str, zone: str, status: int
) -> None:
    schedule_id = module_world.shared_schedule["id"]
    query: JSON = {"schedule_id": schedule_id, "duration_minutes": 60}
    query |= {"start": start, "end": end, "timezone": zone}
    answer = module_world.api.get("/api/v1/slots", params=query)
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["details"][0]["field"] == "end"
