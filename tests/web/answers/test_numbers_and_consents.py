"""Telephone numbers in E.164 beside what was typed, and questions that ask for a consent."""

from typing import Any

import pytest

from tests.world import JSON, World, plus, tomorrow_at

ORGANIZATION = "/api/v1/organization"
CONSENT = {"key": "terms", "label": "I take the [terms](https://a.example/t)", "type": "consent"}


@pytest.fixture
def german(world: World) -> World:
    assert world.api.patch(ORGANIZATION, json={"country": "DE"}).status_code == 200
    return world


def booked(world: World, answers: JSON | None = None, **attendee: Any) -> JSON:
    """A booking whose event type asks for a second number and nothing more."""
    schedule = world.create_schedule()
    event_type = world.create_event_type(
        schedule_id=schedule["id"],
        questions=[
            {"key": "second", "label": "Another number", "type": "phone"},
            {"key": "text", "label": "A text"},
        ],
    )
    body = world.booking_body(schedule, event_type_id=event_type["id"], answers=answers or {})
    body["attendee"] |= attendee
    answer = world.api.post("/api/v1/bookings", json=body)
    assert answer.status_code == 201, answer.text
    created: JSON = answer.json()["data"]
    return created


def test_a_booking_has_its_numbers_in_e164(german: World) -> None:
    booking = booked(german, {"second": "0171 1234567", "text": "030 1"}, phone="030 1234567")
    assert booking["attendee"]["phone"] == "030 1234567"
    assert booking["attendee"]["phone_e164"] == "+49301234567"
    assert booking["answers_e164"] == {"second": "+491711234567"}
    assert german.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"] == booking
    event = german.api.get("/api/v1/event-log").json()["data"][0]
    assert event["data"] == booking


def test_what_is_no_number_is_taken_without_one(german: World) -> None:
    booking = booked(german, {"second": "ask my wife"}, phone="none")
    assert booking["attendee"]["phone"] == "none"
    assert booking["attendee"]["phone_e164"] is None
    assert booking["answers_e164"] == {"second": None}


def test_a_booking_without_a_phone_has_no_number(german: World) -> None:
    booking = booked(german)
    assert booking["attendee"]["phone_e164"] is None
    assert booking["answers_e164"] == {}


def test_the_number_follows_the_phone(german: World) -> None:
    path = f"/api/v1/bookings/{booked(german, phone='030 1234567')['id']}"
    for phone, number in (("089 7654321", "+49897654321"), ("none", None), (None, None)):
        changed = german.api.patch(path, json={"attendee": {"phone": phone}}).json()["data"]
        assert changed["attendee"]["phone_e164"] == number
    german.api.patch(path, json={"attendee": {"phone": "030 1234567"}})
    kept = german.api.patch(path, json={"attendee": {"notes": "x"}}).json()["data"]
    assert kept["attendee"]["phone_e164"] == "+49301234567"


def test_the_country_is_that_of_the_zone_unless_it_is_set(world: World) -> None:
    def region(**changes: Any) -> str | None:
        country: str | None = world.api.patch(ORGANIZATION, json=changes).json()["data"]["country"]
        return country

    assert world.api.get(ORGANIZATION).json()["data"]["country"] is None
    assert region(timezone="Europe/Vienna") == "AT"
    assert booked(world, phone="01 5131234")["attendee"]["phone_e164"] == "+4315131234"
    assert region(country="CH") == "CH"
    assert region(timezone="Asia/Tokyo") == "CH"
    assert region(country=None) == "JP"


@pytest.mark.parametrize("country", ["XX", "de", "DEU", "", 49, "D\n"])
def test_what_is_no_country_is_refused(world: World, country: Any) -> None:
    answer = world.api.patch(ORGANIZATION, json={"country": country})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == "country"


def test_without_a_country_the_zone_of_the_booking_decides(world: World) -> None:
    schedule = world.create_schedule(timezone="Europe/Berlin")
    body = world.booking_body(schedule)
    body["attendee"]["phone"] = "030 1234567"
    created = world.api.post("/api/v1/bookings", json=body).json()["data"]
    assert created["attendee"]["phone_e164"] == "+49301234567"


def test_a_consent_is_always_required(world: World) -> None:
    event_type = world.create_event_type(questions=[CONSENT | {"required": False}])
    assert event_type["questions"][0]["required"] is True


@pytest.mark.parametrize("answer", [False, "yes", "true", 1, None, [], [True]])
def test_anything_but_true_is_no_consent(world: World, answer: Any) -> None:
    refused = _with_consent(world, {"terms": answer})
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert refused.json()["details"][0]["field"] == "answers.terms"


def test_without_its_consent_nothing_is_booked(world: World) -> None:
    assert _with_consent(world, {}).status_code == 422
    given = _with_consent(world, {"terms": True})
    assert given.status_code == 201
    assert given.json()["data"]["answers"] == {"terms": True}


def test_the_label_of_a_consent_holds_one_link(world: World) -> None:
    label = "[a](https://a.example) [b](https://b.example)"
    body = {"name": "x", "duration_minutes": 30, "questions": [CONSENT | {"label": label}]}
    refused = world.api.post("/api/v1/event-types", json=body)
    assert refused.status_code == 422
    assert refused.json()["details"][0]["field"] == "questions.0.label"


def _with_consent(world: World, answers: JSON) -> Any:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], questions=[CONSENT])
    start = plus(tomorrow_at(10), hours=1)
    body = world.booking_body(schedule, start, event_type_id=event_type["id"], answers=answers)
    return world.api.post("/api/v1/bookings", json=body)
