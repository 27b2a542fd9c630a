"""Bookings and the calendar of an account that was consented to follow one another, whatever is
lost, killed or doubled: what Google and Microsoft have in common."""

import pytest

from tests.calendars.consented.office import ConsentedOffice
from tests.calendars.test_busy import at
from tests.conftest import fetch, run
from tests.fakes.quirks import Quirk
from tests.servers import Server

pytestmark = pytest.mark.server


@pytest.fixture(params=["google", "microsoft"])
def office(request: pytest.FixtureRequest) -> ConsentedOffice:
    office: ConsentedOffice = request.getfixturevalue(f"{request.param}_office")
    return office


def test_each_booking_is_one_event_that_moves_and_goes(office: ConsentedOffice) -> None:
    office.book_move_and_cancel()


def test_what_was_put_there_makes_a_schedule_busy(office: ConsentedOffice) -> None:
    assert not office.is_busy(9)
    office.there.put(office.event_at("event1", 9))
    office.read_anew()
    assert office.is_busy(9)
    office.there.remove("event1")
    office.read_anew()
    assert not office.is_busy(9)


def test_a_token_that_was_forgotten_there_loses_nothing(office: ConsentedOffice) -> None:
    office.there.put(office.event_at("event1", 9))
    office.read_anew()
    office.there.remove("event1")
    office.there.put(office.event_at("event2", 11))
    office.there.oldest_token = office.there.changes
    office.read_anew()
    assert (office.is_busy(9), office.is_busy(11)) == (False, True)
    # Only a token of before is refused.
    office.there.oldest_token = 0


def test_an_event_that_is_moved_there_moves_its_booking(office: ConsentedOffice) -> None:
    booking = office.booked(9)
    office.shows(9)
    event = office.event_of(booking)
    office.there.put({**event, **office.event_at(event["id"], 13)})
    office.read_anew()
    wanted = f"{at(13):%Y-%m-%dT%H:%M:%SZ}"
    office.wait_for(lambda: office.booking(booking)["start_time"] == wanted)


def test_an_event_that_is_deleted_there_is_asked_about(office: ConsentedOffice) -> None:
    booking = office.booked(9)
    office.shows(9)
    office.there.remove(office.event_of(booking)["id"])
    office.read_anew()
    office.wait_for(office.is_doubted)
    office.let_a_minute_pass()
    (finding,) = office.findings()
    assert (finding["kind"], finding["booking_id"]) == ("deleted", booking["id"])
    # Google has burnt its id, so it comes again under another.
    office.resolve(finding, "restore")
    office.shows(9)


@pytest.mark.parametrize("quirk", [Quirk.DOWN, Quirk.TOO_MANY])
def test_what_could_not_be_written_is_written_later(office: ConsentedOffice, quirk: Quirk) -> None:
    office.book_while(quirk)


def test_an_answer_that_is_lost_makes_no_second_event(office: ConsentedOffice) -> None:
    office.book_while(Quirk.LOSES_ANSWERS)


def test_a_killed_server_leaves_one_event_for_each_booking(
    office: ConsentedOffice, own_server: Server
) -> None:
    bookings = [office.booked(8 + number) for number in range(4)]
    own_server.kill()
    own_server.ensure_running()
    bookings += [office.booked(14 + number) for number in range(2)]
    own_server.kill()
    own_server.ensure_running()
    office.until(lambda: all(office.state(one) == "written" for one in bookings))
    assert len(office.ours()) == len(bookings)


def test_a_channel_is_renewed_before_it_ends(office: ConsentedOffice) -> None:
    old = office.channel()
    soon = "created_at = now() - interval '7 days', expires_at = now() + interval '1 hour'"
    run(office.home, f"UPDATE calendar_channels SET {soon} WHERE {office.whose}")
    office.forget_claim()
    office.read_anew()
    office.wait_for(lambda: old["id"] not in office.channels)
    assert office.channel()["id"] != old["id"]
    # A channel that was closed may deliver for a while.
    assert office.tell(old).status_code == office.UNKNOWN
    assert office.connection()["state"] == "active"


def test_where_nothing_is_pushed_it_is_asked(office: ConsentedOffice) -> None:
    office.channel()
    office.fake.quirks.add(Quirk.NO_PUSH)
    run(office.home, f"DELETE FROM calendar_channels WHERE {office.whose}")
    office.forget_claim()
    office.read_anew()
    calendar = f"SELECT 1 FROM calendars WHERE {office.whose}"
    put_off = f"{calendar} AND watch_after > now() + interval '12 hours'"
    office.wait_for(lambda: fetch(office.home, put_off))
    assert fetch(office.home, f"{calendar} AND due_at < now() + interval '3 minutes'")
    assert office.connection()["state"] == "active"


def test_disconnecting_closes_the_channel(office: ConsentedOffice) -> None:
    channel = office.channel()
    assert office.api.delete(office.path).status_code == 200
    office.wait_for(lambda: channel["id"] not in office.channels)
