"""Bookings and a Google calendar follow one another, whatever is lost, killed or doubled."""

from collections.abc import Iterator

import httpx
import pytest

from kalends.compose import Installation
from tests.calendars.google import GoogleOffice, settings_for
from tests.calendars.test_busy import at
from tests.conftest import fetch, run
from tests.fakes.google import FakeGoogle, Quirk, running_google
from tests.servers import Server
from tests.world import JSON, World

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def running() -> Iterator[FakeGoogle]:
    with running_google() as google:
        yield google


@pytest.fixture(scope="module")
def own_settings(running: FakeGoogle) -> dict[str, str]:
    return settings_for(running)


@pytest.fixture
def google(running: FakeGoogle, own_server: Server) -> FakeGoogle:
    running.quirks.clear()
    running.calendars.clear()
    running.calendar()
    running.hook = own_server.url
    return running


@pytest.fixture
def office(google: FakeGoogle, own_world: World, own_home: Installation) -> GoogleOffice:
    return GoogleOffice(own_world, own_home, google)


def busy_at(office: GoogleOffice, hour: float) -> bool:
    """Whether the hour is refused."""
    query = {"event_type_id": office.event_type["id"], "start_time": at(hour).isoformat()}
    explained = office.api.get("/api/v1/slots/explain", params=query).json()["data"]
    return "BUSY" in [reason["code"] for reason in explained["reasons"]]


def event_at(id_: str, hour: float) -> JSON:
    start, end = (f"{at(hour + n):%Y-%m-%dT%H:%M:%SZ}" for n in (0, 1))
    return {"id": id_, "start": {"dateTime": start}, "end": {"dateTime": end}}


def test_each_booking_is_one_event_that_moves_and_goes(office: GoogleOffice) -> None:
    office.book_move_and_cancel()


def test_what_was_put_there_makes_a_schedule_busy(office: GoogleOffice) -> None:
    assert not busy_at(office, 9)
    office.there.put(event_at("event1", 9))
    office.read_anew()
    assert busy_at(office, 9)
    office.there.remove("event1")
    office.read_anew()
    assert not busy_at(office, 9)


def test_a_token_that_google_forgot_loses_nothing(office: GoogleOffice) -> None:
    office.there.put(event_at("event1", 9))
    office.read_anew()
    office.there.remove("event1")
    office.there.put(event_at("event2", 11))
    office.there.oldest_token = office.there.changes
    office.read_anew()
    assert (busy_at(office, 9), busy_at(office, 11)) == (False, True)


def test_an_event_that_is_moved_there_moves_its_booking(office: GoogleOffice) -> None:
    booking = office.booked(9)
    office.shows(9)
    office.there.put({**office.event_of(booking), **event_at(office.event_of(booking)["id"], 13)})
    office.read_anew()
    office.wait_for(lambda: office.booking(booking)["start_time"] == f"{at(13):%Y-%m-%dT%H:%M:%SZ}")


def test_an_event_that_is_deleted_there_is_asked_about(office: GoogleOffice) -> None:
    booking = office.booked(9)
    office.shows(9)
    office.there.remove(office.event_of(booking)["id"])
    office.read_anew()
    office.wait_for(office.is_doubted)
    office.let_a_minute_pass()
    (finding,) = office.findings()
    assert (finding["kind"], finding["booking_id"]) == ("deleted", booking["id"])
    # Its id is burnt, so it comes again under another.
    office.resolve(finding, "restore")
    office.shows(9)


@pytest.mark.parametrize("quirk", [Quirk.DOWN, Quirk.TOO_MANY, Quirk.RATE_LIMITED, Quirk.QUOTA])
def test_what_could_not_be_written_is_written_later(
    office: GoogleOffice, google: FakeGoogle, quirk: Quirk
) -> None:
    google.quirks.add(quirk)
    booking = office.booked(9)
    office.wait_for(lambda: office.error_of(booking))
    google.quirks.clear()
    office.shows(9)


def test_an_answer_that_is_lost_makes_no_second_event(
    office: GoogleOffice, google: FakeGoogle
) -> None:
    google.quirks.add(Quirk.LOSES_ANSWERS)
    booking = office.booked(9)
    office.wait_for(lambda: office.error_of(booking))
    google.quirks.clear()
    office.until(lambda: office.state(booking) == "written")
    office.shows(9)


def test_a_killed_server_leaves_one_event_for_each_booking(
    office: GoogleOffice, own_server: Server
) -> None:
    bookings = [office.booked(8 + number) for number in range(4)]
    own_server.kill()
    own_server.ensure_running()
    bookings += [office.booked(14 + number) for number in range(2)]
    own_server.kill()
    own_server.ensure_running()
    office.until(lambda: all(office.state(one) == "written" for one in bookings))
    assert len(office.ours()) == len(bookings)


def test_a_message_has_the_calendar_read_at_once(office: GoogleOffice, google: FakeGoogle) -> None:
    channel = opened(office, google)
    office.there.put(event_at("event1", 9))
    office.say(channel)
    office.wait_for(lambda: busy_at(office, 9))


def test_doubled_messages_do_no_harm(office: GoogleOffice, google: FakeGoogle) -> None:
    google.quirks.add(Quirk.PUSHES_TWICE)
    channel = opened(office, google)
    office.there.put(event_at("event1", 9))
    office.say(channel)
    office.wait_for(lambda: busy_at(office, 9))


@pytest.mark.parametrize("wrong", ["X-Goog-Channel-ID", "X-Goog-Channel-Token", "address"])
def test_a_message_of_nobody_is_taken_and_passed_over(
    office: GoogleOffice, google: FakeGoogle, own_server: Server, wrong: str
) -> None:
    channel = opened(office, google)
    right = {"X-Goog-Channel-ID": channel["id"], "X-Goog-Channel-Token": channel["token"]}
    path = "/" + channel["address"].split("/", 3)[3] + ("x" if wrong == "address" else "")
    whose = f"organization_id = '{office.organization_id}'"
    run(office.home, f"UPDATE calendars SET due_at = '2099-01-01' WHERE {whose}")
    headers = {name: value + "x" * (name == wrong) for name, value in right.items()}
    assert httpx.post(own_server.url + path, headers=headers).status_code == 200
    put_off = f"SELECT 1 FROM calendars WHERE due_at = '2099-01-01' AND {whose}"
    assert fetch(office.home, put_off)


def test_a_channel_is_renewed_before_it_ends(office: GoogleOffice, google: FakeGoogle) -> None:
    old = opened(office, google)
    soon = "created_at = now() - interval '7 days', expires_at = now() + interval '1 hour'"
    whose = f"WHERE organization_id = '{office.organization_id}'"
    run(office.home, f"UPDATE calendar_channels SET {soon} {whose}")
    run(office.home, f"UPDATE calendars SET watch_after = NULL {whose}")
    office.read_anew()
    office.wait_for(lambda: old["id"] not in google.channels)
    new = opened(office, google)
    assert new["id"] != old["id"]
    # A channel that was closed may deliver for a while.
    office.say(old)
    assert office.connection()["state"] == "active"


def test_where_google_does_not_push_it_is_asked(office: GoogleOffice, google: FakeGoogle) -> None:
    whose = f"WHERE organization_id = '{office.organization_id}'"
    opened(office, google)
    google.quirks.add(Quirk.NO_PUSH)
    run(office.home, f"DELETE FROM calendar_channels {whose}")
    run(office.home, f"UPDATE calendars SET watch_after = NULL {whose}")
    office.read_anew()
    put_off = f"SELECT 1 FROM calendars {whose} AND watch_after > now() + interval '12 hours'"
    office.wait_for(lambda: fetch(office.home, put_off))
    assert office.connection()["state"] == "active"


def test_disconnecting_closes_channels_and_gives_the_consent_back(
    office: GoogleOffice, google: FakeGoogle
) -> None:
    channel = opened(office, google)
    assert office.api.delete(office.path).status_code == 200
    office.wait_for(lambda: office.refresh_token not in google.refresh_tokens)
    assert channel["id"] not in google.channels


def opened(office: GoogleOffice, google: FakeGoogle) -> JSON:
    """The channel of the office, once Kalends knows that it is open."""
    open_ = "SELECT id FROM calendar_channels WHERE expires_at IS NOT NULL AND organization_id = "
    query = f"{open_}'{office.organization_id}'"
    rows = office.wait_for(lambda: fetch(office.home, query))
    (id_,) = [str(row[0]) for row in rows]
    return google.channels[id_]
