"""Bookings and a Microsoft calendar follow one another, whatever is lost, killed or doubled."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from tests.calendars.microsoft import MicrosoftOffice, settings_for
from tests.calendars.test_busy import at
from tests.conftest import fetch, run
from tests.fakes.microsoft import FakeMicrosoft, Quirk, notice_of, path_of, running_microsoft
from tests.servers import Server
from tests.world import JSON, World

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def running() -> Iterator[FakeMicrosoft]:
    with running_microsoft() as microsoft:
        yield microsoft


@pytest.fixture(scope="module")
def own_settings(running: FakeMicrosoft) -> dict[str, str]:
    return settings_for(running)


@pytest.fixture
def microsoft(running: FakeMicrosoft, own_server: Server) -> FakeMicrosoft:
    running.quirks.clear()
    running.calendars.clear()
    running.subscriptions.clear()
    running.requests.clear()
    running.calendar()
    running.hook = own_server.url
    return running


@pytest.fixture
def office(microsoft: FakeMicrosoft, own_world: World, own_home: Installation) -> MicrosoftOffice:
    return MicrosoftOffice(own_world, own_home, microsoft)


def busy_at(office: MicrosoftOffice, hour: float) -> bool:
    """Whether the hour is refused."""
    query = {"event_type_id": office.event_type["id"], "start_time": at(hour).isoformat()}
    explained = office.api.get("/api/v1/slots/explain", params=query).json()["data"]
    return "BUSY" in [reason["code"] for reason in explained["reasons"]]


def time_at(hour: float) -> JSON:
    return {"dateTime": f"{at(hour):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


def event_at(id_: str, hour: float) -> JSON:
    return {"id": id_, "start": time_at(hour), "end": time_at(hour + 1)}


def test_each_booking_is_one_event_that_moves_and_goes(office: MicrosoftOffice) -> None:
    office.book_move_and_cancel()


def test_what_was_put_there_makes_a_schedule_busy(office: MicrosoftOffice) -> None:
    assert not busy_at(office, 9)
    office.there.put(event_at("event1", 9))
    office.there.put_series(
        {"id": "series"}, [(time_at(11), time_at(12)), (time_at(14), time_at(15))]
    )
    office.read_anew()
    assert [busy_at(office, hour) for hour in (9, 11, 14)] == [True, True, True]
    office.there.remove("event1")
    office.there.change_occurrence("series", 1, None)
    office.read_anew()
    assert [busy_at(office, hour) for hour in (9, 11, 14)] == [False, True, False]


def test_a_token_that_microsoft_forgot_loses_nothing(office: MicrosoftOffice) -> None:
    office.there.put(event_at("event1", 9))
    office.read_anew()
    office.there.remove("event1")
    office.there.put(event_at("event2", 11))
    office.there.oldest_token = office.there.changes
    office.read_anew()
    assert (busy_at(office, 9), busy_at(office, 11)) == (False, True)
    # Only a token of before is refused.
    office.there.oldest_token = 0


def test_what_is_held_back_changes_nothing(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    office.there.put(event_at("event1", 9))
    office.read_anew()
    office.there.remove("event1")
    office.there.put(event_at("event2", 11))
    microsoft.quirks.add(Quirk.BREAKS_OFF)
    office.read_anew()
    assert (busy_at(office, 9), busy_at(office, 11)) == (True, False)
    microsoft.quirks.clear()
    office.read_anew()
    assert (busy_at(office, 9), busy_at(office, 11)) == (False, True)


def test_an_event_that_is_moved_there_moves_its_booking(office: MicrosoftOffice) -> None:
    booking = office.booked(9)
    office.shows(9)
    event = office.event_of(booking)
    office.there.put({**event, **event_at(event["id"], 13)})
    office.read_anew()
    wanted = f"{at(13):%Y-%m-%dT%H:%M:%SZ}"
    office.wait_for(lambda: office.booking(booking)["start_time"] == wanted)


def test_an_event_that_is_moved_out_of_sight_is_not_deleted(
    office: MicrosoftOffice,
) -> None:
    office.policy(on_delete="cancel")
    booking = office.booked(9)
    office.shows(9)
    event = office.event_of(booking)
    office.there.put({**event, **event_at(event["id"], 24 * 365 * 3)})
    office.read_anew()
    (finding,) = office.wait_for(office.findings)
    assert finding["kind"] == "moved"
    office.let_a_minute_pass()
    assert office.booking(booking)["status"] == "CONFIRMED"


def test_an_event_that_is_deleted_there_is_asked_about(office: MicrosoftOffice) -> None:
    booking = office.booked(9)
    office.shows(9)
    office.there.remove(office.event_of(booking)["id"])
    office.read_anew()
    office.wait_for(office.is_doubted)
    office.let_a_minute_pass()
    (finding,) = office.findings()
    assert (finding["kind"], finding["booking_id"]) == ("deleted", booking["id"])
    office.resolve(finding, "restore")
    office.shows(9)


@pytest.mark.parametrize("quirk", [Quirk.DOWN, Quirk.TOO_MANY])
def test_what_could_not_be_written_is_written_later(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, quirk: Quirk
) -> None:
    microsoft.quirks.add(quirk)
    booking = office.booked(9)
    office.wait_for(lambda: office.error_of(booking))
    microsoft.quirks.clear()
    office.shows(9)


@pytest.mark.parametrize("forgetful", [False, True])
def test_an_answer_that_is_lost_makes_no_second_event(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, forgetful: bool
) -> None:
    microsoft.quirks.add(Quirk.LOSES_ANSWERS)
    if forgetful:
        microsoft.quirks.add(Quirk.FORGETS_TRANSACTIONS)
    booking = office.booked(9)
    office.wait_for(lambda: office.error_of(booking))
    microsoft.quirks.discard(Quirk.LOSES_ANSWERS)
    office.until(lambda: office.state(booking) == "written")
    office.shows(9)


def test_what_is_read_before_its_answer_came_is_our_own(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    microsoft.quirks.add(Quirk.LOSES_ANSWERS)
    booking = office.booked(9)
    office.wait_for(lambda: office.error_of(booking))
    office.read_anew()
    # Its own event is not in its way.
    office.move(booking, 9.5)
    microsoft.quirks.clear()
    office.shows(9.5)


def test_a_killed_server_leaves_one_event_for_each_booking(
    office: MicrosoftOffice, own_server: Server
) -> None:
    bookings = [office.booked(8 + number) for number in range(4)]
    own_server.kill()
    own_server.ensure_running()
    bookings += [office.booked(14 + number) for number in range(2)]
    own_server.kill()
    own_server.ensure_running()
    office.until(lambda: all(office.state(one) == "written" for one in bookings))
    assert len(office.ours()) == len(bookings)


def test_one_message_has_all_calendars_of_the_mailbox_read(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> None:
    microsoft.calendar("second", "Second")
    office = MicrosoftOffice(own_world, own_home, microsoft)
    subscription = opened(office, microsoft)
    office.read_anew()
    microsoft.requests.clear()
    office.there.put(event_at("event1", 9))
    office.say(subscription)
    office.wait_for(lambda: busy_at(office, 9))
    office.wait_for(lambda: microsoft.asked("GET", "second/calendarView/delta?$deltatoken"))
    assert list(microsoft.subscriptions) == [subscription["id"]]


@pytest.mark.parametrize("quirk", [Quirk.PUSHES_TWICE, None])
def test_what_we_write_is_told_and_does_no_harm(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, quirk: Quirk | None
) -> None:
    microsoft.quirks |= {quirk} if quirk else set()
    subscription = opened(office, microsoft)
    booking = office.booked(9)
    office.shows(9)
    office.say(subscription, changeType="created")
    office.let_a_minute_pass()
    office.shows(9)
    assert (office.findings(), office.booking(booking)["status"]) == ([], "CONFIRMED")


def test_a_token_is_given_back_as_text(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, own_server: Server
) -> None:
    path = path_of(opened(office, microsoft)["notificationUrl"])
    asked = {"validationToken": "Validation: <script>alert(1)</script> ü+&="}
    answer = httpx.post(own_server.url + path, params=asked)
    assert (answer.status_code, answer.text) == (200, asked["validationToken"])
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    # Nobody is answered at an address that we do not have.
    assert httpx.post(f"{own_server.url}{path}x", params=asked).status_code == 404


@pytest.mark.parametrize("wrong", ["subscriptionId", "clientState", "address", "body"])
def test_a_message_of_nobody_is_refused(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, own_server: Server, wrong: str
) -> None:
    subscription = opened(office, microsoft)
    path = path_of(subscription["notificationUrl"]) + "x" * (wrong == "address")
    whose = f"organization_id = '{office.organization_id}'"
    run(office.home, f"UPDATE calendars SET due_at = '2099-01-01' WHERE {whose}")
    notice = notice_of(subscription, changeType="updated")
    said = {name: value + "x" * (name == wrong) for name, value in notice.items()}
    broken: list[Any] = ["x", {"subscriptionId": 1}, [], None]
    body = {"value": broken if wrong == "body" else [said]}
    assert httpx.post(own_server.url + path, json=body).status_code == 404
    put_off = f"SELECT 1 FROM calendars WHERE due_at = '2099-01-01' AND {whose}"
    assert fetch(office.home, put_off)


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved"])
def test_a_subscription_that_ends_gives_way_to_another(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, event: str
) -> None:
    old = opened(office, microsoft)
    if event == "subscriptionRemoved":
        del microsoft.subscriptions[old["id"]]
    forget_claim(office)
    office.say(old, lifecycleEvent=event)
    office.wait_for(lambda: [id_ for id_ in microsoft.subscriptions if id_ != old["id"]])
    office.wait_for(lambda: old["id"] not in microsoft.subscriptions)
    office.there.put(event_at("event1", 9))
    office.say(opened(office, microsoft))
    office.wait_for(lambda: busy_at(office, 9))


def test_messages_that_were_missed_are_made_up_for(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    subscription = opened(office, microsoft)
    office.there.put(event_at("event1", 9))
    office.say(subscription, lifecycleEvent="missed")
    office.wait_for(lambda: busy_at(office, 9))
    assert opened(office, microsoft)["id"] == subscription["id"]


def test_a_subscription_is_renewed_before_it_ends(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    old = opened(office, microsoft)
    soon = "created_at = now() - interval '69 hours', expires_at = now() + interval '1 hour'"
    whose = f"WHERE organization_id = '{office.organization_id}'"
    run(office.home, f"UPDATE calendar_channels SET {soon} {whose}")
    forget_claim(office)
    office.read_anew()
    office.wait_for(lambda: old["id"] not in microsoft.subscriptions)
    assert opened(office, microsoft)["id"] != old["id"]
    # One that was closed may deliver for a while.
    office.say(old, status=404)


def test_where_microsoft_does_not_push_it_is_asked(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    opened(office, microsoft)
    microsoft.quirks.add(Quirk.NO_PUSH)
    whose = f"WHERE organization_id = '{office.organization_id}'"
    run(office.home, f"DELETE FROM calendar_channels {whose}")
    forget_claim(office)
    office.read_anew()
    put_off = f"SELECT 1 FROM calendars {whose} AND watch_after > now() + interval '12 hours'"
    office.wait_for(lambda: fetch(office.home, put_off))
    soon = f"SELECT 1 FROM calendars {whose} AND due_at < now() + interval '3 minutes'"
    assert fetch(office.home, soon)


def test_a_calendar_that_others_share_is_asked_as_before(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> None:
    microsoft.calendar("team", "Team", owner="boss@contoso.test")
    office = MicrosoftOffice(own_world, own_home, microsoft)
    opened(office, microsoft)
    office.read_anew()
    due = "SELECT name FROM calendars WHERE due_at < now() + interval '3 minutes'"
    whose = f"AND organization_id = '{office.organization_id}'"
    assert [row[0] for row in fetch(office.home, f"{due} {whose}")] == ["Team"]


def test_disconnecting_ends_the_subscription(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    subscription = opened(office, microsoft)
    assert office.api.delete(office.path).status_code == 200
    office.wait_for(lambda: subscription["id"] not in microsoft.subscriptions)


def opened(office: MicrosoftOffice, microsoft: FakeMicrosoft) -> JSON:
    """The subscription of the office, once Kalends knows that it is open."""
    open_ = "SELECT resource FROM calendar_channels WHERE expires_at > now() AND organization_id = "
    query = f"{open_}'{office.organization_id}'"
    rows = office.wait_for(lambda: fetch(office.home, query))
    (id_,) = [str(row[0]) for row in rows]
    return microsoft.subscriptions[id_]


def forget_claim(office: MicrosoftOffice) -> None:
    """That a channel was asked for a moment ago."""
    whose = f"WHERE organization_id = '{office.organization_id}'"
    run(office.home, f"UPDATE calendars SET watch_after = NULL {whose}")
