"""Texts that show nothing: refused as names, null where a text may be left out."""

from typing import Any

import pytest

from tests.refusals import send_at_attendee_and_organization
from tests.web.pages.visitors import Browser, offered
from tests.world import JSON, World, tomorrow_at

NOTHING_SHOWS = [
    "\u200b",
    " \u200b\u2060 ",
    "\ufeff",
    "\u00ad",
    "\u3164",
    "\u2800",
    "\U000e0020",
    "\u202e",
]
SCHEDULES, EVENT_TYPES = "/api/v1/schedules", "/api/v1/event-types"
EVENT_TYPE = {"name": "Cut", "duration_minutes": 30}


def question(**fields: Any) -> JSON:
    return {**EVENT_TYPE, "questions": [{"key": "a", "label": "A", "type": "select", **fields}]}


@pytest.mark.parametrize("text", ["", " ", *NOTHING_SHOWS])
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (SCHEDULES, lambda text: {"name": text}, "name"),
        (EVENT_TYPES, lambda text: {**EVENT_TYPE, "name": text}, "name"),
        (EVENT_TYPES, lambda text: question(label=text, options=["x"]), "questions.0.label"),
        (EVENT_TYPES, lambda text: question(options=["x", text]), "questions.0.options.1"),
    ],
)
def test_a_name_of_nothing_that_shows_is_refused(
    module_world: World, text: str, path: str, body: Any, field: str
) -> None:
    answer = module_world.api.post(path, json=body(text))
    assert answer.status_code == 422, answer.text
    assert answer.json()["details"][0]["field"] == field


@pytest.mark.parametrize("text", NOTHING_SHOWS)
def test_an_attendee_and_an_organization_need_names_that_show(
    module_world: World, text: str
) -> None:
    refused = send_at_attendee_and_organization(module_world, "name", text, "name")
    assert [answer.status_code for answer in refused] == [422, 422, 422]


@pytest.mark.parametrize(
    "name", ["نام\u200cخانوادگی", "क्\u200dष", "👩\u200d🚀", "❤\ufe0f", "O\u2019Brien", "\u200eאבא"]
)
def test_a_name_may_hold_what_does_not_show(world: World, name: str) -> None:
    assert world.create_schedule(name=name)["name"] == name


@pytest.mark.parametrize("text", ["", "  ", "\n", "\u200b"])
def test_optional_texts_that_show_nothing_are_null(world: World, text: str) -> None:
    line = text.replace("\n", "")
    schedule = world.create_schedule(description=text)
    assert schedule["description"] is None
    event_type = world.create_event_type(description=text, location=line)
    assert (event_type["description"], event_type["location"]) == (None, None)
    attendee = {"name": "A", "email": "a@example.com", "phone": line, "notes": text}
    booking = world.book(schedule, title=line, location=line, attendee=attendee)
    assert (booking["title"], booking["location"]) == (None, None)
    assert (booking["attendee"]["phone"], booking["attendee"]["notes"]) == (None, None)
    busy = {"start_time": "2031-01-01T10:00:00Z", "end_time": "2031-01-01T11:00:00Z"}
    path = f"{SCHEDULES}/{schedule['id']}/busy-times"
    assert world.api.post(path, json={**busy, "reason": line}).json()["data"]["reason"] is None
    key = world.api.post("/api/v1/api-keys", json={"name": line, "scopes": ["*"]})
    assert key.json()["data"]["name"] is None


@pytest.mark.parametrize("text", ["", " ", "\u200b"])
def test_an_empty_text_clears_as_null_does(world: World, text: str) -> None:
    attendee = {"name": "A", "email": "a@example.com", "phone": "1", "notes": "Late"}
    booking = world.book(world.create_schedule(), title="Cut", location="Zoom", attendee=attendee)
    path = f"/api/v1/bookings/{booking['id']}"
    changes = {"title": text, "location": text, "attendee": {"phone": text, "notes": text}}
    changed = world.api.patch(path, json=changes).json()["data"]
    assert (changed["title"], changed["location"]) == (None, None)
    assert (changed["attendee"]["phone"], changed["attendee"]["notes"]) == (None, None)


@pytest.mark.parametrize("text", ["", " ", "\u200b"])
def test_an_empty_title_is_that_of_the_event_type(world: World, text: str) -> None:
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"], location="Here")
    booking = world.book(event_type_id=event_type["id"], title=text, location=text)
    assert (booking["title"], booking["location"]) == (event_type["name"], "Here")


@pytest.mark.parametrize("text", ["", "%20", "%E2%80%8B"])
def test_an_empty_reason_is_none(world: World, text: str) -> None:
    booking = world.book(world.create_schedule())
    answer = world.api.delete(f"/api/v1/bookings/{booking['id']}?reason={text}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["cancellation_reason"] is None


@pytest.mark.parametrize("text", ["", " ", "\u200b"])
def test_an_answer_that_shows_nothing_is_none(world: World, text: str) -> None:
    schedule = world.create_schedule()
    question = {"key": "topic", "label": "Topic"}
    free = world.create_event_type(schedule_id=schedule["id"], questions=[question])
    booking = world.book(event_type_id=free["id"], answers={"topic": text})
    assert booking["answers"] == {"topic": None}
    must = world.create_event_type(
        name="B", schedule_id=schedule["id"], questions=[{**question, "required": True}]
    )
    body = {"event_type_id": must["id"], "answers": {"topic": text}}
    answer = world.api.post(
        "/api/v1/bookings", json=world.booking_body(None, tomorrow_at(15), **body)
    )
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "answers.topic"


def test_what_shows_nothing_on_a_page_is_as_if_left_empty(world: World) -> None:
    path, _ = offered(world)
    typed = {"email": "ada@example.com", "notes": "\u200b", "phone": "\u2060"}
    with Browser(world.url) as visitor:
        refused = visitor.book(path, tomorrow_at(10), **typed, name="\u200b")
        assert refused.status_code == 422
        assert "Please tell us your name" in refused.text
        visitor.book(path, tomorrow_at(10), **typed, name="Ada")
    (booking,) = world.api.get("/api/v1/bookings").json()["data"]
    assert (booking["attendee"]["notes"], booking["attendee"]["phone"]) == (None, None)
