"""/api/v1/schedules/{id}/busy-times: time that cannot be booked and is no booking."""

import json
from typing import Any

import httpx
import pytest

from tests.web.cases import Cases, cases_of
from tests.world import JSON, World

START, END = "2030-05-01T10:00:00Z", "2030-05-01T12:00:00Z"


def path(schedule: JSON) -> str:
    return f"/api/v1/schedules/{schedule['id']}/busy-times"


def post(world: World, schedule: JSON, **fields: Any) -> httpx.Response:
    body = {"start_time": START, "end_time": END} | fields
    return world.api.post(path(schedule), content=json.dumps(body).encode())


def listed(world: World, schedule: JSON, **query: Any) -> list[JSON]:
    answer = world.api.get(path(schedule), params=query)
    assert answer.status_code == 200, answer.text
    busy_times: list[JSON] = answer.json()["data"]
    return busy_times


def test_a_busy_time_is_created_and_listed(world: World) -> None:
    schedule = world.create_schedule()
    answer = post(world, schedule, start_time="2030-05-01T12:00:00+02:00", reason="Holiday")
    assert answer.status_code == 201
    busy = answer.json()["data"]
    assert busy["id"].startswith("busy_")
    expected = {
        "schedule_id": schedule["id"], "start_time": START, "end_time": END, "reason": "Holiday",
    }  # fmt: skip
    assert {name: busy[name] for name in expected} == expected
    assert set(busy) == {*expected, "id", "created_at", "source", "calendar_id"}
    assert listed(world, schedule) == [busy]


def test_they_come_by_start_with_a_meta_and_may_overlap(world: World) -> None:
    schedule = world.create_schedule()
    starts = [f"2030-05-0{day}T00:00:00Z" for day in (3, 1, 2)]
    for start in starts:
        assert post(world, schedule, start_time=start, end_time="2030-06-01T00:00:00Z")
    assert [busy["start_time"] for busy in listed(world, schedule)] == sorted(starts)
    answer = world.api.get(path(schedule), params={"limit": 1, "offset": 1}).json()
    assert [busy["start_time"] for busy in answer["data"]] == [sorted(starts)[1]]
    assert answer["meta"] == {"total": 3, "limit": 1, "offset": 1, "hasMore": True}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 1),
        ({"start": START, "end": END}, 1),
        ({"start": END}, 0),
        ({"end": START}, 0),
        ({"start": "2030-05-01T11:59:59Z"}, 1),
        ({"end": "2030-05-01T10:00:01Z"}, 1),
        ({"start": "2030-05-01", "end": "2030-05-01"}, 0),
        ({"start": "2030-05-02", "end": "2030-05-02"}, 1),
        ({"start": "2030-05-03"}, 0),
        ({"end": "2030-05-01"}, 0),
    ],
)
def test_a_span_finds_what_meets_it_and_days_are_the_schedules(
    world: World, query: dict[str, str], count: int
) -> None:
    # 10:00 to 12:00 UTC is 00:00 to 02:00 of the next day there (UTC+14).
    schedule = world.create_schedule(timezone="Pacific/Kiritimati")
    post(world, schedule)
    assert len(listed(world, schedule, **query)) == count


def test_a_deleted_busy_time_is_gone_and_its_time_can_be_booked(world: World) -> None:
    schedule = world.create_schedule()
    busy = post(world, schedule).json()["data"]
    body = world.booking_body(schedule, START)
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "BUSY"
    answer = world.api.delete(f"{path(schedule)}/{busy['id']}")
    assert (answer.status_code, answer.json()) == (
        200, {"data": {"id": busy["id"], "deleted": True}}
    )  # fmt: skip
    assert listed(world, schedule) == []
    assert world.api.delete(f"{path(schedule)}/{busy['id']}").status_code == 404
    world.book(schedule, START)


def test_a_busy_time_leaves_the_bookings_under_it_as_they_are(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, START)
    assert post(world, schedule).status_code == 201
    booked = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    assert booked == booking


@pytest.fixture(scope="module")
def untouched(module_world: World) -> JSON:
    return module_world.create_schedule()


def cases() -> Cases:
    wrong: Cases = []
    for field in ("start_time", "end_time"):
        wrong += cases_of(
            field, None, 5, [], "", "now", "2030-02-30T10:00:00Z", "2030-05-01",
            "2030-05-01T10:00:00", "0001-01-01T00:00:00+14:00", "2200-01-01T00:00:00Z",
            "2030-05-01T10:00:00.5Z", "2030-05-01T10:00:00Z\x00", "\ud800", "🎉" * 2500,
        )  # fmt: skip
    wrong += cases_of(
        "reason", 5, [], {}, True, "a\x00b", "\ud800", "🎉" * 2500, "two\nlines", "x" * 501
    )
    wrong += [("end_time", START), ("end_time", "2030-05-01T09:00:00Z")]
    wrong += [("end_time", "2035-06-01T00:00:00Z"), ("id", "busy_1"), ("unknown", 1)]
    return wrong


@pytest.mark.parametrize(("field", "value"), cases(), ids=lambda v: repr(v)[:40])
def test_what_is_not_as_described_is_named_and_nothing_is_written(
    module_world: World, untouched: JSON, field: str, value: Any
) -> None:
    answer = post(module_world, untouched, **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), answer.text
    assert answer.json()["details"][0]["field"] == field
    assert listed(module_world, untouched) == []


@pytest.mark.parametrize("missing", ["start_time", "end_time"])
def test_both_ends_are_required(module_world: World, untouched: JSON, missing: str) -> None:
    body = {"start_time": START, "end_time": END}
    del body[missing]
    answer = module_world.api.post(path(untouched), json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, missing)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=yesterday", "start"),
        ("start=2030-02-30", "start"),
        ("end=2030-05-01T10:00:00", "end"),
        (f"start={END}&end={START}", "end"),
        ("start=2030-05-02&end=2030-05-01", "end"),
        ("limit=0", "limit"),
        ("offset=-1", "offset"),
        ("start=%00", "start"),
        ("active=true", "active"),
    ],
)
def test_a_query_that_is_not_as_described_names_its_field(
    module_world: World, untouched: JSON, query: str, field: str
) -> None:
    answer = module_world.api.get(f"{path(untouched)}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == field


@pytest.mark.parametrize("id_", ["x", "busy_abc", "sch_0352lF5NnllfIJ66lPpfc3", "busy_" + "0" * 22])
def test_an_id_that_is_nothing_is_not_found(module_world: World, untouched: JSON, id_: str) -> None:
    answer = module_world.api.delete(f"{path(untouched)}/{id_}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_schedule_that_is_not_there_comes_before_a_bad_body(world: World) -> None:
    schedule = world.create_schedule()
    world.api.delete(f"/api/v1/schedules/{schedule['id']}")
    for id_ in (schedule["id"], "sch_x"):
        gone = {"id": id_}
        assert post(world, gone, start_time=5).status_code == 404
        assert world.api.get(path(gone), params={"limit": 0}).status_code == 404


def test_busy_times_of_another_schedule_or_organization_are_not_found(new_world: Any) -> None:
    mine, theirs = new_world(), new_world()
    schedule, other = theirs.create_schedule(), theirs.create_schedule(name="Other")
    busy = post(theirs, schedule).json()["data"]
    assert post(mine, schedule).status_code == 404
    assert mine.api.get(path(schedule)).status_code == 404
    assert mine.api.delete(f"{path(schedule)}/{busy['id']}").status_code == 404
    assert mine.api.delete(f"{path(mine.create_schedule())}/{busy['id']}").status_code == 404
    assert theirs.api.delete(f"{path(other)}/{busy['id']}").status_code == 404
    assert listed(theirs, schedule) == [busy]
    assert listed(theirs, other) == []


def test_the_same_creation_under_one_key_is_done_once(world: World) -> None:
    schedule, headers = world.create_schedule(), {"idempotency-key": "a"}
    body = {"start_time": START, "end_time": END}
    first, second = (world.api.post(path(schedule), json=body, headers=headers) for _ in "ab")
    assert (first.status_code, second.content) == (201, first.content)
    assert len(listed(world, schedule)) == 1
