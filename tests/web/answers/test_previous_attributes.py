"""What an event says beside the booking: the fields that changed, and who changed them."""

from itertools import pairwise
from typing import Any

import pytest

from kalends.compose import Installation
from kalends.domain.ids import EVENT, decode_id
from tests.conftest import run
from tests.world import JSON, World, plus

LOG = "/api/v1/event-log"


def last_event(world: World) -> JSON:
    event: JSON = world.api.get(LOG, params={"limit": 500}).json()["data"][-1]
    return event


def change(world: World, booking: JSON, **fields: Any) -> JSON:
    answer = world.api.patch(f"/api/v1/bookings/{booking['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    return last_event(world)


@pytest.fixture
def booking(world: World) -> JSON:
    fields: JSON = {
        "title": "Haircut",
        "metadata": {"colour": "red", "count": 1, "list": [1]},
        "attendee": {"name": "Ada", "email": "ada@example.com", "phone": "+49 30 1"},
    }
    return world.book(world.create_schedule(), **fields)


def test_a_new_booking_has_no_previous_attributes(world: World, booking: JSON) -> None:
    assert last_event(world)["previous_attributes"] == {}


def test_a_field_is_shown_as_it_was_before(world: World, booking: JSON) -> None:
    event = change(world, booking, title=None)
    assert event["previous_attributes"] == {"title": "Haircut"}
    assert event["data"]["title"] is None


def test_a_field_that_was_empty_was_null(world: World, booking: JSON) -> None:
    event = change(world, booking, location="Zoom", location_type="video")
    assert event["previous_attributes"] == {"location": None, "location_type": None}


def test_an_attendee_is_shown_nested_and_flat(world: World, booking: JSON) -> None:
    event = change(world, booking, attendee={"name": "Ada L.", "email": "a@example.com"})
    assert event["previous_attributes"] == {
        "attendee_name": "Ada",
        "attendee_email": "ada@example.com",
        "attendee": {"name": "Ada", "email": "ada@example.com"},
    }


def test_what_has_no_flat_twin_is_shown_nested(world: World, booking: JSON) -> None:
    event = change(world, booking, attendee={"phone": "+49 30 2"})
    assert event["previous_attributes"] == {"attendee": {"phone": "+49 30 1"}}


def test_of_metadata_only_changed_keys_are_shown(world: World, booking: JSON) -> None:
    event = change(world, booking, metadata={"colour": "blue", "new": {"a": 1}, "count": 1})
    assert event["previous_attributes"] == {"metadata": {"colour": "red", "new": None}}


def test_metadata_that_goes_is_shown_as_it_was(world: World, booking: JSON) -> None:
    event = change(world, booking, metadata={"list": None})
    assert event["previous_attributes"] == {"metadata": {"list": [1]}}
    assert "list" not in event["data"]["metadata"]


def test_true_instead_of_one_is_a_change(world: World, booking: JSON) -> None:
    event = change(world, booking, metadata={"count": True})
    previous = event["previous_attributes"]["metadata"]["count"]
    assert (previous, type(previous)) == (1, int)


def test_a_moved_booking_shows_both_times(world: World, booking: JSON) -> None:
    start, end = booking["start_time"], booking["end_time"]
    event = change(world, booking, start_time=plus(start, hours=2))
    assert event["type"] == "booking.rescheduled"
    assert event["previous_attributes"] == {"start_time": start, "end_time": end}


def test_one_change_shows_all_its_fields(world: World, booking: JSON) -> None:
    start = booking["start_time"]
    event = change(
        world, booking, status="CONFIRMED", start_time=plus(start, hours=2), title="Colour"
    )
    assert event["type"] == "booking.confirmed"
    assert event["previous_attributes"] == {
        "status": "PENDING",
        "start_time": start,
        "end_time": booking["end_time"],
        "title": "Haircut",
    }


def test_a_cancellation_shows_what_it_changed(world: World, booking: JSON) -> None:
    world.api.delete(f"/api/v1/bookings/{booking['id']}", params={"reason": "Ill"})
    event = last_event(world)
    assert event["previous_attributes"] == {
        "status": "PENDING",
        "cancellation_reason": None,
        "cancelled_by": None,
    }


def test_the_event_and_the_previous_one_agree(world: World, booking: JSON) -> None:
    """Whatever differs between two bookings in the log stands in the later event, but when."""
    change(world, booking, title="Colour", metadata={"colour": None, "x": "y"})
    change(world, booking, status="CONFIRMED", attendee={"notes": "Late"})
    change(world, booking, start_time=plus(booking["start_time"], hours=5), location="Here")
    world.api.delete(f"/api/v1/bookings/{booking['id']}")
    events = world.api.get(LOG).json()["data"]
    for before, after in pairwise(events):
        was, became = before["data"], after["data"]
        changed = {name for name in was if was[name] != became[name]} - {"updated_at"}
        assert set(after["previous_attributes"]) == changed
        nested = {"attendee", "metadata", "answers", "external"}
        for name in changed - nested:
            assert after["previous_attributes"][name] == was[name]


def test_events_without_previous_attributes_have_null(
    world: World, booking: JSON, home: Installation
) -> None:
    event_id = decode_id(EVENT, last_event(world)["id"])
    run(home, f"UPDATE events SET previous = NULL, actor_name = NULL WHERE id = '{event_id}'")
    event = last_event(world)
    assert event["previous_attributes"] is None
    assert (event["actor"]["type"], event["actor"]["name"]) == ("api_key", None)
    assert event["actor"]["id"].startswith("key_")
