"""Bad input on every field of a booking: always the error of the table, at once, never a 500."""

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.web.cases import Cases, cases_of
from tests.world import World, tomorrow_at

PATH = "/api/v1/bookings"
ABSENT = ...
# Generous: a busy machine is no fault.
AT_ONCE_SECONDS = 10

TEXTS = ["title", "location", "attendee.name", "attendee.phone", "attendee.notes"]
ZONES = ["timezone", "attendee.timezone"]
INSTANTS = ["start_time", "end_time"]
BAD_ZONES = ["America", "../x", "x" * 300, "", "Europe/berlin", "/etc/passwd", "UTC\x00", "Füße", 5]
BAD_INSTANTS = [
    "2024-02-30T00:00:00Z", "2024-02-15", "2024-02-15T10:00:00", "2024-02-15T25:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1899-12-31T23:59:59Z",
    "2024-02-15T10:00:00.5Z", "2024-02-15T10:00:00+25:00", "٢٠٢٤-02-15T10:00:00Z", "", 1708000000,
    "now", "1e400", "2024-W07-4T10:00:00Z",
]  # fmt: skip
BAD_EMAILS = [
    "", "john", "@x.test", "john@", "a b@x.test", "a@b@c", "a@x..test", "x" * 300 + "@y.z",
]  # fmt: skip


def changed(body: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    """The body with one field set, or left out; `attendee.email` goes a level down."""
    body = deepcopy(body)
    *parents, name = field.split(".")
    target = body
    for parent in parents:
        target = target[parent]
    if value is ABSENT:
        del target[name]
    else:
        target[name] = value
    return body


def cases() -> Cases:
    wrong: Cases = []
    required = ["schedule_id", "start_time", "end_time", "attendee", "attendee.name",
                "attendee.email"]  # fmt: skip
    wrong += [(field, ABSENT) for field in required]
    for field in TEXTS:
        wrong += cases_of(field, 5, [], {}, True, "a\x00b", "\ud800", "🎉" * 10_000)
    for field in ("title", "location", "attendee.name", "attendee.phone"):
        wrong += cases_of(field, "two\nlines", "bell\x07", "end\n", "\u2028")
    wrong += [("attendee.notes", "bell\x07"), ("attendee.name", ""), ("attendee.name", "  ")]
    wrong += [(field, value) for field in ZONES for value in BAD_ZONES]
    wrong += [(field, value) for field in INSTANTS for value in BAD_INSTANTS]
    wrong += cases_of("attendee.email", *BAD_EMAILS, "a\x00@b.c", "a@b.c\n", 5, None)
    wrong += cases_of("location_type", "zoom", "", 1, ["video"])
    wrong += cases_of("metadata", [], "x", 1, None, {"a\x00": 1}, {"a": "\ud800"})
    wrong += [("metadata", {"big": "x" * 70_000})]
    wrong += [("answers", []), ("answers", {"unasked": 1}), ("attendee", "John"), ("attendee", [])]
    wrong += [("unknown", 1), ("attendee.unknown", 1), ("override", "yes")]
    return wrong


@pytest.fixture(scope="module")
def world(module_world: World) -> World:
    return module_world


@pytest.mark.parametrize(("field", "value"), cases(), ids=lambda v: repr(v)[:40])
def test_a_bad_field_is_named_and_nothing_is_booked(world: World, field: str, value: Any) -> None:
    body = changed(world.booking_body(world.shared_schedule), field, value)
    answer = world.api.post(PATH, content=json.dumps(body).encode())
    assert answer.status_code == 422, answer.text
    error = answer.json()
    assert error["code"] == "VALIDATION_ERROR"
    assert error["details"][0]["field"].startswith(field.split(".")[0])
    assert error["request_id"] == answer.headers["x-request-id"]
    assert answer.elapsed.total_seconds() < AT_ONCE_SECONDS


@pytest.mark.parametrize(
    ("field", "value"),
    [(f, v) for f, v in cases() if v is not ABSENT and f not in ("answers", "attendee.email", "")],
    ids=lambda v: repr(v)[:40],
)
def test_a_bad_field_changes_nothing_either(world: World, field: str, value: Any) -> None:
    booking = world.shared_booking
    body: dict[str, Any] = changed({"attendee": {}}, field, value)
    answer = world.api.patch(f"{PATH}/{booking['id']}", content=json.dumps(body).encode())
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert world.api.get(f"{PATH}/{booking['id']}").json()["data"] == booking


@pytest.mark.parametrize("field", ["schedule_id", "event_type_id"])
@pytest.mark.parametrize("value", ["", "x", "sch_abc123", "evt_" + "z" * 22, "🎉", "../x"])
def test_an_id_that_is_nothing_is_not_found(world: World, field: str, value: str) -> None:
    body = changed(world.booking_body(world.shared_schedule), field, value)
    answer = world.api.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not json", b"{", b"[" * 5000, b'{"a":' * 40 + b"1" + b"}" * 40, b"\xff\xfe", b"{}x",
        b'{"metadata":' + b"[" * 5000 + b"]" * 5000 + b"}", b"NaN", b"\xef\xbb\xbf{}", b"{'a': 1}",
        b'{"title": "\xc3\x28"}',
    ],
    ids=lambda v: repr(v)[:30],
)  # fmt: skip
def test_a_body_that_is_not_json_says_so(world: World, body: bytes) -> None:
    answer = world.api.post(PATH, content=body)
    assert (answer.status_code, answer.json()["code"]) == ((422, "VALIDATION_ERROR")
        if body == b"" else (400, "INVALID_JSON"))  # fmt: skip
    assert answer.elapsed.total_seconds() < AT_ONCE_SECONDS


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"9" * 100_000])
def test_json_that_is_no_object_is_not_as_described(world: World, body: bytes) -> None:
    answer = world.api.post(PATH, content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


def test_a_number_of_a_hundred_thousand_digits_is_refused_quickly(world: World) -> None:
    body = json.dumps(world.booking_body(world.shared_schedule, metadata={"n": 1}))
    answer = world.api.post(PATH, content=body.replace('"n": 1', '"n": ' + "9" * 100_000).encode())
    assert answer.status_code == 422
    assert answer.elapsed.total_seconds() < AT_ONCE_SECONDS


def test_a_body_over_a_megabyte_is_too_large_however_it_is_sent(world: World) -> None:
    large = b'{"title": "' + b"x" * (1024 * 1024) + b'"}'
    whole = world.api.post(PATH, content=large)
    in_parts = world.api.post(PATH, content=iter([large[:500_000], large[500_000:]]))
    for answer in (whole, in_parts):
        assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


def test_an_end_before_the_start_is_refused(world: World) -> None:
    body = world.booking_body(world.shared_schedule)
    for end in (body["start_time"], "2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z"):
        answer = world.api.post(PATH, json=body | {"end_time": end})
        assert answer.json()["details"][0]["field"] == "end_time"


def test_paths_and_methods_that_are_not_there_have_the_same_shape(world: World) -> None:
    for method, path, status, code in (
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", f"{PATH}/", 404, "NOT_FOUND"),
        ("GET", f"{PATH}/bk_%00", 404, "NOT_FOUND"),
        ("PUT", PATH, 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", PATH, 405, "METHOD_NOT_ALLOWED"),
    ):
        answer = world.api.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["request_id"]
    assert world.api.put(PATH).headers["allow"] == "GET, POST"


def test_a_path_is_resolved_before_its_body_is_validated(world: World) -> None:
    answer = world.api.patch(f"{PATH}/bk_{'0' * 22}", json={"title": 5})
    assert answer.status_code == 404


def test_a_whole_number_may_be_written_with_a_point(world: World) -> None:
    event_type = {"name": "Visit", "duration_minutes": 60.0, "reminders_minutes_before": [1.44e3]}
    answer = world.api.post("/api/v1/event-types", json=event_type)
    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert (made["duration_minutes"], made["reminders_minutes_before"]) == (60, [1440])
    refused = world.api.post("/api/v1/event-types", json=event_type | {"duration_minutes": 60.5})
    assert refused.json()["details"] == [
        {"field": "duration_minutes", "message": "must be a whole number, not a number"}
    ]
    schedule_id = world.shared_schedule["id"]
    times = {"start_time": tomorrow_at(9), "end_time": tomorrow_at(10)}
    hold = world.api.post(
        "/api/v1/holds", json={"schedule_id": schedule_id, "minutes": 7.0, **times}
    )
    assert hold.status_code == 201
