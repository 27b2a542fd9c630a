"""Links to calls: made once, told, moved with the booking, removed with it."""

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from kalends.compose import Installation
from tests.conftest import fetch, run
from tests.fakes.quirks import Quirk
from tests.fakes.zoom import FakeZoom, running_zoom
from tests.servers import Server
from tests.smtp import PostOffice
from tests.video.calls import ZOOM, CallOffice, text_of
from tests.world import World

pytestmark = pytest.mark.server
JITSI = "https://meet.example.com"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeZoom]:
    with running_zoom() as zoom:
        yield zoom


@pytest.fixture(scope="module")
def own_settings(running: FakeZoom, own_office: PostOffice) -> dict[str, str]:
    return {
        "JITSI_URL": JITSI,
        "ZOOM_TEST_URL": running.url,
        "OUTBOUND_ALLOW": "127.0.0.1",
        "SMTP_URL": own_office.url,
        "PUBLIC_URL": "https://book.example.com",
    }


@pytest.fixture
def calls(
    running: FakeZoom, own_world: World, own_home: Installation, own_office: PostOffice
) -> CallOffice:
    running.forget()
    own_office.taken.clear()
    return CallOffice(own_world, own_home, own_office, running)


def test_a_room_of_jitsi_stands_in_the_first_answer(calls: CallOffice) -> None:
    event_type = calls.event_type("jitsi")
    first, second = calls.book(event_type, 10), calls.book(event_type, 12)
    assert re.fullmatch(JITSI + "/[A-Za-z0-9_-]{32}", first["location"])
    assert first["location"] != second["location"]
    assert (first["location_type"], first["video"]["state"]) == ("video", "made")
    assert calls.booking(first)["video"]["state"] == "made"


def test_another_host_gets_another_room(calls: CallOffice) -> None:
    event_type = calls.event_type("jitsi")
    booking = calls.book(event_type)
    assert calls.move(booking, 14)["location"] == booking["location"]
    calls.change(booking, schedule_id=calls.other["id"])
    room = calls.wait_for(lambda: _other_than(booking["location"], calls, booking))
    assert room.startswith(JITSI)


def test_all_seats_of_a_session_share_one_room(calls: CallOffice) -> None:
    event_type = calls.event_type("jitsi", capacity=3)
    rooms = {calls.book(event_type, 10)["location"] for _ in range(3)}
    assert len(rooms) == 1
    assert calls.book(event_type, 12)["location"] not in rooms


def test_all_seats_of_a_session_share_one_meeting(calls: CallOffice) -> None:
    event_type = calls.zoom_type(capacity=3)
    first = calls.book(event_type, 10)
    link = calls.linked(first)
    second = calls.book(event_type, 10)
    assert calls.linked(second) == link
    (mail,) = calls.mails(second, 1)
    assert link in text_of(mail)
    calls.cancel(first)
    calls.wait_for(lambda: calls.is_settled())
    assert len(calls.zoom.meetings) == 1
    other = calls.move(second, 14)
    calls.wait_for(lambda: _other_than(link, calls, other))
    calls.wait_for(lambda: len(calls.zoom.deleted) == 1)
    assert len(calls.zoom.meetings) == 1


def test_a_session_that_changes_its_provider_has_no_dead_link(calls: CallOffice) -> None:
    event_type = calls.zoom_type(capacity=3)
    first = calls.book(event_type, 10)
    calls.linked(first)
    calls.cancel(first)
    calls.wait_for(lambda: len(calls.zoom.deleted) == 1)
    path = f"/api/v1/event-types/{event_type['id']}"
    assert calls.api.patch(path, json={"video": "jitsi"}).status_code == 200
    assert calls.book(event_type, 10)["location"].startswith(JITSI)


def test_a_session_that_goes_on_keeps_the_provider_of_its_link(calls: CallOffice) -> None:
    event_type = calls.zoom_type(capacity=3)
    first = calls.book(event_type, 10)
    link = calls.linked(first)
    path = f"/api/v1/event-types/{event_type['id']}"
    assert calls.api.patch(path, json={"video": "jitsi"}).status_code == 200
    second = calls.book(event_type, 10)
    assert calls.linked(second) == link
    assert calls.booking(second)["video"]["provider"] == "zoom"
    calls.cancel(first)
    calls.cancel(second)
    calls.wait_for(lambda: len(calls.zoom.deleted) == 1)
    assert calls.zoom.meetings == {}


def test_a_place_written_by_hand_takes_the_link_away(calls: CallOffice) -> None:
    booking = calls.book(calls.zoom_type())
    calls.linked(booking)
    calls.change(booking, location="At the station")
    calls.wait_for(lambda: calls.state(booking) == "removed")
    assert calls.booking(booking)["location"] == "At the station"
    assert not calls.zoom.meetings


def test_a_place_that_is_given_is_left_alone(calls: CallOffice) -> None:
    booking = calls.book(calls.zoom_type(), location="At the station")
    calls.move(booking, 14)
    assert calls.booking(booking)["location"] == "At the station"
    assert calls.booking(booking)["video"] is None
    assert not calls.zoom.meetings


def test_a_meeting_is_made_once_the_booking_is_confirmed(calls: CallOffice) -> None:
    booking = calls.book(calls.zoom_type(requires_confirmation=True))
    assert calls.booking(booking)["video"] is None
    calls.change(booking, status="CONFIRMED")
    link = calls.linked(booking)
    (meeting,) = calls.zoom.meetings.values()
    assert link == meeting["join_url"]
    assert meeting["start_time"] == booking["start_time"]
    assert calls.state(booking) == "made"
    told = [one for one in calls.events(booking) if one["type"] == "booking.updated"]
    assert [one["actor"]["type"] for one in told] == ["system"]
    assert told[0]["previous_attributes"]["location"] is None


def test_a_meeting_follows_moves_and_goes_with_the_booking(calls: CallOffice) -> None:
    booking = calls.book(calls.zoom_type())
    link = calls.linked(booking)
    moved = calls.move(booking, 14)
    (number,) = calls.zoom.meetings
    calls.wait_for(lambda: calls.zoom.meetings[number]["start_time"] == moved["start_time"])
    assert calls.booking(booking)["location"] == link
    calls.cancel(booking)
    calls.wait_for(lambda: calls.zoom.deleted == [number])
    assert not calls.zoom.meetings
    calls.wait_for(lambda: calls.state(booking) == "removed")


def test_another_host_gets_a_new_meeting(calls: CallOffice) -> None:
    booking = calls.book(calls.zoom_type())
    link = calls.linked(booking)
    calls.change(booking, schedule_id=calls.other["id"])
    other = calls.wait_for(lambda: _other_than(link, calls, booking))
    calls.wait_for(lambda: len(calls.zoom.meetings) == 1)
    assert [one["join_url"] for one in calls.zoom.meetings.values()] == [other]


def test_a_meeting_that_was_deleted_there_is_made_anew(calls: CallOffice) -> None:
    booking = calls.book(calls.zoom_type())
    link = calls.linked(booking)
    calls.zoom.meetings.clear()
    calls.move(booking, 14)
    other = calls.wait_for(lambda: _other_than(link, calls, booking))
    assert [one["join_url"] for one in calls.zoom.meetings.values()] == [other]


def test_an_answer_that_is_lost_makes_no_second_meeting(calls: CallOffice) -> None:
    event_type = calls.zoom_type()
    calls.zoom.page_size = 1
    calls.linked(calls.book(event_type, 8))
    calls.zoom.quirks.add(Quirk.LOSES_ANSWERS)
    booking = calls.book(event_type, 10)
    calls.wait_for(lambda: calls.booking(booking)["video"]["error"])
    calls.zoom.quirks.clear()
    calls.until(lambda: calls.booking(booking)["location"])
    assert len(calls.zoom.meetings) == 2


def test_a_booking_cancelled_before_its_link_leaves_no_meeting(calls: CallOffice) -> None:
    event_type = calls.zoom_type()
    calls.zoom.quirks.add(Quirk.LOSES_ANSWERS)
    booking = calls.book(event_type)
    calls.wait_for(lambda: calls.booking(booking)["video"]["error"])
    calls.cancel(booking)
    calls.zoom.quirks.clear()
    calls.until(lambda: calls.state(booking) == "removed")
    assert not calls.zoom.meetings


def test_a_token_serves_until_it_is_refused(calls: CallOffice) -> None:
    event_type = calls.zoom_type()
    calls.linked(calls.book(event_type, 8))
    calls.linked(calls.book(event_type, 10))
    assert len(calls.zoom.asked("POST", "/oauth/token")) == 1
    calls.zoom.tokens.clear()
    calls.linked(calls.book(event_type, 12))
    assert len(calls.zoom.asked("POST", "/oauth/token")) == 2


@pytest.mark.parametrize("quirk", [Quirk.DOWN, Quirk.TOO_MANY])
def test_what_could_not_be_made_is_made_later(calls: CallOffice, quirk: Quirk) -> None:
    booking = calls.book(calls.zoom_type())
    calls.linked(booking)
    calls.zoom.quirks.add(quirk)
    later = calls.book(calls.event_type("zoom", name="Later"), 14)
    calls.wait_for(lambda: calls.booking(later)["video"]["error"])
    assert calls.state(later) == "waiting"
    calls.zoom.quirks.clear()
    calls.until(lambda: calls.booking(later)["location"])
    assert len(calls.zoom.meetings) == 2


def test_what_failed_for_good_is_tried_with_other_credentials(calls: CallOffice) -> None:
    calls.set_up(zoom=ZOOM | {"client_secret": "wrong"})
    booking = calls.book(calls.event_type("zoom"))
    calls.wait_for(lambda: calls.state(booking) == "failed")
    assert "credentials" in calls.booking(booking)["video"]["error"]
    calls.set_up(zoom=ZOOM)
    calls.linked(booking)


def test_an_application_without_the_scope_is_named(calls: CallOffice) -> None:
    event_type = calls.zoom_type()
    calls.zoom.quirks.add(Quirk.LACKS_SCOPE)
    booking = calls.book(event_type)
    calls.wait_for(lambda: calls.state(booking) == "failed")
    assert "scope" in calls.booking(booking)["video"]["error"]


def test_links_that_fail_for_good_are_told_by_one_mail(calls: CallOffice) -> None:
    path = "/api/v1/organization"
    told = calls.api.patch(path, json={"notify_emails": ["desk@example.com"], "locale": "en"})
    assert told.status_code == 200, told.text
    calls.set_up(zoom=ZOOM | {"client_secret": "wrong"})
    event_type = calls.event_type("zoom")
    bookings = [calls.book(event_type, hour) for hour in (8, 10)]
    calls.wait_for(lambda: [calls.state(one) for one in bookings] == ["failed", "failed"])
    calls.wait_for(calls.is_settled)
    (report,) = calls.wait_for(lambda: _reports(calls))
    text = text_of(report)
    assert "Zoom" in text
    assert "credentials" in text
    assert any(f"/bookings/{booking['id']}" in text for booking in bookings)
    calls.set_up(zoom=ZOOM | {"client_secret": "wrong-again"})
    calls.wait_for(calls.is_settled)
    assert len(calls.wait_for(lambda: _reports(calls)[1:])) == 1


def test_links_that_are_late_are_told_after_a_quarter_of_an_hour(calls: CallOffice) -> None:
    event_type = calls.zoom_type()
    calls.zoom.quirks.add(Quirk.DOWN)
    booking = calls.book(event_type)
    calls.wait_for(lambda: calls.booking(booking)["video"]["error"])
    assert not _reports(calls)
    run(calls.home, "UPDATE video_links SET wanted_at = wanted_at - interval '16 minutes'")
    calls.until(lambda: _reports(calls))
    calls.zoom.quirks.clear()
    calls.until(lambda: calls.booking(booking)["location"])


def test_a_provider_that_hangs_delays_no_other(calls: CallOffice) -> None:
    event_type, room = calls.zoom_type(), calls.event_type("jitsi")
    calls.zoom.quirks.add(Quirk.HANGS)
    hanging = calls.book(event_type, 8)
    other = calls.book(room, 10)
    calls.change(other, schedule_id=calls.other["id"])
    calls.wait_for(lambda: _other_than(other["location"], calls, other))
    calls.mails(other, 1)
    calls.zoom.quirks.clear()
    calls.until(lambda: calls.booking(hanging)["location"])


def test_a_killed_server_leaves_one_meeting_for_each_booking(
    calls: CallOffice, own_server: Server
) -> None:
    event_type = calls.zoom_type(name="Killed")
    calls.zoom.quirks.add(Quirk.HANGS_AFTER)
    bookings = [calls.book(event_type, 8 + number) for number in range(4)]
    # Bookings of other tests may get theirs meanwhile.
    calls.wait_for(lambda: len(_links_of("Killed", calls)) == 4)
    own_server.kill()
    calls.zoom.quirks.clear()
    own_server.ensure_running()
    calls.until(lambda: all(calls.booking(one)["location"] for one in bookings))
    links = {calls.booking(one)["location"] for one in bookings}
    assert links == set(_links_of("Killed", calls))
    assert len(_links_of("Killed", calls)) == 4


def test_the_first_mail_has_the_link(calls: CallOffice) -> None:
    booking = calls.book(calls.zoom_type())
    link = calls.linked(booking)
    (mail,) = calls.mails(booking, 1)
    assert link in text_of(mail)
    assert mail["subject"].startswith("Confirmed")
    calls.move(booking, 14)
    assert calls.mails(booking, 2)[1]["subject"].startswith("New time")


def test_pages_say_that_it_is_a_call(calls: CallOffice) -> None:
    event_type = calls.zoom_type(location_type="phone", slug="a-call")
    slug = calls.api.get("/api/v1/organization").json()["data"]["slug"]
    page = calls.world.stranger.get(f"/{slug}/a-call").text
    assert "Video call" in page
    booking = calls.book(event_type)
    assert booking["location_type"] == "video"


def test_mail_whose_lane_is_due_early_waits_on(calls: CallOffice) -> None:
    event_type = calls.zoom_type()
    calls.zoom.quirks.add(Quirk.DOWN)
    to = calls.book(event_type)["attendee"]["email"]
    lane = (
        "channel = 'mail' AND (endpoint_id, lane_id) = (SELECT d.endpoint_id, d.lane_id"
        f" FROM deliveries d JOIN mails m ON m.id = d.id WHERE m.recipient = '{to}')"
    )
    run(calls.home, f"UPDATE webhook_lanes SET due_at = now() WHERE {lane}")
    # A lease would last for longer.
    held = (
        f"SELECT 1 FROM webhook_lanes WHERE {lane}"
        " AND due_at - now() BETWEEN interval '2 seconds' AND interval '16 seconds'"
    )
    calls.wait_for(lambda: fetch(calls.home, held))
    written = f"SELECT 1 FROM mails WHERE recipient = '{to}' AND message IS NOT NULL"
    assert not fetch(calls.home, written)


def test_a_link_that_comes_late_is_one_more_mail(calls: CallOffice) -> None:
    event_type = calls.zoom_type()
    calls.zoom.quirks.add(Quirk.DOWN)
    booking = calls.book(event_type)
    (held,) = fetch(
        calls.home,
        "SELECT extract(epoch FROM d.not_before - now())::integer FROM deliveries d"
        " JOIN mails m ON m.id = d.id WHERE m.recipient = $1",
        booking["attendee"]["email"],
    )
    assert 10 <= held[0] <= 15
    calls.let_the_wait_pass()
    (first,) = calls.mails(booking, 1)
    assert "zoom.example" not in text_of(first)
    calls.zoom.quirks.clear()
    link = calls.until(lambda: calls.booking(booking)["location"])
    assert link in text_of(calls.mails(booking, 2)[1])


def _reports(calls: CallOffice) -> list[EmailMessage]:
    """Mails that say that links are not made, once all have gone out."""
    waiting = "SELECT 1 FROM mails WHERE kind = 'links_failing' AND state = 'queued'"
    calls.wait_for(lambda: not fetch(calls.home, waiting))
    name = calls.api.get("/api/v1/organization").json()["data"]["name"]
    subject = f"Links to calls are not made · {name}"
    return [one for one in calls.office.messages if one["subject"] == subject]


def _other_than(link: str, calls: CallOffice, booking: dict[str, str]) -> str | None:
    location = calls.booking(booking)["location"]
    return None if location == link else location


def _links_of(topic: str, calls: CallOffice) -> list[str]:
    """Of all meetings of that topic."""
    meetings = calls.zoom.meetings.values()
    return [one["join_url"] for one in meetings if one["topic"] == topic]
