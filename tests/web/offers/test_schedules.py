"""/api/v1/schedules: fields, hours, limits, versions, deletion."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.refusals import check_stale_is_refused, is_refused
from tests.web.cases import Cases, ResourceCase, cases_of, named_cases
from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/schedules"
SCHEDULES = ResourceCase(PATH, {"name": "Room"})
post, update = SCHEDULES.post, SCHEDULES.update
FIELDS_OF_A_SCHEDULE = {
    "id", "name", "description", "timezone", "availability", "overrides", "booking_limits",
    "is_active", "created_at", "updated_at", "user_id", "slug", "public_name", "color",
    "calendar_policy",
    "photo",
}  # fmt: skip
WINDOW = {"start": "09:00", "end": "17:00"}
NAMES_OF_NO_ZONE = [
    "America",
    "Factory",
    "../x",
    "x" * 300,
    "",
    "Europe/berlin",
    "/etc/passwd",
    "🎉" * 2500,
]


@pytest.fixture(scope="module")
def untouched(module_world: World) -> JSON:
    return module_world.create_schedule()


def delete(world: World, schedule: JSON) -> httpx.Response:
    return world.api.delete(f"{PATH}/{schedule['id']}")


def test_a_name_is_enough_and_the_rest_takes_its_default(world: World) -> None:
    answer = post(world)
    assert answer.status_code == 201
    schedule = answer.json()["data"]
    assert set(schedule) == FIELDS_OF_A_SCHEDULE
    assert schedule["id"].startswith("sch_")
    assert schedule["created_at"] == schedule["updated_at"]
    expected: JSON = {
        "name": "Room", "description": None, "timezone": "UTC", "availability": None,
        "overrides": {}, "booking_limits": {}, "is_active": True,
    }  # fmt: skip
    assert {name: schedule[name] for name in expected} == expected


def test_every_field_comes_back_as_it_was_given(world: World) -> None:
    given = {
        "name": "Dr. Süß 🎉",
        "description": "First line\n\tsecond line",
        "timezone": "America/Argentina/Buenos_Aires",
        "availability": {
            "monday": WINDOW,
            "tuesday": [{"start": "22:00", "end": "02:00"}, {"start": "00:00", "end": "24:00"}],
            "sunday": [],
        },
        "overrides": {"2026-12-24": [], "2026-12-31": [WINDOW], "2199-12-31": WINDOW},
        "booking_limits": {"max_per_day": 3, "min_notice_hours": 1.5},
        "is_active": False,
    }
    schedule = post(world, **given).json()["data"]
    assert {name: schedule[name] for name in given} == given
    assert world.api.get(f"{PATH}/{schedule['id']}").json() == {"data": schedule}


def test_null_is_the_default_too(world: World) -> None:
    given = {"description": None, "availability": None, "overrides": None, "booking_limits": None}
    schedule = post(world, **given).json()["data"]
    assert (schedule["availability"], schedule["overrides"]) == (None, {})
    limits = {"max_per_day": None, "min_notice_hours": None}
    assert post(world, booking_limits=limits).json()["data"]["booking_limits"] == {}


def test_a_whole_number_of_hours_stays_one(world: World) -> None:
    limits = {"booking_limits": {"min_notice_hours": 24}}
    assert '"min_notice_hours":24}' in post(world, **limits).text


def test_they_are_listed_in_the_order_of_creation_with_a_meta(world: World) -> None:
    made = [world.create_schedule(name=f"Room {n}") for n in range(3)]
    first = world.api.get(PATH, params={"limit": 2}).json()
    assert first["data"] == made[:2]
    assert first["meta"] == {"total": 3, "limit": 2, "offset": 0, "hasMore": True}
    beyond = world.api.get(PATH, params={"offset": 9}).json()
    assert beyond["data"] == []
    assert beyond["meta"] == {"total": 3, "limit": 50, "offset": 9, "hasMore": False}


def test_the_list_has_active_schedules_by_default(world: World) -> None:
    active, inactive = world.create_schedule(), world.create_schedule(is_active=False)

    def listed(**query: str) -> list[JSON]:
        schedules: list[JSON] = world.api.get(PATH, params=query).json()["data"]
        return schedules

    assert listed() == listed(active="true") == [active]
    assert listed(active="false") == [inactive]


@pytest.mark.parametrize(
    "query",
    ["active=perhaps", "limit=0", "limit=501", "limit=x", "offset=-1", "nonsense=1", "active="],
)
def test_a_query_that_is_not_as_described_names_its_field(world: World, query: str) -> None:
    assert is_refused(world.api.get(f"{PATH}?{query}"), query.split("=")[0])


def cases() -> Cases:
    wrong = named_cases()
    wrong += cases_of("timezone", *NAMES_OF_NO_ZONE, 5, [], "UTC\x00", "\ud800")
    wrong += cases_of("availability", 5, "always", [], True)
    wrong += [
        (f"availability.{day}", {day: WINDOW}) for day in ("Monday", "mon", "funday", "", "x" * 99)
    ]
    mondays: list[Any] = [
        None, 5, "09:00", [[]], {}, {"start": "09:00"}, {"end": "09:00"}, [WINDOW] * 51,
        WINDOW | {"until": 1}, {"start": "09:00", "end": "09:00"}, [{"start": 9, "end": 17}],
        [WINDOW, {"start": "00:00", "end": "00:00"}], {"start": "24:00", "end": "09:00"},
        {"start": "24:00", "end": "24:00"}, {"start": "9:00", "end": "17:00"},
        {"start": "09:00", "end": "24:01"}, {"start": "09:60", "end": "10:00"},
        {"start": "09:00:00", "end": "17:00"}, {"start": "٠٩:٠٠", "end": "17:00"},
        {"start": "09:00\n", "end": "17:00"}, {"start": "09:00\x00", "end": "17:00"},
        {"start": "\ud800", "end": "17:00"}, {"start": "", "end": "17:00"},
    ]  # fmt: skip
    wrong += cases_of("availability.monday", *({"monday": value} for value in mondays))
    wrong += cases_of("overrides", 5, "x", [], {"2026-12-24": None})
    wrong += [
        (f"overrides.{day}", {day: []})
        for day in ("2026-02-30", "24.12.2026", "", "1899-12-31", "2200-01-01", "2026-12-24T00:00Z")
    ]
    wrong += [
        ("overrides.2026-12-24", {"2026-12-24": [WINDOW, {"start": "09:00", "end": "09:00"}]}),
        (
            "overrides",
            {f"{year}-01-{d:02}": [] for year in range(1900, 2000) for d in range(1, 22)},
        ),
        ("booking_limits", 5),
        ("booking_limits", []),
        ("booking_limits.min_notice_days", {"min_notice_days": 1}),
        ("is_active", None),
        ("is_active", 1),
        ("is_active", "true"),
        ("id", "sch_1"),
        ("unknown", 1),
    ]
    limits: dict[str, list[Any]] = {
        "max_per_day": [0, -1, 1.5, "3", True, 10**9, 10**30, []],
        "min_notice_hours": [-1, -0.001, "3", True, 1e300, 10**30, {}],
    }
    for name, values in limits.items():
        wrong += cases_of(f"booking_limits.{name}", *({name: value} for value in values))
    return wrong


@pytest.mark.parametrize(("field", "value"), cases(), ids=lambda v: repr(v)[:40])
def test_what_is_not_as_described_is_named_and_changes_nothing(
    module_world: World, untouched: JSON, field: str, value: Any
) -> None:
    SCHEDULES.check_refused(module_world, untouched, field, value)


def test_a_schedule_without_a_name_is_refused(module_world: World) -> None:
    assert is_refused(module_world.api.post(PATH, json={}), "name")
    assert is_refused(module_world.api.post(PATH), "name")


@pytest.mark.parametrize("body", [b"not json", b"{", b"[" * 5000, b"\xff\xfe", b"{}x", b"NaN"])
def test_a_body_that_is_not_json_says_so(module_world: World, untouched: JSON, body: bytes) -> None:
    answer = module_world.api.patch(f"{PATH}/{untouched['id']}", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_JSON")


@pytest.mark.parametrize(
    "id_",
    ["x", "sch_abc123", "bk_0352lF5NnllfIJ66lPpfc3", "sch_" + "z" * 22, "🎉", "%00", "..%2Fx"],
)
def test_an_id_that_is_nothing_is_not_found(module_world: World, id_: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = module_world.api.request(method, f"{PATH}/{id_}", content=b'{"name": 5}')
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_another_organizations_schedule_is_not_found(new_world: Any) -> None:
    mine, theirs = new_world(), new_world()
    schedule = theirs.create_schedule()
    for method in ("GET", "PATCH", "DELETE"):
        answer = mine.api.request(method, f"{PATH}/{schedule['id']}", content=b"{}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert mine.api.get(PATH).json()["data"] == []
    assert theirs.api.get(PATH).json()["data"] == [schedule]


def test_a_patch_replaces_hours_and_limits_whole(world: World) -> None:
    schedule = world.create_schedule(
        availability={"monday": WINDOW}, overrides={"2026-12-24": []},
        booking_limits={"max_per_day": 3, "min_notice_hours": 2},
    )  # fmt: skip
    changes = {
        "availability": {"friday": [WINDOW]},
        "overrides": {"2027-01-01": []},
        "booking_limits": {"min_notice_hours": 1},
    }
    changed = update(world, schedule, **changes).json()["data"]
    assert {name: changed[name] for name in changes} == changes
    assert {**changed, **changes, "updated_at": 0} == {**schedule, **changes, "updated_at": 0}


def test_null_availability_opens_a_schedule_at_all_times_again(world: World) -> None:
    schedule = world.create_schedule(availability={})
    body = world.booking_body(schedule)
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "OUTSIDE_AVAILABILITY"
    assert update(world, schedule, availability=None).json()["data"]["availability"] is None
    world.book(schedule)


def test_every_field_can_be_changed_alone(world: World) -> None:
    schedule = world.create_schedule(description="Ground floor", public_name="Room")
    for name, value in (
        ("name", "Room 2"), ("description", None), ("timezone", "Asia/Kathmandu"),
        ("is_active", False), ("slug", "hall"), ("public_name", "Hall"), ("color", "lime"),
    ):  # fmt: skip
        changed = update(world, schedule, **{name: value}).json()["data"]
        assert {**changed, "updated_at": 0} == {**schedule, name: value, "updated_at": 0}
        schedule = changed


def test_a_change_gets_a_new_etag_and_nothing_else_does(world: World) -> None:
    made = post(world, availability={"monday": WINDOW}, booking_limits={"min_notice_hours": 2})
    schedule = made.json()["data"]
    same = {name: schedule[name] for name in ("name", "availability", "booking_limits", "timezone")}
    for unchanged in ({}, same):
        answer = update(world, schedule, **unchanged)
        assert (answer.status_code, answer.json()["data"]) == (200, schedule)
        assert answer.headers["etag"] == made.headers["etag"]
    changed = update(world, schedule, name="Other")
    assert changed.headers["etag"] != made.headers["etag"]
    got = world.api.get(f"{PATH}/{schedule['id']}")
    assert got.headers["etag"] == changed.headers["etag"]


def test_a_change_to_another_version_than_the_one_seen_is_stale(world: World) -> None:
    made = post(world)
    check_stale_is_refused(world, made, PATH)
    path = f"{PATH}/{made.json()['data']['id']}"
    assert world.api.delete(path, headers={"if-match": "*"}).status_code == 200


def test_only_one_of_many_changes_to_the_version_seen_is_made(world: World) -> None:
    async def race(path: str, headers: dict[str, str]) -> list[int]:
        async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=30) as client:
            changes = (client.patch(path, json={"name": f"Room {n}"}) for n in range(20))
            return sorted(answer.status_code for answer in await asyncio.gather(*changes))

    for _ in range(5):
        made = post(world)
        headers = {**world.api.headers, "if-match": made.headers["etag"]}
        answers = asyncio.run(race(f"{PATH}/{made.json()['data']['id']}", headers))
        assert answers == [200] + [412] * 19


def test_the_same_creation_under_one_key_is_done_once(world: World) -> None:
    headers = {"idempotency-key": "a"}
    first, second = (world.api.post(PATH, json={"name": "A"}, headers=headers) for _ in "ab")
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    assert world.api.get(PATH).json()["meta"]["total"] == 1


def test_a_deleted_schedule_is_gone_and_takes_no_bookings(world: World) -> None:
    schedule = world.create_schedule()
    answer = delete(world, schedule)
    assert (answer.status_code, answer.json()) == (
        200, {"data": {"id": schedule["id"], "deleted": True}}
    )  # fmt: skip
    assert world.api.get(f"{PATH}/{schedule['id']}").status_code == 404
    assert delete(world, schedule).status_code == 404
    assert world.api.get(PATH).json()["meta"]["total"] == 0
    body = world.booking_body(schedule)
    assert world.api.post("/api/v1/bookings", json=body).status_code == 404


@pytest.mark.parametrize("status", ["PENDING", "CONFIRMED"])
def test_a_schedule_with_an_upcoming_booking_is_in_use(world: World, status: str) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule)
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": status})
    answer = delete(world, schedule)
    assert (answer.status_code, answer.json()["code"]) == (409, "IN_USE")
    world.api.delete(f"/api/v1/bookings/{booking['id']}")
    assert delete(world, schedule).status_code == 200


def test_a_schedule_that_a_booking_takes_as_its_second_is_in_use(world: World) -> None:
    staff = [world.create_schedule(name=name) for name in "ab"]
    ids = [schedule["id"] for schedule in staff]
    both = world.create_event_type(requirements=[{"count": 2, "schedule_ids": ids}])
    world.book(event_type_id=both["id"])
    assert world.api.delete(f"/api/v1/event-types/{both['id']}").status_code == 200
    for schedule in staff:
        assert delete(world, schedule).json()["code"] == "IN_USE"


def test_a_schedule_is_in_use_while_an_event_type_takes_it(world: World) -> None:
    schedule, other = world.create_schedule(), world.create_schedule(name="Other")
    ids = [other["id"], schedule["id"]]
    event_type = world.create_event_type(requirements=[{"count": 1, "schedule_ids": ids}])
    answer = delete(world, schedule)
    assert (answer.status_code, answer.json()["code"]) == (409, "IN_USE")
    assert event_type["name"] in answer.json()["error"]
    changes = {"schedule_id": other["id"]}
    world.api.patch(f"/api/v1/event-types/{event_type['id']}", json=changes)
    assert delete(world, schedule).status_code == 200
    assert delete(world, other).status_code == 409


def test_the_past_of_a_deleted_schedule_stays_readable(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, "2024-02-15T10:00:00Z")
    assert delete(world, schedule).status_code == 200
    path = f"/api/v1/bookings/{booking['id']}"
    assert world.api.get(path).json()["data"] == booking
    listed = world.api.get("/api/v1/bookings", params={"schedule_id": schedule["id"]})
    assert listed.json()["data"] == [booking]
    answer = world.api.patch(path, json={"status": "CONFIRMED", "title": "Late note"})
    assert answer.status_code == 200


def test_a_booking_that_is_going_on_keeps_its_schedule(world: World) -> None:
    schedule = world.create_schedule()
    now = tomorrow_at(0)
    world.book(schedule, plus(now, days=-3), end_time=plus(now, days=3))
    assert delete(world, schedule).json()["code"] == "IN_USE"


def test_no_booking_is_left_on_a_schedule_that_is_deleted_meanwhile(world: World) -> None:
    """Create races with delete: either the booking is there and the schedule stays, or neither."""
    with httpx.Client(base_url=world.url, headers=world.api.headers, timeout=30) as other:
        for _ in range(30):
            schedule = world.create_schedule()
            body = world.booking_body(schedule)
            with ThreadPoolExecutor(2) as pool:
                booked = pool.submit(other.post, "/api/v1/bookings", json=body)
                gone = pool.submit(delete, world, schedule)
                outcome = (booked.result().status_code, gone.result().status_code)
            assert outcome in {(201, 409), (404, 200)}


def test_new_hours_leave_bookings_as_they_are(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule)
    assert update(world, schedule, availability={}).status_code == 200
    path = f"/api/v1/bookings/{booking['id']}"
    assert world.api.get(path).json()["data"] == booking
    assert world.api.patch(path, json={"status": "CONFIRMED"}).status_code == 200


def test_reading_and_writing_need_their_scopes(world: World) -> None:
    assert world.stranger.get(PATH).status_code == 401
    assert world.stranger.post(PATH, json={"name": "A"}).status_code == 401


def test_a_calendar_policy_is_replaced_whole(world: World) -> None:
    schedule = world.create_schedule()
    assert schedule["calendar_policy"] == {
        "on_move": "follow",
        "on_delete": "ask",
        "pending": "none",
        "details": "name",
        "fresh_check": "off",
        "when_stale": "keep",
        "close_after_hours": None,
    }
    closes = {"when_stale": "close", "close_after_hours": 6, "on_delete": "restore"}
    changed = update(world, schedule, calendar_policy=closes).json()["data"]
    assert changed["calendar_policy"] == schedule["calendar_policy"] | closes
    back = update(world, schedule, calendar_policy=None).json()["data"]
    assert back["calendar_policy"] == schedule["calendar_policy"]


def test_hours_until_closing_belong_to_closing(world: World) -> None:
    schedule = world.create_schedule()
    for policy in ({"when_stale": "close"}, {"close_after_hours": 6}):
        answer = update(world, schedule, calendar_policy=policy)
        assert answer.json()["details"][0]["field"] == "calendar_policy.close_after_hours"
