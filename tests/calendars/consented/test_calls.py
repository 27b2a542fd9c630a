"""Calls of Google Meet and Microsoft Teams: each comes with the event of its booking."""

from typing import Any

import pytest

from kalends.compose import Installation
from tests.calendars.consented.google import GoogleOffice
from tests.calendars.consented.microsoft import MicrosoftOffice
from tests.calendars.readings import use
from tests.calendars.test_busy import at
from tests.conftest import run
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.fakes.quirks import Quirk
from tests.servers import Server
from tests.world import JSON, World

pytestmark = pytest.mark.server


@pytest.fixture
def meet(google: FakeGoogle, own_world: World, own_home: Installation) -> GoogleOffice:
    return GoogleOffice(own_world, own_home, google)


def call_type(office: GoogleOffice | MicrosoftOffice, video: str, **fields: Any) -> JSON:
    terms = {"name": "Call", "requires_confirmation": False, "schedule_id": office.schedule["id"]}
    return office.world.create_event_type(**terms | {"video": video} | fields)


def booked(office: GoogleOffice | MicrosoftOffice, event_type: JSON, hour: float = 9) -> JSON:
    ids = {"schedule_id": office.schedule["id"], "event_type_id": event_type["id"]}
    return office.world.book(None, at(hour).isoformat(), **ids)


def linked(office: GoogleOffice | MicrosoftOffice, booking: JSON) -> str:
    return str(office.until(lambda: office.booking(booking)["location"]))


def try_calls_again(office: GoogleOffice) -> None:
    run(
        office.home,
        "UPDATE webhook_lanes SET due_at = now() WHERE channel = 'video' AND waiting > 0"
        " AND due_at > now() + interval '2 seconds'",
    )


def test_a_call_of_meet_comes_with_the_event(meet: GoogleOffice, google: FakeGoogle) -> None:
    booking = booked(meet, call_type(meet, "google_meet"))
    link = linked(meet, booking)
    assert link == meet.event_of(booking)["hangoutLink"]
    meet.wait_for(lambda: meet.event_of(booking).get("location") == link)
    meet.move(booking, 14)
    meet.shows(14)
    assert meet.event_of(booking)["hangoutLink"] == link
    assert meet.booking(booking)["location"] == link
    meet.cancel(booking)
    meet.shows()
    assert len(google.calls.requests) == 1


def test_a_call_that_is_being_made_is_looked_at_again(
    meet: GoogleOffice, google: FakeGoogle
) -> None:
    google.calls.looks = 2
    link = linked(meet, booking := booked(meet, call_type(meet, "google_meet")))
    assert link == meet.event_of(booking)["hangoutLink"]
    assert len(google.calls.requests) == 1


def test_a_call_that_is_tried_anew_has_its_time(meet: GoogleOffice, google: FakeGoogle) -> None:
    google.calls.fails = True
    booking = booked(meet, call_type(meet, "google_meet"))
    meet.wait_for(lambda: (meet.booking(booking)["video"] or {}).get("state") == "failed")
    run(meet.home, "UPDATE video_links SET wanted_at = wanted_at - interval '2 hours'")
    google.calls.fails, google.calls.looks = False, 2
    meet.move(booking, 14)
    assert linked(meet, booking)


def test_a_call_that_google_cannot_make_is_said(meet: GoogleOffice, google: FakeGoogle) -> None:
    google.calls.fails = True
    booking = booked(meet, call_type(meet, "google_meet"))
    meet.wait_for(lambda: (meet.booking(booking)["video"] or {}).get("state") == "failed")
    assert "could not make" in meet.booking(booking)["video"]["error"]


def test_answers_that_are_lost_ask_for_one_call(meet: GoogleOffice, google: FakeGoogle) -> None:
    event_type = call_type(meet, "google_meet")
    google.quirks.add(Quirk.LOSES_ANSWERS)
    booking = booked(meet, event_type)
    meet.wait_for(lambda: meet.error_of(booking))
    google.quirks.clear()

    def is_linked() -> Any:
        meet.try_again()
        try_calls_again(meet)
        return meet.booking(booking)["location"]

    meet.wait_for(is_linked)
    assert len(google.calls.requests) == len(meet.ours()) == 1


def test_an_event_in_another_calendar_has_another_call(
    google: FakeGoogle, own_world: World, own_home: Installation
) -> None:
    second = google.calendar("second@group.calendar.google.com")
    office = GoogleOffice(own_world, own_home, google)
    booking = booked(office, call_type(office, "google_meet"))
    link = linked(office, booking)
    listed = office.api.get(f"{office.path}/calendars").json()["data"]
    (other,) = [one for one in listed if one["id"] != office.calendar["id"]]
    use(office.api, office.schedule["id"], other, reads=True, writes=True)
    office.until(lambda: office.booking(booking)["location"] not in (link, None))
    (event,) = second.live()
    assert office.booking(booking)["location"] == event["hangoutLink"]


def test_a_killed_server_leaves_one_call_for_each_booking(
    meet: GoogleOffice, google: FakeGoogle, own_server: Server
) -> None:
    event_type = call_type(meet, "google_meet")
    bookings = [booked(meet, event_type, 8 + number) for number in range(4)]
    own_server.kill()
    own_server.ensure_running()

    def are_linked() -> bool:
        meet.try_again()
        try_calls_again(meet)
        return all(meet.booking(one)["location"] for one in bookings)

    meet.wait_for(are_linked)
    links = {meet.booking(one)["location"] for one in bookings}
    assert links == {event["hangoutLink"] for event in meet.ours()}
    assert len(google.calls.requests) == len(meet.ours()) == 4


def test_meet_needs_a_calendar_of_google(meet: GoogleOffice) -> None:
    other = meet.world.create_schedule(name="Without a calendar")
    body = {"name": "Call", "duration_minutes": 60, "schedule_id": other["id"]}
    for video in ("google_meet", "microsoft_teams"):
        answer = meet.api.post("/api/v1/event-types", json=body | {"video": video})
        assert answer.status_code == 422
    own = body | {"schedule_id": meet.schedule["id"], "video": "microsoft_teams"}
    assert meet.api.post("/api/v1/event-types", json=own).status_code == 422


def test_a_call_of_teams_comes_with_the_event(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> None:
    office = MicrosoftOffice(own_world, own_home, microsoft)
    booking = booked(office, call_type(office, "microsoft_teams"))
    link = linked(office, booking)
    (event,) = office.ours()
    assert event["onlineMeeting"]["joinUrl"] == link
    office.move(booking, 14)
    office.shows(14)
    assert office.ours()[0]["onlineMeeting"]["joinUrl"] == link
