"""/api/v1/event-types: fields, requirements, questions, slugs, versions, deletion."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.refusals import check_stale_is_refused, is_refused
from tests.web.cases import NO_TEXTS, Cases, ResourceCase, cases_of, named_cases
from tests.world import JSON, World, tomorrow_at

PATH = "/api/v1/event-types"
EVENT_TYPES = ResourceCase(PATH, {"name": "Massage", "duration_minutes": 30})
post, update = EVENT_TYPES.post, EVENT_TYPES.update
SIZE = {"key": "size", "label": "Size", "type": "select", "required": True, "options": ["S", "L"]}
NO_OPTIONS: list[Any] = [
    None, [], ["S", "S"], [5], [""], "S", {}, ["a\x00"], ["x" * 201], ["a"] * 201
]  # fmt: skip
DEFAULTS: JSON = {
    "description": None, "slot_step_minutes": 30, "buffer_before_minutes": 0,
    "buffer_after_minutes": 0, "min_notice_minutes": None, "max_days_ahead": None,
    "booking_limits": {}, "capacity": 1, "requires_confirmation": True, "requirements": [],
    "schedule_id": None, "location": None, "location_type": None, "questions": [],
    "reminders_minutes_before": [], "cancellation_notice_minutes": None, "expire_pending": False,
    "complete_after_minutes": None, "is_active": True, "host_choice": "none",
    "visibility": "public", "position": None, "redirect_url": None, "video": None,
    "attendee_fields": {"phone": "optional", "notes": "optional"}, "translations": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def untouched(module_world: World) -> JSON:
    return module_world.create_event_type()


def test_name_and_duration_are_enough_and_the_rest_takes_its_default(world: World) -> None:
    answer = post(world)
    assert answer.status_code == 201
    event_type = answer.json()["data"]
    assert event_type["id"].startswith("evt_")
    expected = {"name": "Massage", "slug": "massage", "duration_minutes": 30, **DEFAULTS}
    assert {name: event_type[name] for name in expected} == expected
    assert set(event_type) == {*expected, "id", "created_at", "updated_at"}


def test_every_field_comes_back_as_it_was_given(world: World) -> None:
    staff = [world.create_schedule(name=f"Person {n}")["id"] for n in range(3)]
    room = world.create_schedule(name="Room")["id"]
    given = {
        "name": "Massage 🎉", "slug": "back-massage", "description": "Line\nline\ttab",
        "duration_minutes": 45, "slot_step_minutes": 15, "buffer_before_minutes": 5,
        "buffer_after_minutes": 10, "min_notice_minutes": 0, "max_days_ahead": 0,
        "booking_limits": {"max_per_day": 4}, "capacity": 8, "requires_confirmation": False,
        "requirements": [
            {"count": 2, "schedule_ids": staff}, {"count": 1, "schedule_ids": [room]},
        ],
        "location": "Room 3", "location_type": "in_person",
        "questions": [SIZE, {"key": "age_2", "label": "Age?", "type": "number", "required": False,
                             "options": None}],
        "reminders_minutes_before": [1440, 60, 0], "cancellation_notice_minutes": 720,
        "expire_pending": True, "complete_after_minutes": 0, "is_active": False,
        "host_choice": "optional", "visibility": "unlisted", "position": 7,
        "redirect_url": "https://example.com:8443/a%20b?c=d#e",
        "attendee_fields": {"phone": "required", "notes": "hidden"},
        "translations": {"de": {
            "name": "Rückenmassage", "description": None,
            "questions": {"size": {"label": None, "options": ["klein", "groß"]}},
        }},
    }  # fmt: skip
    event_type = post(world, **given).json()["data"]
    assert {name: event_type[name] for name in given} == given
    assert event_type["schedule_id"] is None
    assert world.api.get(f"{PATH}/{event_type['id']}").json() == {"data": event_type}


def test_null_takes_the_default_where_there_may_be_nothing(world: World) -> None:
    names = [n for n, default in DEFAULTS.items() if default is None]
    names += ["slug", "booking_limits", "requirements", "slot_step_minutes"]
    event_type = post(world, **dict.fromkeys(names)).json()["data"]
    assert {name: event_type[name] for name in DEFAULTS} == DEFAULTS


def test_the_step_follows_the_duration_unless_it_is_given(world: World) -> None:
    event_type = post(world).json()["data"]
    changed = update(world, event_type, duration_minutes=50).json()["data"]
    assert changed["slot_step_minutes"] == 50
    changed = update(world, event_type, slot_step_minutes=10, duration_minutes=20).json()["data"]
    assert changed["slot_step_minutes"] == 10
    changed = update(world, event_type, slot_step_minutes=None).json()["data"]
    assert changed["slot_step_minutes"] == 20


def test_a_schedule_id_is_short_for_one_requirement(world: World) -> None:
    first, second = (world.create_schedule(name=name)["id"] for name in "ab")
    event_type = post(world, schedule_id=first).json()["data"]
    assert event_type["requirements"] == [{"count": 1, "schedule_ids": [first]}]
    assert event_type["schedule_id"] == first
    changed = update(world, event_type, schedule_id=second).json()["data"]
    assert changed["requirements"] == [{"count": 1, "schedule_ids": [second]}]
    both = [{"count": 1, "schedule_ids": [first, second]}]
    changed = update(world, event_type, requirements=both).json()["data"]
    assert (changed["requirements"], changed["schedule_id"]) == (both, None)
    changed = update(world, event_type, schedule_id=None).json()["data"]
    assert changed["requirements"] == []


def test_the_short_form_and_requirements_exclude_each_other(world: World) -> None:
    id_ = world.create_schedule()["id"]
    both = {"schedule_id": id_, "requirements": [{"count": 1, "schedule_ids": [id_]}]}
    assert is_refused(post(world, **both), "schedule_id")
    assert is_refused(update(world, post(world).json()["data"], **both), "schedule_id")


def test_too_many_schedules_in_all_are_refused(module_world: World, untouched: JSON) -> None:
    requirements = [{"schedule_ids": ["sch_" + "0" * 22] * 200}] * 2
    assert is_refused(post(module_world, requirements=requirements), "requirements")
    assert is_refused(update(module_world, untouched, requirements=requirements), "requirements")


def test_a_count_that_is_left_out_is_one(world: World) -> None:
    id_ = world.create_schedule()["id"]
    event_type = post(world, requirements=[{"schedule_ids": [id_]}]).json()["data"]
    assert event_type["requirements"] == [{"count": 1, "schedule_ids": [id_]}]


def test_requirements_that_can_never_be_met_are_refused(world: World) -> None:
    a, b, c = (world.create_schedule(name=name)["id"] for name in "abc")
    kept = post(world, schedule_id=a).json()["data"]
    for requirements, field in (
        ([{"count": 2, "schedule_ids": [a]}], "requirements.0.count"),
        ([{"schedule_ids": [b]}, {"schedule_ids": [a, a]}], "requirements.1.schedule_ids"),
        ([{"count": 2, "schedule_ids": [a, a]}], "requirements.0.schedule_ids"),
        ([{"schedule_ids": [a]}, {"schedule_ids": [a]}], "requirements"),
        ([{"count": 2, "schedule_ids": [a, b, c]}, {"count": 2, "schedule_ids": [b, c]}],
         "requirements"),
    ):  # fmt: skip
        assert is_refused(post(world, requirements=requirements), field)
        assert is_refused(update(world, kept, requirements=requirements), field)
    assert world.api.get(f"{PATH}/{kept['id']}").json()["data"] == kept


@pytest.mark.parametrize("id_", ["", "x", "sch_abc", "evt_0352lF5NnllfIJ66lPpfc3", "🎉", "../x"])
def test_a_schedule_that_is_nothing_is_not_found(
    module_world: World, untouched: JSON, id_: str
) -> None:
    for fields in ({"schedule_id": id_}, {"requirements": [{"schedule_ids": [id_]}]}):
        for answer in (post(module_world, **fields), update(module_world, untouched, **fields)):
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_deleted_schedule_is_not_found(world: World) -> None:
    schedule = world.create_schedule()
    world.api.delete(f"/api/v1/schedules/{schedule['id']}")
    assert post(world, schedule_id=schedule["id"]).status_code == 404


def test_another_organizations_things_are_not_found(new_world: Any) -> None:
    mine, theirs = new_world(), new_world()
    event_type = theirs.create_event_type(schedule_id=theirs.create_schedule()["id"])
    for method in ("GET", "PATCH", "DELETE"):
        answer = mine.api.request(method, f"{PATH}/{event_type['id']}", content=b"{}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    own = mine.create_event_type()
    for fields in (
        {"schedule_id": event_type["schedule_id"]}, {"requirements": event_type["requirements"]}
    ):  # fmt: skip
        assert post(mine, **fields).status_code == 404
        assert update(mine, own, **fields).status_code == 404
    assert mine.api.get(PATH).json()["data"] == [own]
    assert theirs.api.get(PATH).json()["data"] == [event_type]


def test_another_organization_may_have_the_same_slug(new_world: Any) -> None:
    for world in (new_world(), new_world()):
        assert post(world, slug="massage").status_code == 201


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Massage", "massage"),
        ("  Café & Crème  ", "cafe-creme"),
        ("30 Min!", "30-min"),
        ("予約", "event-type"),
        ("🎉", "event-type"),
        ("x" * 200, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_a_slug_is_made_of_the_name(world: World, name: str, slug: str) -> None:
    assert post(world, name=name).json()["data"]["slug"] == slug


def test_a_derived_slug_that_is_taken_gets_a_suffix(world: World) -> None:
    slugs = [post(world).json()["data"]["slug"] for _ in range(3)]
    assert slugs == ["massage", "massage-2", "massage-3"]


def test_many_of_one_name_at_once_get_different_slugs(world: World) -> None:
    def create(_: int) -> httpx.Response:
        body = {"name": "Massage", "duration_minutes": 30}
        headers = world.api.headers
        return httpx.post(world.url + PATH, json=body, headers=headers, timeout=30)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(create, range(20)))
    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.json()["data"]["slug"] for answer in answers}) == 20


def test_a_slug_that_is_given_and_taken_is_refused(world: World) -> None:
    first = post(world, slug="massage").json()["data"]
    answer = post(world, slug="massage")
    assert (answer.status_code, answer.json()["code"]) == (409, "SLUG_TAKEN")
    second = post(world).json()["data"]
    answer = update(world, second, slug="massage")
    assert (answer.status_code, answer.json()["code"]) == (409, "SLUG_TAKEN")
    assert update(world, first, slug="massage").json()["data"] == first


def test_the_slug_of_a_deleted_event_type_is_free_again(world: World) -> None:
    event_type = post(world).json()["data"]
    world.api.delete(f"{PATH}/{event_type['id']}")
    assert post(world, slug="massage").status_code == 201


def test_they_are_listed_in_the_order_of_creation_with_a_meta(world: World) -> None:
    made = [world.create_event_type(is_active=n != 1) for n in range(3)]
    answer = world.api.get(PATH, params={"limit": 2}).json()
    assert answer["data"] == made[:2]
    assert answer["meta"] == {"total": 3, "limit": 2, "offset": 0, "hasMore": True}
    beyond = world.api.get(PATH, params={"offset": 9}).json()
    assert (beyond["data"], beyond["meta"]["total"]) == ([], 3)


def test_the_list_can_be_of_active_or_inactive_ones_alone(world: World) -> None:
    active, inactive = world.create_event_type(), world.create_event_type(is_active=False)
    for query, expected in (({}, [active, inactive]), ({"active": "true"}, [active]),
                            ({"active": "false"}, [inactive])):  # fmt: skip
        assert world.api.get(PATH, params=query).json()["data"] == expected


@pytest.mark.parametrize("query", ["active=perhaps", "limit=0", "offset=-1", "slug=x"])
def test_a_query_that_is_not_as_described_names_its_field(world: World, query: str) -> None:
    assert is_refused(world.api.get(f"{PATH}?{query}"), query.split("=")[0])


def cases() -> Cases:
    wrong = named_cases()
    wrong += cases_of("location", *NO_TEXTS, "two\nlines")
    wrong += cases_of(
        "slug", *NO_TEXTS, "", "Massage", "a b", "-a", "ä", "a/b", "../x", "a\n", "x" * 81
    )
    wrong += cases_of("location_type", "zoom", "", 1, ["video"])
    numbers: dict[str, tuple[Any, ...]] = {
        "duration_minutes": (None, 0, 43_201),
        "slot_step_minutes": (0, 43_201),
        "buffer_before_minutes": (None, -1, 43_201),
        "buffer_after_minutes": (None, -1, 43_201),
        "min_notice_minutes": (-1,),
        "max_days_ahead": (-1, 100_000),
        "capacity": (None, 0, 10_001),
        "cancellation_notice_minutes": (-1,),
        "complete_after_minutes": (-1,),
    }
    for name, values in numbers.items():
        wrong += cases_of(name, *values, 1.5, "30", True, [], {}, 2**31, 2**63, 10**30)
    for name in ("requires_confirmation", "expire_pending", "is_active"):
        wrong += cases_of(name, None, 0, "true", [])
    wrong += [("booking_limits", 5), ("booking_limits", [])]
    wrong += [("booking_limits.max_per_day", {"max_per_day": v}) for v in (0, -1, "3", 2**31)]
    wrong += [("booking_limits.min_notice_hours", {"min_notice_hours": 1})]
    wrong += cases_of("requirements", 5, {}, [5], [None], [{"schedule_ids": []}] * 11)
    wrong += cases_of("schedule_id", 5, [], {}, "sch_\x00", "\ud800")
    wrong += cases_of("questions", None, 5, {}, [5], [SIZE] * 51)
    wrong += [
        ("reminders_minutes_before", value)
        for value in (None, 5, [-1], ["60"], [1.5], [2**31], list(range(11)), [60, 60], [None])
    ]
    return [*wrong, ("id", "evt_1"), ("unknown", 1)]


@pytest.mark.parametrize(("field", "value"), cases(), ids=lambda v: repr(v)[:40])
def test_what_is_not_as_described_is_named_and_changes_nothing(
    module_world: World, untouched: JSON, field: str, value: Any
) -> None:
    EVENT_TYPES.check_refused(module_world, untouched, field, value)


@pytest.mark.parametrize(
    ("requirement", "field"),
    [
        ({"count": 1}, "schedule_ids"),
        ({"schedule_ids": []}, "schedule_ids"),
        ({"schedule_ids": "sch_1"}, "schedule_ids"),
        ({"schedule_ids": [5]}, "schedule_ids"),
        ({"schedule_ids": ["sch_1"] * 301}, "schedule_ids"),
        ({"schedule_ids": ["sch_1"], "count": 0}, "count"),
        ({"schedule_ids": ["sch_1"], "count": "1"}, "count"),
        ({"schedule_ids": ["sch_1"], "count": None}, "count"),
        ({"schedule_ids": ["sch_1"], "kind": 1}, "kind"),
    ],
)
def test_a_requirement_that_is_not_as_described_names_its_field(
    module_world: World, untouched: JSON, requirement: JSON, field: str
) -> None:
    for answer in (
        post(module_world, requirements=[requirement]),
        update(module_world, untouched, requirements=[requirement]),
    ):
        assert is_refused(answer, f"requirements.0.{field}")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *[({"key": value}, "key") for value in (None, 5, "", "Size", "a b", "ä", "a\n", "x" * 65)],
        *[
            ({"label": value}, "label")
            for value in (None, 5, "", " ", "a\x00", "\ud800", "x" * 201)
        ],
        *[({"type": value}, "type") for value in (None, 5, "", "date")],
        *[({"required": value}, "required") for value in (None, 1, "yes")],
        *[({"options": value}, "options") for value in NO_OPTIONS],
        *[({"type": kind}, "options") for kind in ("text", "number", "boolean", "email")],
        ({"help": "x"}, "help"),
    ],
    ids=lambda v: repr(v)[:40],
)
def test_a_question_that_is_not_as_described_names_its_field(
    module_world: World, untouched: JSON, changes: JSON, field: str
) -> None:
    questions = [SIZE | changes]
    for answer in (
        post(module_world, questions=questions),
        update(module_world, untouched, questions=questions),
    ):
        assert is_refused(answer, f"questions.0.{field}")


def test_a_key_that_comes_twice_is_refused(module_world: World) -> None:
    assert is_refused(post(module_world, questions=[SIZE, SIZE]), "questions.1.key")


@pytest.mark.parametrize("missing", ["name", "duration_minutes"])
def test_name_and_duration_are_required(module_world: World, missing: str) -> None:
    body: JSON = {"name": "Massage", "duration_minutes": 30}
    del body[missing]
    assert is_refused(module_world.api.post(PATH, json=body), missing)


@pytest.mark.parametrize("id_", ["x", "evt_abc123", "sch_0352lF5NnllfIJ66lPpfc3", "🎉", "%00"])
def test_an_id_that_is_nothing_is_not_found(module_world: World, id_: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = module_world.api.request(method, f"{PATH}/{id_}", content=b'{"name": 5}')
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_patch_replaces_questions_whole_and_leaves_the_rest(world: World) -> None:
    event_type = post(world, questions=[SIZE], capacity=3, location="Room 1").json()["data"]
    age = {"key": "age", "label": "Age", "type": "number", "required": False, "options": None}
    changed = update(world, event_type, questions=[age]).json()["data"]
    expected = {**event_type, "questions": [age], "updated_at": 0}
    assert {**changed, "updated_at": 0} == expected


def test_null_lifts_what_limits(world: World) -> None:
    event_type = post(
        world, min_notice_minutes=5, max_days_ahead=5, booking_limits={"max_per_day": 5},
        location="Room 1", complete_after_minutes=5,
    ).json()["data"]  # fmt: skip
    lifted = ("min_notice_minutes", "max_days_ahead", "booking_limits", "location")
    changed = update(world, event_type, **dict.fromkeys(lifted)).json()["data"]
    assert {name: changed[name] for name in lifted} == {name: DEFAULTS[name] for name in lifted}
    assert changed["complete_after_minutes"] == 5


def test_a_change_gets_a_new_etag_and_nothing_else_does(world: World) -> None:
    id_ = world.create_schedule()["id"]
    made = post(world, questions=[SIZE], schedule_id=id_, location_type="video")
    event_type = made.json()["data"]
    names = ("name", "slug", "questions", "requirements", "booking_limits", "location_type")
    for unchanged in ({}, {name: event_type[name] for name in names}, {"schedule_id": id_}):
        answer = update(world, event_type, **unchanged)
        assert (answer.status_code, answer.json()["data"]) == (200, event_type)
        assert answer.headers["etag"] == made.headers["etag"]
    assert update(world, event_type, name="Other").headers["etag"] != made.headers["etag"]


def test_a_change_to_another_version_than_the_one_seen_is_stale(world: World) -> None:
    check_stale_is_refused(world, post(world), PATH)


def test_the_same_creation_under_one_key_is_done_once(world: World) -> None:
    body, headers = {"name": "Massage", "duration_minutes": 30}, {"idempotency-key": "a"}
    first, second = (world.api.post(PATH, json=body, headers=headers) for _ in "ab")
    assert (first.status_code, second.content) == (201, first.content)
    assert world.api.get(PATH).json()["meta"]["total"] == 1


def test_a_deleted_event_type_is_gone_and_cannot_be_booked(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"])
    answer = world.api.delete(f"{PATH}/{event_type['id']}")
    assert (answer.status_code, answer.json()) == (
        200, {"data": {"id": event_type["id"], "deleted": True}}
    )  # fmt: skip
    assert world.api.get(f"{PATH}/{event_type['id']}").status_code == 404
    assert world.api.delete(f"{PATH}/{event_type['id']}").status_code == 404
    body = world.booking_body(event_type_id=event_type["id"])
    assert world.api.post("/api/v1/bookings", json=body).status_code == 404


def test_the_bookings_of_a_deleted_event_type_stay_and_can_be_moved(world: World) -> None:
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"])
    booking = world.book(event_type_id=event_type["id"])
    assert world.api.delete(f"{PATH}/{event_type['id']}").status_code == 200
    path = f"/api/v1/bookings/{booking['id']}"
    assert world.api.get(path).json()["data"] == booking
    moved = world.api.patch(path, json={"start_time": tomorrow_at(15)}).json()["data"]
    assert (moved["start_time"], moved["event_type_id"]) == (tomorrow_at(15), event_type["id"])


def test_no_event_type_is_left_on_a_schedule_that_is_deleted_meanwhile(world: World) -> None:
    with httpx.Client(base_url=world.url, headers=world.api.headers, timeout=30) as other:
        for _ in range(30):
            schedule = world.create_schedule()
            body = {"name": "M", "duration_minutes": 30, "schedule_id": schedule["id"]}
            path = f"/api/v1/schedules/{schedule['id']}"
            with ThreadPoolExecutor(2) as pool:
                made = pool.submit(other.post, PATH, json=body)
                gone = pool.submit(world.api.delete, path)
                outcome = (made.result().status_code, gone.result().status_code)
            assert outcome in {(201, 409), (404, 200)}


def test_a_stranger_is_refused(world: World) -> None:
    assert world.stranger.get(PATH).status_code == 401
    assert world.stranger.post(PATH, json={"name": "A"}).status_code == 401
