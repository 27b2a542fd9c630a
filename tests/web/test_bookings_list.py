"""GET /api/v1/bookings: each filter alone, at its edges, and together."""

from typing import Any

import pytest

from tests.world import World

DAYS = [
    "2030-05-01T00:00:00Z",
    "2030-05-01T23:59:00Z",
    "2030-05-02T00:00:00Z",
    "2030-05-03T12:00:00Z",
]


def starts(world: World, **query: Any) -> list[str]:
    answer = world.api.get("/api/v1/bookings", params=query)
    assert answer.status_code == 200, answer.text
    return [booking["start_time"] for booking in answer.json()["data"]]


@pytest.fixture
def filled(world: World) -> World:
    for day in reversed(DAYS):
        world.book(world.create_schedule(), day)
    return world


def test_they_come_by_start_with_a_total(filled: World) -> None:
    answer = filled.api.get("/api/v1/bookings").json()
    assert [booking["start_time"] for booking in answer["data"]] == DAYS
    assert answer["meta"] == {"total": 4, "limit": 50, "offset": 0, "hasMore": False}


def total(world: World, **query: Any) -> int:
    count: int = world.api.get("/api/v1/bookings", params=query).json()["meta"]["total"]
    return count


def test_a_total_counts_what_was_booked_since(filled: World) -> None:
    assert [total(filled), total(filled)] == [4, 4]
    filled.book(filled.create_schedule(), DAYS[0])
    assert total(filled) == 5


def test_a_total_of_nothing_counts_the_first_booking(world: World) -> None:
    assert [total(world), total(world)] == [0, 0]
    world.book(world.create_schedule(), DAYS[0])
    assert total(world) == 1


def test_a_total_of_a_status_follows_each_change(filled: World) -> None:
    booking = filled.api.get("/api/v1/bookings").json()["data"][0]
    assert total(filled, status="PENDING") == 4
    filled.api.delete(f"/api/v1/bookings/{booking['id']}")
    assert [total(filled, status="PENDING"), total(filled, status="CANCELLED")] == [3, 1]


def test_equal_starts_come_by_id(world: World) -> None:
    ids = [world.book(world.create_schedule(), DAYS[0])["id"] for _ in range(5)]
    listed = world.api.get("/api/v1/bookings").json()["data"]
    assert [booking["id"] for booking in listed] == sorted(ids)


@pytest.mark.parametrize(
    ("limit", "offset", "expected", "has_more"),
    [(2, 0, DAYS[:2], True), (2, 2, DAYS[2:], False), (3, 3, DAYS[3:], False), (5, 99, [], False)],
)
def test_pages_report_whether_there_is_more(
    filled: World, limit: int, offset: int, expected: list[str], has_more: bool
) -> None:
    answer = filled.api.get("/api/v1/bookings", params={"limit": limit, "offset": offset}).json()
    assert [booking["start_time"] for booking in answer["data"]] == expected
    assert answer["meta"] == {"total": 4, "limit": limit, "offset": offset, "hasMore": has_more}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"start_date": "2030-05-02"}, DAYS[2:]),
        ({"start_date": "2030-05-01T23:59:00Z"}, DAYS[1:]),
        ({"start_date": "2030-05-01T23:59:01Z"}, DAYS[2:]),
        ({"end_date": "2030-05-01"}, DAYS[:2]),
        ({"end_date": "2030-05-02"}, DAYS[:3]),
        ({"end_date": "2030-05-02T00:00:00Z"}, DAYS[:3]),
        ({"end_date": "2030-05-01T23:59:59Z"}, DAYS[:2]),
        ({"start_date": "2030-05-01", "end_date": "2030-05-01"}, DAYS[:2]),
        ({"start_date": "2030-05-02T01:00:00+01:00"}, DAYS[2:]),
        ({"end_date": "2030-05-01", "timezone": "America/New_York"}, DAYS[:3]),
        ({"start_date": "2030-05-02", "timezone": "Europe/Berlin"}, DAYS[1:]),
        ({"start_date": DAYS[1], "end_date": DAYS[1]}, [DAYS[1]]),
    ],
)
def test_date_bounds_include_and_a_bare_day_is_whole(
    filled: World, query: dict[str, str], expected: list[str]
) -> None:
    assert starts(filled, **query) == expected


NIGHT = ("2030-05-10T20:00:00Z", "2030-05-11T11:00:00Z")


@pytest.mark.parametrize(
    ("start", "end", "timezone", "meets"),
    [
        ("2030-05-11", "2030-05-11", "UTC", True),
        ("2030-05-10", "2030-05-10", "UTC", True),
        ("2030-05-09", "2030-05-12", "UTC", True),
        ("2030-05-12", "2030-05-12", "UTC", False),
        ("2030-05-09", "2030-05-09", "UTC", False),
        ("2030-05-11T02:00:00Z", "2030-05-11T03:00:00Z", "UTC", True),
        ("2030-05-11T11:00:00Z", "2030-05-11T12:00:00Z", "UTC", False),
        ("2030-05-11T10:59:59Z", "2030-05-11T12:00:00Z", "UTC", True),
        ("2030-05-10T19:00:00Z", "2030-05-10T20:00:00Z", "UTC", False),
        ("2030-05-10T19:00:00Z", "2030-05-10T20:00:01Z", "UTC", True),
        ("2030-05-10T20:00:00Z", "2030-05-10T20:00:01Z", "UTC", True),
        ("2030-05-11T10:00:00Z", "2030-05-11", "UTC", True),
        ("2030-05-12", "2030-05-12", "Pacific/Kiritimati", True),
        ("2030-05-13", "2030-05-13", "Pacific/Kiritimati", False),
        ("2030-05-11", "2030-05-11", "Pacific/Kiritimati", True),
        ("2030-05-10", "2030-05-10", "Pacific/Kiritimati", False),
        ("2030-05-11", "2030-05-11", "America/Los_Angeles", True),
        ("2030-05-12", "2030-05-12", "America/Los_Angeles", False),
    ],
)
def test_overlaps_finds_what_meets_the_span(
    module_world: World, night: dict[str, Any], start: str, end: str, timezone: str, meets: bool
) -> None:
    query = {"overlaps_start": start, "overlaps_end": end, "timezone": timezone}
    answer = module_world.api.get("/api/v1/bookings", params=query).json()
    assert [booking["id"] for booking in answer["data"]] == [night["id"]] * meets
    assert answer["meta"]["total"] == meets


@pytest.fixture(scope="module")
def night(module_world: World) -> dict[str, Any]:
    return module_world.book(module_world.create_schedule(), NIGHT[0], end_time=NIGHT[1])


@pytest.mark.parametrize("status", ["CANCELLED", "NO_SHOW", "COMPLETED"])
def test_overlaps_finds_bookings_of_every_status(world: World, status: str) -> None:
    booking = world.book(world.create_schedule(), NIGHT[0], end_time=NIGHT[1])
    for next_status in ("CONFIRMED", status):
        world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": next_status})
    assert starts(world, overlaps_start="2030-05-11", overlaps_end="2030-05-11") == [NIGHT[0]]


def test_what_overlaps_comes_by_start_in_pages(world: World) -> None:
    """What runs already comes before what begins, on whichever page."""
    for hour in range(8):
        start = f"2030-05-10T{hour + 19:02}:00:00Z" if hour < 5 else f"2030-05-11T0{hour}:00:00Z"
        world.book(world.create_schedule(), start, end_time="2030-05-11T12:00:00Z")
    query = {"overlaps_start": "2030-05-11", "overlaps_end": "2030-05-11"}
    everything = starts(world, **query)
    assert everything == sorted(everything)
    assert len(everything) == 8
    for limit in (1, 3, 5, 7):
        pages = [starts(world, **query, limit=limit, offset=at) for at in range(0, 9, limit)]
        assert [start for page in pages for start in page] == everything


def test_overlaps_and_other_filters_hold_together(world: World) -> None:
    one, other = world.create_schedule(), world.create_schedule()
    for schedule in (one, other):
        world.book(schedule, NIGHT[0], end_time=NIGHT[1])
        world.book(schedule, "2030-05-11T15:00:00Z")
    query = {"overlaps_start": "2030-05-11", "overlaps_end": "2030-05-11"}
    assert starts(world, **query, schedule_id=one["id"]) == [NIGHT[0], "2030-05-11T15:00:00Z"]
    assert starts(world, **query, start_date="2030-05-11") == ["2030-05-11T15:00:00Z"] * 2
    assert starts(world, **query, end_date="2030-05-10") == [NIGHT[0]] * 2
    assert starts(world, **query, status="CONFIRMED") == []


def test_upcoming_leaves_the_past_out(world: World) -> None:
    schedule = world.create_schedule()
    world.book(schedule, "2024-05-01T00:00:00Z")
    world.book(schedule, DAYS[0])
    assert starts(world, upcoming="true") == [DAYS[0]]
    assert len(starts(world, upcoming="false")) == 2


def test_status_takes_one_or_several(world: World) -> None:
    pending, confirmed, cancelled = (world.book(world.create_schedule(), day) for day in DAYS[1:])
    path = "/api/v1/bookings/"
    world.api.patch(path + confirmed["id"], json={"status": "CONFIRMED"})
    world.api.delete(path + cancelled["id"])
    assert starts(world, status="PENDING") == [pending["start_time"]]
    assert starts(world, status="CONFIRMED,CANCELLED") == DAYS[2:]
    assert starts(world, status="NO_SHOW") == []
    assert starts(world) == DAYS[1:]


def test_a_schedule_finds_every_booking_that_takes_it(world: World) -> None:
    staff = [world.create_schedule(name=name)["id"] for name in "ab"]
    both = world.create_event_type(requirements=[{"count": 2, "schedule_ids": staff}])
    world.book(start=DAYS[0], event_type_id=both["id"])
    world.book({"id": staff[1]}, DAYS[3])
    assert starts(world, schedule_id=staff[0]) == [DAYS[0]]
    assert starts(world, schedule_id=staff[1]) == [DAYS[0], DAYS[3]]
    assert starts(world, event_type_id=both["id"]) == [DAYS[0]]


def test_ids_that_are_nothing_find_nothing(filled: World) -> None:
    for name in ("schedule_id", "event_type_id"):
        for value in ("x", "sch_abc123", "", "🎉"):
            assert starts(filled, **{name: value}) == []


def test_an_address_is_searched_by_part_and_in_any_case(world: World) -> None:
    for day, email in zip(
        DAYS[1:], ("Anna_B@example.com", "anna.b@example.com", "a%b@example.com"), strict=True
    ):
        world.book(world.create_schedule(), day, attendee={"name": "A", "email": email})
    assert starts(world, attendee_email="ANNA") == DAYS[1:3]
    assert starts(world, attendee_email="anna_b") == [DAYS[1]]
    assert starts(world, attendee_email="%") == [DAYS[3]]
    assert starts(world, attendee_email="_") == [DAYS[1]]
    assert starts(world, attendee_email="\\") == []
    assert starts(world, attendee_email="@example.com") == DAYS[1:]


def test_a_whole_address_is_found_in_any_case_with_its_signs(world: World) -> None:
    emails = ("Anna_B@example.com", "annaxb@example.com", "a%b@example.com", "jürgen@example.com")
    for day, email in zip(DAYS, emails, strict=False):
        world.book(world.create_schedule(), day, attendee={"name": "A", "email": email})
    assert starts(world, attendee_email="anna_b@EXAMPLE.com") == [DAYS[0]]
    assert starts(world, attendee_email="ANNA_B@") == [DAYS[0]]
    assert starts(world, attendee_email="nna_b@example") == [DAYS[0]]
    assert starts(world, attendee_email="a%b@example.com") == [DAYS[2]]
    assert starts(world, attendee_email="JÜRGEN@example.com") == [DAYS[3]]
    assert starts(world, attendee_email="anna@b@example.com") == []


@pytest.mark.parametrize("typed", ["ada+tag@example.com", "ada%2Btag@example.com", "+tag", "A+T"])
def test_an_address_with_a_plus_is_found(world: World, typed: str) -> None:
    attendee = {"name": "Ada", "email": "Ada+Tag@example.com"}
    world.book(world.create_schedule(), DAYS[0], attendee=attendee)
    world.book(world.create_schedule(), DAYS[1], attendee={**attendee, "email": "ada@example.com"})
    answer = world.api.get(f"/api/v1/bookings?attendee_email={typed}").json()
    assert [booking["start_time"] for booking in answer["data"]] == [DAYS[0]]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/bookings?start_date={}",
        "/api/v1/bookings?end_date={}",
        "/api/v1/bookings?overlaps_start={}&overlaps_end=2030-05-03",
        "/api/v1/bookings?overlaps_start=2030-05-01&overlaps_end={}",
        "/api/v1/slots?schedule_id={schedule}&duration_minutes=60&start={}&end=2030-05-03",
        "/api/v1/slots?schedule_id={schedule}&duration_minutes=60&start=2030-05-01&end={}",
        "/api/v1/slots/explain?schedule_id={schedule}&duration_minutes=60&start_time={}",
        "/api/v1/schedules/{schedule}/busy-times?start={}",
        "/api/v1/schedules/{schedule}/busy-times?end={}",
    ],
)
@pytest.mark.parametrize("instant", ["2030-05-02T10:00:00+02:00", "2030-05-02T10:00+0200"])
def test_an_instant_whose_plus_was_lost_says_so(
    module_world: World, path: str, instant: str
) -> None:
    schedule = module_world.shared_schedule["id"]
    target = path.format(instant, schedule=schedule)
    refused = module_world.api.get(target)
    assert refused.status_code == 422, refused.text
    assert "%2B" in refused.json()["error"]
    assert module_world.api.get(target.replace("+", "%2B")).status_code == 200


def test_filters_hold_together(world: World) -> None:
    schedule, other = world.create_schedule(), world.create_schedule(name="Other")
    matching = world.book(schedule, DAYS[2], attendee={"name": "A", "email": "anna@example.com"})
    world.book(other, DAYS[2], attendee={"name": "A", "email": "anna@example.com"})
    world.book(schedule, DAYS[3], attendee={"name": "B", "email": "bert@example.com"})
    query = {
        "schedule_id": schedule["id"], "status": "PENDING,CONFIRMED", "upcoming": "true",
        "start_date": "2030-05-02", "end_date": "2030-05-03", "attendee_email": "anna",
        "timezone": "UTC", "limit": "1", "offset": "0",
    }  # fmt: skip
    answer = world.api.get("/api/v1/bookings", params=query).json()
    assert [booking["id"] for booking in answer["data"]] == [matching["id"]]
    assert answer["meta"] == {"total": 1, "limit": 1, "offset": 0, "hasMore": False}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=-1", "offset"),
        ("offset=" + "9" * 100_000, "offset"),
        ("status=pending", "status"),
        ("status=", "status"),
        ("status=PENDING,", "status"),
        ("upcoming=perhaps", "upcoming"),
        ("start_date=2024-02-30", "start_date"),
        ("start_date=2024-02-15T10:00:00", "start_date"),
        ("end_date=yesterday", "end_date"),
        ("end_date=0001-01-01T00:00:00%2B14:00", "end_date"),
        ("start_date=2030-05-03&end_date=2030-05-01", "end_date"),
        ("start_date=2030-05-02T00:00:00Z&end_date=2030-05-01", "end_date"),
        ("start_date=2030-05-02&end_date=2030-05-01T23:59:59Z", "end_date"),
        ("start_date=2030-05-02T00:00:01Z&end_date=2030-05-02T00:00:00Z", "end_date"),
        (
            "start_date=2030-05-02&end_date=2030-05-02T03:00:00Z&timezone=Pacific/Pago_Pago",
            "end_date",
        ),
        ("overlaps_start=2030-05-01", "overlaps_end"),
        ("overlaps_end=2030-05-01", "overlaps_start"),
        ("overlaps_start=2030-05-02&overlaps_end=2030-05-01", "overlaps_end"),
        ("overlaps_start=2030-05-02T00:00:00Z&overlaps_end=2030-05-01", "overlaps_end"),
        ("overlaps_start=2030-05-02T00:00:00Z&overlaps_end=2030-05-02T00:00:00Z", "overlaps_end"),
        ("overlaps_start=2030-02-30&overlaps_end=2030-05-02", "overlaps_start"),
        ("overlaps_start=2030-02-03&overlaps_end=soon", "overlaps_end"),
        ("timezone=America", "timezone"),
        ("timezone=../x", "timezone"),
        ("attendee_email=%00", "attendee_email"),
        ("nonsense=1", "nonsense"),
    ],
)
def test_a_query_that_is_not_as_described_names_its_field(
    module_world: World, query: str, field: str
) -> None:
    answer = module_world.api.get(f"/api/v1/bookings?{query}"[:60_000])
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert answer.json()["details"][0]["field"] == field
