"""Errors come in one order, and all in one shape."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from tests.world import World, tomorrow_at

PATH = "/api/v1/bookings"


def code(answer) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    return answer.status_code, answer.json()["code"]


def test_what_is_elsewhere_is_not_found_before_anything_else_is_wrong(
    new_world: Callable[[], World],
) -> None:
    mine, theirs = new_world(), new_world()
    foreign = theirs.create_schedule()
    own = mine.create_event_type(schedule_id=mine.create_schedule()["id"])
    body = mine.booking_body(foreign)
    wrong = [
        body | {"event_type_id": own["id"]},
        body | {"end_time": body["start_time"]},
        body | {"answers": {"x": 1}},
        body | {"metadata": {"x": "y" * 100_000}},
    ]
    for request in wrong:
        assert code(mine.api.post(PATH, json=request)) == (404, "NOT_FOUND")
    held = {k: body[k] for k in ("schedule_id", "start_time")} | {"event_type_id": own["id"]}
    assert code(mine.api.post("/api/v1/holds", json=held)) == (404, "NOT_FOUND")
    query = {"event_type_id": own["id"], "schedule_id": foreign["id"],
             "start": "2030-01-01", "end": "2030-01-02"}  # fmt: skip
    assert code(mine.api.get("/api/v1/slots", params=query)) == (404, "NOT_FOUND")
    hold = theirs.api.post(
        "/api/v1/holds",
        json={k: v for k, v in theirs.booking_body(foreign).items() if k != "attendee"},
    ).json()["data"]
    taking = mine.booking_body(mine.create_schedule(), hold_id=hold["id"])
    assert code(mine.api.post(PATH, json=taking)) == (404, "NOT_FOUND")


def test_invalid_json_is_reported_before_anything_is_read(world: World) -> None:
    nothing = f"{PATH}/bk_{'0' * 22}"
    assert code(world.api.patch(nothing, content=b"{")) == (400, "INVALID_JSON")
    booking = world.book(world.create_schedule())
    stale = world.api.patch(f"{PATH}/{booking['id']}", content=b"{", headers={"if-match": '"99"'})
    assert code(stale) == (400, "INVALID_JSON")


def test_another_version_is_reported_before_a_wrong_change(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"])
    booking = world.book(schedule)
    of_another_version = {"if-match": '"99"'}
    for path in (
        f"/api/v1/schedules/{schedule['id']}",
        f"/api/v1/event-types/{event_type['id']}",
        f"{PATH}/{booking['id']}",
    ):
        stale = world.api.patch(path, json={"nonsense": 1}, headers=of_another_version)
        assert code(stale) == (412, "STALE")
        assert code(world.api.patch(path, json={"nonsense": 1})) == (422, "VALIDATION_ERROR")


def test_a_missing_thing_is_reported_before_a_wrong_body(world: World) -> None:
    nothing = "0" * 22
    for method, path in (
        ("PATCH", f"/api/v1/schedules/sch_{nothing}"),
        ("PATCH", f"/api/v1/event-types/evt_{nothing}"),
        ("PATCH", f"/api/v1/webhooks/whe_{nothing}"),
        ("PATCH", f"{PATH}/bk_{nothing}"),
        ("POST", f"/api/v1/schedules/sch_{nothing}/busy-times"),
    ):
        answer = world.api.request(method, path, json={"nonsense": 1})
        assert code(answer) == (404, "NOT_FOUND"), path


@pytest.mark.parametrize(
    "raw", [b"nonsense\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"get / HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_http_has_the_same_shape(world: World, raw: bytes) -> None:
    where = urlsplit(world.url)
    with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
        connection.sendall(raw)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"BAD_REQUEST"' in answer
    assert b'"request_id"' in answer


def test_a_colleague_on_leave_does_not_hide_the_rule_that_refuses(world: World) -> None:
    away = world.create_schedule(name="Away", is_active=False)
    here = world.create_schedule(
        name="Here", availability={"monday": {"start": "09:00", "end": "10:00"}}
    )
    event_type = world.create_event_type(
        requirements=[{"count": 1, "schedule_ids": [away["id"], here["id"]]}]
    )
    body = world.booking_body(start="2030-06-03T12:00:00Z", event_type_id=event_type["id"])
    assert code(world.api.post(PATH, json=body)) == (422, "OUTSIDE_AVAILABILITY")
    both = world.create_event_type(
        requirements=[{"count": 2, "schedule_ids": [away["id"], here["id"]]}]
    )
    body = world.booking_body(start="2030-06-03T09:00:00Z", event_type_id=both["id"])
    assert code(world.api.post(PATH, json=body)) == (422, "INACTIVE")


def test_a_hold_on_what_is_gone_or_closed_cannot_be_booked(world: World) -> None:
    changes: list[tuple[Callable[[str], httpx.Response], tuple[int, str]]] = [
        (lambda path: world.api.delete(path), (404, "NOT_FOUND")),
        (lambda path: world.api.patch(path, json={"is_active": False}), (422, "INACTIVE")),
    ]
    for change, expected in changes:
        schedule = world.create_schedule()
        body = world.booking_body(schedule, tomorrow_at(10))
        new_hold = {k: v for k, v in body.items() if k != "attendee"}
        hold = world.api.post("/api/v1/holds", json=new_hold).json()["data"]
        assert change(f"/api/v1/schedules/{schedule['id']}").status_code == 200
        answer = world.api.post(PATH, json=body | {"hold_id": hold["id"]})
        assert code(answer) == expected


def test_slots_of_a_day_that_does_not_exist_are_none(world: World) -> None:
    schedule = world.create_schedule(timezone="Pacific/Apia")
    query = {"schedule_id": schedule["id"], "duration_minutes": 60,
             "start": "2011-12-30", "end": "2011-12-30"}  # fmt: skip
    answer = world.api.get("/api/v1/slots", params=query)
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    year = query | {"start": "2030-01-01", "end": "2031-01-02"}
    assert world.api.get("/api/v1/slots", params=year).status_code == 200
    assert world.api.get("/api/v1/slots", params=year | {"end": "2031-01-03"}).status_code == 422


def test_no_booking_moves_beyond_the_years(world: World) -> None:
    body = world.booking_body(world.create_schedule(), "2027-01-01T00:00:00Z")
    made = world.api.post(PATH, json=body | {"end_time": "2027-12-01T00:00:00Z"}).json()["data"]
    moved = world.api.patch(f"{PATH}/{made['id']}", json={"start_time": "2199-12-31T00:00:00Z"})
    assert code(moved) == (422, "VALIDATION_ERROR")
