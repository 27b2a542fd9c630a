"""What a schedule's rules refuse on create and on a move, and what an override may and may not."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/bookings"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OFFICE = {"start": "09:00", "end": "17:00"}
OFFICE_HOURS = dict.fromkeys(WEEK, OFFICE)
# A Wednesday; in Berlin it is summer, two hours ahead of UTC.
DAY = "2030-05-01"


def at(time: str, day: str = DAY) -> str:
    return f"{day}T{time}:00Z"


def try_to_book(world: World, schedule: JSON, start: str, **fields: Any) -> httpx.Response:
    return world.api.post(PATH, json=world.booking_body(schedule, start, **fields))


def try_to_move(world: World, booking: JSON, start: str, **fields: Any) -> httpx.Response:
    return world.api.patch(f"{PATH}/{booking['id']}", json={"start_time": start, **fields})


def make_busy(world: World, schedule: JSON, start: str, end: str) -> None:
    path = f"/api/v1/schedules/{schedule['id']}/busy-times"
    answer = world.api.post(path, json={"start_time": start, "end_time": end})
    assert answer.status_code == 201, answer.text


def codes(answer: httpx.Response) -> list[str]:
    """The codes of all rules that refuse; the error's own is the first."""
    assert answer.status_code == 422, answer.text
    in_order = list(dict.fromkeys(detail["code"] for detail in answer.json()["details"]))
    assert answer.json()["code"] == in_order[0]
    return in_order


@pytest.mark.parametrize(
    ("start", "is_open"),
    [("09:00", True), ("16:00", True), ("08:59", False), ("16:01", False), ("03:00", False)],
)
def test_a_booking_has_to_lie_inside_the_hours(world: World, start: str, is_open: bool) -> None:
    answer = try_to_book(world, world.create_schedule(availability=OFFICE_HOURS), at(start))
    if is_open:
        assert answer.status_code == 201
    else:
        assert codes(answer) == ["OUTSIDE_AVAILABILITY"]
        assert answer.json()["details"][0]["field"] == "start_time"


@pytest.mark.parametrize(
    ("availability", "start", "is_open"),
    [
        ({}, "10:00", False),
        (None, "10:00", True),
        ({"wednesday": []}, "10:00", False),
        ({"thursday": OFFICE}, "10:00", False),
        ({"wednesday": [{"start": "09:00", "end": "10:30"}, {"start": "10:30", "end": "12:00"}]},
         "10:00", True),
        ({"wednesday": [{"start": "09:00", "end": "10:30"}, {"start": "10:31", "end": "12:00"}]},
         "10:00", False),
        ({"wednesday": [{"start": "09:00", "end": "11:00"}, {"start": "10:00", "end": "12:00"}]},
         "10:30", True),
        ({"tuesday": {"start": "22:00", "end": "02:00"}}, "01:00", True),
        ({"tuesday": {"start": "22:00", "end": "02:00"}}, "01:01", False),
        ({"wednesday": {"start": "22:00", "end": "02:00"}}, "23:30", True),
        ({"wednesday": {"start": "20:00", "end": "24:00"}}, "23:00", True),
        ({"wednesday": {"start": "20:00", "end": "24:00"}}, "23:30", False),
        ({"wednesday": {"start": "20:00", "end": "24:00"}, "thursday": {"start": "00:00", "end":
         "03:00"}}, "23:30", True),
    ],
)  # fmt: skip
def test_windows_may_be_several_overlap_and_cross_midnight(
    world: World, availability: JSON | None, start: str, is_open: bool
) -> None:
    schedule = world.create_schedule(availability=availability)
    assert try_to_book(world, schedule, at(start)).status_code == (201 if is_open else 422)


def test_hours_are_the_wall_clock_of_the_schedules_zone(world: World) -> None:
    schedule = world.create_schedule(timezone="Europe/Berlin", availability=OFFICE_HOURS)
    assert codes(try_to_book(world, schedule, at("06:59"))) == ["OUTSIDE_AVAILABILITY"]
    assert try_to_book(world, schedule, at("07:00")).status_code == 201
    winter = "2030-01-02"
    assert codes(try_to_book(world, schedule, at("07:00", winter))) == ["OUTSIDE_AVAILABILITY"]
    assert try_to_book(world, schedule, at("08:00", winter)).status_code == 201


def test_an_override_takes_the_place_of_the_days_windows(world: World) -> None:
    schedule = world.create_schedule(
        availability=OFFICE_HOURS,
        overrides={DAY: [{"start": "18:00", "end": "20:00"}], "2030-05-02": []},
    )
    assert codes(try_to_book(world, schedule, at("10:00"))) == ["OUTSIDE_AVAILABILITY"]
    assert try_to_book(world, schedule, at("18:30")).status_code == 201
    assert codes(try_to_book(world, schedule, at("10:00", "2030-05-02")))
    assert try_to_book(world, schedule, at("10:00", "2030-05-03")).status_code == 201


def test_new_hours_bind_the_next_booking_at_once(world: World) -> None:
    schedule = world.create_schedule(availability=OFFICE_HOURS)
    assert try_to_book(world, schedule, at("10:00")).status_code == 201
    world.api.patch(f"/api/v1/schedules/{schedule['id']}", json={"availability": {}})
    assert codes(try_to_book(world, schedule, at("12:00"))) == ["OUTSIDE_AVAILABILITY"]


@pytest.mark.parametrize(
    ("start", "is_free"),
    [("09:00", True), ("09:01", False), ("10:30", False), ("11:59", False), ("12:00", True)],
)
def test_busy_time_cannot_be_booked_but_touched(world: World, start: str, is_free: bool) -> None:
    schedule = world.create_schedule()
    make_busy(world, schedule, at("10:00"), at("12:00"))
    answer = try_to_book(world, schedule, at(start))
    assert (answer.status_code == 201) if is_free else (codes(answer) == ["BUSY"])


def test_the_busy_time_of_another_schedule_is_in_nobodys_way(world: World) -> None:
    make_busy(world, world.create_schedule(name="Other"), at("00:00"), at("23:00"))
    assert try_to_book(world, world.create_schedule(), at("10:00")).status_code == 201


def test_a_minimum_notice_is_elapsed_hours(world: World) -> None:
    schedule = world.create_schedule(booking_limits={"min_notice_hours": 72})
    assert codes(try_to_book(world, schedule, tomorrow_at(0))) == ["TOO_SHORT_NOTICE"]
    assert try_to_book(world, schedule, plus(tomorrow_at(0), hours=73)).status_code == 201


def test_a_notice_of_nothing_still_refuses_the_past(world: World) -> None:
    schedule = world.create_schedule(booking_limits={"min_notice_hours": 0})
    assert codes(try_to_book(world, schedule, "2024-02-15T10:00:00Z")) == ["TOO_SHORT_NOTICE"]
    assert try_to_book(world, schedule, tomorrow_at(10)).status_code == 201


def test_a_day_takes_its_number_of_bookings_in_the_schedules_zone(world: World) -> None:
    schedule = world.create_schedule(
        timezone="Europe/Berlin", booking_limits={"max_per_day": 2}
    )  # 1 May there ends at 22:00 UTC
    for start in ("08:00", "21:30"):
        assert try_to_book(world, schedule, at(start)).status_code == 201
    assert codes(try_to_book(world, schedule, at("10:00"))) == ["LIMIT_REACHED"]
    assert try_to_book(world, schedule, at("22:30")).status_code == 201
    assert try_to_book(world, schedule, at("21:00", "2030-04-30")).status_code == 201


@pytest.mark.parametrize(
    ("statuses", "counts"),
    [
        (["CANCELLED"], False),
        (["CONFIRMED", "NO_SHOW"], False),
        (["CONFIRMED"], True),
        (["CONFIRMED", "COMPLETED"], True),
    ],
)
def test_what_is_cancelled_or_missed_does_not_count(
    world: World, statuses: list[str], counts: bool
) -> None:
    schedule = world.create_schedule(booking_limits={"max_per_day": 1})
    booking = world.book(schedule, at("08:00"))
    for status in statuses:
        answer = world.api.patch(f"{PATH}/{booking['id']}", json={"status": status})
        assert answer.status_code == 200
    assert try_to_book(world, schedule, at("10:00")).status_code == (422 if counts else 201)


def test_a_limit_holds_against_many_at_once(world: World) -> None:
    schedule = world.create_schedule(booking_limits={"max_per_day": 3})

    def book(hour: int) -> int:
        body = world.booking_body(schedule, at(f"{hour:02}:00"))
        headers = world.api.headers
        return httpx.post(world.url + PATH, json=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(book, range(24)))
    assert answers == [201] * 3 + [422] * 21


def test_a_booking_that_moves_within_its_day_does_not_count_against_itself(world: World) -> None:
    schedule = world.create_schedule(booking_limits={"max_per_day": 1})
    booking = world.book(schedule, at("08:00"))
    assert try_to_move(world, booking, at("12:00")).status_code == 200
    other = world.book(schedule, at("08:00", "2030-05-02"))
    assert codes(try_to_move(world, other, at("16:00"))) == ["LIMIT_REACHED"]


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ("2030-05-01T20:00:00Z", "OUTSIDE_AVAILABILITY"),
        ("2030-05-01T12:30:00Z", "BUSY"),
        ("2024-05-01T10:00:00Z", "TOO_SHORT_NOTICE"),
    ],
)
def test_a_move_obeys_the_rules_of_a_new_booking(world: World, start: str, code: str) -> None:
    schedule = world.create_schedule(
        availability=OFFICE_HOURS, booking_limits={"min_notice_hours": 1}
    )
    make_busy(world, schedule, at("13:00"), at("14:00"))
    booking = world.book(schedule, at("10:00"))
    assert codes(try_to_move(world, booking, start)) == [code]
    assert world.api.get(f"{PATH}/{booking['id']}").json()["data"] == booking
    assert try_to_book(world, schedule, at("10:00")).json()["code"] == "SLOT_TAKEN"


def test_details_change_also_where_the_rules_would_refuse_by_now(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, at("10:00"))
    world.api.patch(f"/api/v1/schedules/{schedule['id']}", json={"availability": {}})
    changes = {"title": "Later", "start_time": at("10:00")}
    answer = world.api.patch(f"{PATH}/{booking['id']}", json=changes)
    assert (answer.status_code, answer.json()["data"]["title"]) == (200, "Later")


@pytest.fixture
def strict(world: World) -> JSON:
    """A schedule whose every rule refuses 12:00 on the day; no booking takes that time."""
    schedule = world.create_schedule(
        availability={},
        booking_limits={"max_per_day": 1, "min_notice_hours": 10 * 366 * 24},
    )
    make_busy(world, schedule, at("00:00"), at("23:00"))
    world.book(schedule, at("08:00"), override=True)
    return schedule


def test_every_rule_that_refuses_is_named_in_the_order_of_the_contract(
    world: World, strict: JSON
) -> None:
    answer = try_to_book(world, strict, at("12:00"))
    assert codes(answer) == ["TOO_SHORT_NOTICE", "OUTSIDE_AVAILABILITY", "BUSY", "LIMIT_REACHED"]
    assert all(detail["message"] for detail in answer.json()["details"])


@pytest.mark.parametrize(
    ("lifted", "left"),
    [
        ({"booking_limits": {"max_per_day": 1}},
         ["OUTSIDE_AVAILABILITY", "BUSY", "LIMIT_REACHED"]),
        ({"booking_limits": {"max_per_day": 1}, "availability": None}, ["BUSY", "LIMIT_REACHED"]),
        ({"booking_limits": {}, "availability": None}, ["BUSY"]),
    ],
)  # fmt: skip
def test_the_next_rule_speaks_when_the_first_is_lifted(
    world: World, strict: JSON, lifted: JSON, left: list[str]
) -> None:
    world.api.patch(f"/api/v1/schedules/{strict['id']}", json=lifted)
    assert codes(try_to_book(world, strict, at("12:00"))) == left


def test_an_event_types_own_rules_stand_in_the_same_order(world: World, strict: JSON) -> None:
    until_half_past_noon = {"availability": {"wednesday": {"start": "09:00", "end": "12:30"}}}
    world.api.patch(f"/api/v1/schedules/{strict['id']}", json=until_half_past_noon)
    event_type = world.create_event_type(
        schedule_id=strict["id"], min_notice_minutes=10 * 366 * 24 * 60, max_days_ahead=0
    )
    body = world.booking_body(start=at("12:10"), event_type_id=event_type["id"])
    assert codes(world.api.post(PATH, json=body)) == [
        "TOO_SHORT_NOTICE", "TOO_FAR_AHEAD", "OUTSIDE_AVAILABILITY", "NOT_A_SLOT", "BUSY",
        "LIMIT_REACHED",
    ]  # fmt: skip


def test_an_override_books_where_every_rule_refuses(world: World, strict: JSON) -> None:
    answer = try_to_book(world, strict, at("12:00"), override=True)
    assert answer.status_code == 201
    booking = answer.json()["data"]
    assert try_to_move(world, booking, at("14:00")).status_code == 422
    moved = try_to_move(world, booking, at("14:00"), override=True)
    assert moved.json()["data"]["start_time"] == at("14:00")


def test_an_override_never_double_books(world: World, strict: JSON) -> None:
    for start in (at("08:00"), at("08:30"), at("07:30")):
        answer = try_to_book(world, strict, start, override=True)
        assert (answer.status_code, answer.json()["code"]) == (409, "SLOT_TAKEN")
    booking = world.book(strict, at("12:00"), override=True)
    answer = try_to_move(world, booking, at("08:30"), override=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "SLOT_TAKEN")


def test_a_key_without_the_scope_may_not_override(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, at("08:00"))
    scopes = ["bookings:read", "bookings:write"]
    made = world.api.post("/api/v1/api-keys", json={"name": "Desk", "scopes": scopes})
    desk = world.with_key(made.json()["data"]["key"])
    body = world.booking_body(schedule, at("12:00"))
    for answer in (
        desk.post(PATH, json=body | {"override": True}),
        desk.patch(f"{PATH}/{booking['id']}", json={"title": "x", "override": True}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert desk.post(PATH, json=body | {"override": False}).status_code == 201


def test_a_time_that_is_taken_and_refused_is_refused(world: World, strict: JSON) -> None:
    assert "TOO_SHORT_NOTICE" in codes(try_to_book(world, strict, at("08:00")))


def test_one_of_several_who_is_open_is_enough(world: World) -> None:
    closed = world.create_schedule(name="Closed", availability={})
    working = world.create_schedule(name="Working")
    ids = [closed["id"], working["id"]]
    event_type = world.create_event_type(requirements=[{"count": 1, "schedule_ids": ids}])
    booking = world.book(start=at("10:00"), event_type_id=event_type["id"])
    assert booking["schedule_id"] == working["id"]
    body = world.booking_body(start=at("10:00"), event_type_id=event_type["id"])
    assert world.api.post(PATH, json=body).json()["code"] == "SLOT_TAKEN"
