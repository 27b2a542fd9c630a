"""`attendee.locale`: settable by the API, canonical, null where unknown, in events of a change."""

from typing import Any

import pytest

from tests.world import JSON, World

PATH = "/api/v1/bookings"


@pytest.fixture
def booking(world: World) -> JSON:
    return booked(world, locale="de-CH")


def booked(world: World, **attendee: Any) -> JSON:
    who = {"name": "Ada", "email": "ada@example.com", **attendee}
    return world.book(world.create_schedule(), attendee=who)


def patched(world: World, booking: JSON, **attendee: Any) -> Any:
    return world.api.patch(f"{PATH}/{booking['id']}", json={"attendee": attendee})


def test_it_is_null_unless_given(world: World) -> None:
    assert booked(world)["attendee"]["locale"] is None
    assert booked(world, locale=None)["attendee"]["locale"] is None


def test_it_is_kept_in_its_canonical_form(world: World) -> None:
    booking = booked(world, locale="ZH-hant-tw")
    assert booking["attendee"]["locale"] == "zh-Hant-TW"
    assert world.api.get(f"{PATH}/{booking['id']}").json()["data"] == booking


def test_it_changes_and_goes_and_stays_where_it_is_not_named(world: World, booking: JSON) -> None:
    assert patched(world, booking, name="Ada L").json()["data"]["attendee"]["locale"] == "de-CH"
    assert patched(world, booking, locale="EN-us").json()["data"]["attendee"]["locale"] == "en-US"
    assert patched(world, booking, locale=None).json()["data"]["attendee"]["locale"] is None


@pytest.mark.parametrize("wrong", ["", "German", "de_DE", "xx", "*", "x" * 300, 5, ["de"], "de\n"])
def test_what_is_no_language_tag_is_refused_by_its_field(
    world: World, booking: JSON, wrong: Any
) -> None:
    body = world.booking_body(world.create_schedule())
    body["attendee"]["locale"] = wrong
    for answer in (world.api.post(PATH, json=body), patched(world, booking, locale=wrong)):
        assert answer.status_code == 422
        assert answer.json()["details"][0]["field"] == "attendee.locale"


def test_an_event_says_which_it_was_before(world: World, booking: JSON) -> None:
    patched(world, booking, locale="fr")
    event = world.api.get("/api/v1/event-log").json()["data"][-1]
    assert event["previous_attributes"] == {"attendee": {"locale": "de-CH"}}
    assert event["data"]["attendee"]["locale"] == "fr"
