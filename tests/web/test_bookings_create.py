"""POST /api/v1/bookings, as the page of WebKasa has it."""

from kalends.domain.booking import Status
from kalends.web.openapi.examples import REQUESTS
from tests.world import World, plus, tomorrow_at

FIELDS_OF_A_BOOKING = {
    "id", "schedule_id", "schedule_ids", "event_type_id", "status", "start_time", "end_time",
    "timezone", "title", "location", "location_type", "attendee_name", "attendee_email",
    "attendee", "answers", "metadata", "source", "external", "conflict", "cancellation_reason",
    "created_at", "updated_at", "cancelled_by", "answers_e164", "hosts",
    "needs_new_time", "calendar_events", "video",
}  # fmt: skip


# As the description of the API shows it to everybody.
EXAMPLE = REQUESTS["createBooking"]
ATTENDEE = EXAMPLE["attendee"]
TIMES_AND_PLACE = {
    name: EXAMPLE[name]
    for name in ("start_time", "end_time", "timezone", "title", "location", "location_type")
}


def test_the_request_of_webkasa_makes_a_pending_booking(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"])
    answer = world.api.post(
        "/api/v1/bookings",
        json={
            "schedule_id": schedule["id"],
            "event_type_id": event_type["id"],
            **TIMES_AND_PLACE,
            "attendee": ATTENDEE,
            "metadata": {"source": "website"},
        },
    )
    assert answer.status_code == 201
    booking = answer.json()["data"]
    assert set(booking) == FIELDS_OF_A_BOOKING
    assert booking["id"].startswith("bk_")
    assert booking["created_at"] == booking["updated_at"]
    expected = {
        "schedule_id": schedule["id"],
        "schedule_ids": [schedule["id"]],
        "event_type_id": event_type["id"],
        "status": "PENDING",
        **TIMES_AND_PLACE,
        "attendee_name": "John Doe",
        "attendee_email": "john@example.com",
        "attendee": {
            **ATTENDEE,
            "phone_e164": None,
            "locale": None,
        },
        "answers": {},
        "metadata": {"source": "website"},
        "source": "api",
        "external": {"provider": None, "uid": None},
        "conflict": False,
        "cancellation_reason": None,
    }
    assert {key: booking[key] for key in expected} == expected


def test_a_created_booking_is_the_same_object_when_got_and_listed(world: World) -> None:
    booking = world.book(world.create_schedule())
    assert world.api.get(f"/api/v1/bookings/{booking['id']}").json() == {"data": booking}
    assert world.api.get("/api/v1/bookings").json()["data"] == [booking]


def test_omitted_fields_take_their_default_or_null(world: World) -> None:
    booking = world.book(world.create_schedule(timezone="Europe/Berlin"))
    assert booking["timezone"] == "Europe/Berlin"
    for name in ("title", "location", "location_type", "event_type_id", "cancellation_reason"):
        assert booking[name] is None
    assert booking["attendee"]["phone"] is None
    assert booking["metadata"] == {}


def test_an_event_type_gives_title_place_and_duration(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(
        name="Massage", duration_minutes=45, slot_step_minutes=15,
        schedule_id=schedule["id"], location="Room 3", location_type="in_person",
    )  # fmt: skip
    booking = world.book(event_type_id=event_type["id"])
    assert booking["title"] == "Massage"
    assert (booking["location"], booking["location_type"]) == ("Room 3", "in_person")
    assert booking["end_time"] == plus(booking["start_time"], minutes=45)
    assert booking["schedule_id"] == schedule["id"]


def test_an_event_type_that_confirms_by_itself_makes_a_confirmed_booking(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], requires_confirmation=False)
    assert world.book(event_type_id=event_type["id"])["status"] == Status.CONFIRMED


def test_an_end_that_is_not_the_event_types_is_not_a_slot(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], duration_minutes=45)
    body = world.booking_body(schedule, event_type_id=event_type["id"])
    answer = world.api.post("/api/v1/bookings", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "NOT_A_SLOT")


def test_a_schedule_outside_the_event_types_requirements_is_refused(world: World) -> None:
    mine, other = world.create_schedule(), world.create_schedule(name="Other")
    event_type = world.create_event_type(schedule_id=mine["id"])
    body = world.booking_body(other, event_type_id=event_type["id"])
    answer = world.api.post("/api/v1/bookings", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == "schedule_id"


def test_an_event_type_without_requirements_serves_any_schedule(world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type()
    assert world.book(schedule, event_type_id=event_type["id"])["event_type_id"] == event_type["id"]
    missing = world.api.post(
        "/api/v1/bookings", json=world.booking_body(event_type_id=event_type["id"])
    )
    assert missing.json()["details"][0]["field"] == "schedule_id"


def test_any_offset_goes_in_and_utc_in_whole_seconds_comes_out(world: World) -> None:
    body = world.booking_body(world.create_schedule())
    body |= {"start_time": "2030-05-01T10:00:00.000+05:30", "end_time": "2030-05-01T11:30:00+05:45"}
    booking = world.api.post("/api/v1/bookings", json=body).json()["data"]
    assert booking["start_time"] == "2030-05-01T04:30:00Z"
    assert booking["end_time"] == "2030-05-01T05:45:00Z"


def test_a_taken_time_is_refused_and_an_adjacent_one_booked(world: World) -> None:
    schedule = world.create_schedule()
    world.book(schedule, tomorrow_at(10))
    for start in (tomorrow_at(9, 30), tomorrow_at(10), tomorrow_at(10, 30)):
        answer = world.api.post("/api/v1/bookings", json=world.booking_body(schedule, start))
        assert (answer.status_code, answer.json()["code"]) == (409, "SLOT_TAKEN")
    world.book(schedule, tomorrow_at(9))
    world.book(schedule, tomorrow_at(11))


def test_the_same_time_on_another_schedule_is_free(world: World) -> None:
    world.book(world.create_schedule(), tomorrow_at(10))
    world.book(world.create_schedule(name="Other"), tomorrow_at(10))


def test_the_buffers_of_neighbours_add_up(world: World) -> None:
    schedule = world.create_schedule()
    buffered = world.create_event_type(
        schedule_id=schedule["id"],
        slot_step_minutes=5,
        buffer_before_minutes=10,
        buffer_after_minutes=15,
    )
    world.book(event_type_id=buffered["id"], start=tomorrow_at(10))
    too_close = world.booking_body(start=tomorrow_at(11, 20), event_type_id=buffered["id"])
    assert world.api.post("/api/v1/bookings", json=too_close).json()["code"] == "SLOT_TAKEN"
    world.book(schedule, tomorrow_at(11, 15))


def test_several_staff_are_booked_in_turn_until_nobody_is_free(world: World) -> None:
    staff = [world.create_schedule(name=f"Person {n}")["id"] for n in range(3)]
    event_type = world.create_event_type(requirements=[{"count": 1, "schedule_ids": staff}])
    taken = {world.book(event_type_id=event_type["id"])["schedule_id"] for _ in staff}
    assert taken == set(staff)
    body = world.booking_body(event_type_id=event_type["id"])
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "SLOT_TAKEN"


def test_a_collective_booking_takes_all_its_schedules(world: World) -> None:
    staff = [world.create_schedule(name=f"Person {n}") for n in range(2)]
    ids = [schedule["id"] for schedule in staff]
    event_type = world.create_event_type(requirements=[{"count": 2, "schedule_ids": ids}])
    booking = world.book(event_type_id=event_type["id"])
    assert sorted(booking["schedule_ids"]) == sorted(ids)
    for schedule in staff:
        answer = world.api.post("/api/v1/bookings", json=world.booking_body(schedule))
        assert answer.json()["code"] == "SLOT_TAKEN"


def test_questions_are_answered_and_bad_answers_named(world: World) -> None:
    event_type = world.create_event_type(
        schedule_id=world.create_schedule()["id"],
        questions=[
            {"key": "size", "label": "Size", "type": "select", "required": True,
             "options": ["S", "L"]},
            {"key": "age", "label": "Age", "type": "number"},
        ],
    )  # fmt: skip
    booked = world.book(event_type_id=event_type["id"], answers={"size": "L", "age": 7})
    assert booked["answers"] == {"size": "L", "age": 7}
    body = world.booking_body(start=tomorrow_at(15), event_type_id=event_type["id"])
    for answers, field in (({}, "size"), ({"size": "M"}, "size"), ({"size": "S", "x": 1}, "x")):
        answer = world.api.post("/api/v1/bookings", json=body | {"answers": answers})
        assert answer.status_code == 422
        assert answer.json()["details"][0]["field"] == f"answers.{field}"


def test_the_past_may_be_recorded_unless_a_notice_is_set(world: World) -> None:
    free = world.create_schedule()
    assert world.book(free, "2024-02-15T10:00:00Z")["start_time"] == "2024-02-15T10:00:00Z"
    strict = world.create_schedule(name="Strict", booking_limits={"min_notice_hours": 0})
    body = world.booking_body(strict, "2024-02-15T10:00:00Z")
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "TOO_SHORT_NOTICE"


def test_an_inactive_schedule_or_event_type_cannot_be_booked(world: World) -> None:
    closed = world.create_schedule(is_active=False)
    body = world.booking_body(closed)
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "INACTIVE"
    retired = world.create_event_type(
        schedule_id=world.create_schedule(name="Open")["id"], is_active=False
    )
    body = world.booking_body(event_type_id=retired["id"])
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "INACTIVE"


def test_metadata_comes_back_as_it_went_in(world: World) -> None:
    metadata = {"ä": "🎉" * 100, "n": 1e300, "deep": {"list": [1, None, True, {"x": "y"}]}}
    assert world.book(world.create_schedule(), metadata=metadata)["metadata"] == metadata
