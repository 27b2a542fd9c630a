"""Bookings and a Microsoft calendar follow one another, in what Microsoft alone does."""

from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from tests.calendars.consented.microsoft import MicrosoftOffice, time_at
from tests.conftest import fetch
from tests.fakes.consented import path_of
from tests.fakes.microsoft import FakeMicrosoft, notice_of
from tests.fakes.quirks import Quirk
from tests.servers import Server
from tests.world import World

pytestmark = pytest.mark.server


@pytest.fixture
def office(microsoft_office: MicrosoftOffice) -> MicrosoftOffice:
    return microsoft_office


def test_occurrences_make_a_schedule_busy(office: MicrosoftOffice) -> None:
    assert not office.is_busy(11)
    office.there.put_series(
        {"id": "series"}, [(time_at(11), time_at(12)), (time_at(14), time_at(15))]
    )
    office.read_anew()
    assert (office.is_busy(11), office.is_busy(14)) == (True, True)
    office.there.change_occurrence("series", 1, None)
    office.read_anew()
    assert (office.is_busy(11), office.is_busy(14)) == (True, False)


def test_an_answer_that_is_lost_makes_no_second_event(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    microsoft.quirks.add(Quirk.FORGETS_TRANSACTIONS)
    office.book_while(Quirk.LOSES_ANSWERS)


def test_what_is_held_back_changes_nothing(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    office.there.put(office.event_at("event1", 9))
    office.read_anew()
    office.there.remove("event1")
    office.there.put(office.event_at("event2", 11))
    microsoft.quirks.add(Quirk.BREAKS_OFF)
    office.read_anew()
    assert (office.is_busy(9), office.is_busy(11)) == (True, False)
    microsoft.quirks.clear()
    office.read_anew()
    assert (office.is_busy(9), office.is_busy(11)) == (False, True)


def test_an_event_that_is_moved_out_of_sight_is_not_deleted(
    office: MicrosoftOffice,
) -> None:
    office.policy(on_delete="cancel")
    booking = office.booked(9)
    office.shows(9)
    event = office.event_of(booking)
    office.there.put({**event, **office.event_at(event["id"], 24 * 365 * 3)})
    office.read_anew()
    (finding,) = office.wait_for(office.findings)
    assert finding["kind"] == "moved"
    office.let_a_minute_pass()
    assert office.booking(booking)["status"] == "CONFIRMED"


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


def test_one_message_has_all_calendars_of_the_mailbox_read(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> None:
    microsoft.calendar("second", "Second")
    office = MicrosoftOffice(own_world, own_home, microsoft)
    subscription = office.channel()
    office.read_anew()
    microsoft.requests.clear()
    office.read_when_told(subscription)
    office.wait_for(lambda: microsoft.asked("GET", "second/calendarView/delta?$deltatoken"))
    assert list(microsoft.subscriptions) == [subscription["id"]]


@pytest.mark.parametrize("quirk", [Quirk.PUSHES_TWICE, None])
def test_what_we_write_is_told_and_does_no_harm(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, quirk: Quirk | None
) -> None:
    microsoft.quirks |= {quirk} if quirk else set()
    subscription = office.channel()
    booking = office.booked(9)
    office.shows(9)
    office.say(subscription, changeType="created")
    office.let_a_minute_pass()
    office.shows(9)
    assert (office.findings(), office.booking(booking)["status"]) == ([], "CONFIRMED")


def test_a_token_is_given_back_as_text(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, own_server: Server
) -> None:
    path = path_of(office.channel()["notificationUrl"])
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
    subscription = office.channel()
    path = path_of(subscription["notificationUrl"]) + "x" * (wrong == "address")
    office.put_off_readings()
    notice = notice_of(subscription, changeType="updated")
    said = {name: value + "x" * (name == wrong) for name, value in notice.items()}
    broken: list[Any] = ["x", {"subscriptionId": 1}, [], None]
    body = {"value": broken if wrong == "body" else [said]}
    assert httpx.post(own_server.url + path, json=body).status_code == 404
    assert office.has_put_off_readings()


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved"])
def test_a_subscription_that_ends_gives_way_to_another(
    office: MicrosoftOffice, microsoft: FakeMicrosoft, event: str
) -> None:
    old = office.channel()
    if event == "subscriptionRemoved":
        del microsoft.subscriptions[old["id"]]
    office.forget_claim()
    office.say(old, lifecycleEvent=event)
    office.wait_for(lambda: [id_ for id_ in microsoft.subscriptions if id_ != old["id"]])
    office.wait_for(lambda: old["id"] not in microsoft.subscriptions)
    office.read_when_told(office.channel())


def test_messages_that_were_missed_are_made_up_for(
    office: MicrosoftOffice, microsoft: FakeMicrosoft
) -> None:
    subscription = office.channel()
    office.read_when_told(subscription, lifecycleEvent="missed")
    assert office.channel()["id"] == subscription["id"]


def test_a_calendar_that_others_share_is_asked_as_before(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> None:
    microsoft.calendar("team", "Team", owner="boss@contoso.test")
    office = MicrosoftOffice(own_world, own_home, microsoft)
    office.channel()
    office.read_anew()
    due = "SELECT name FROM calendars WHERE due_at < now() + interval '3 minutes'"
    assert [row[0] for row in fetch(office.home, f"{due} AND {office.whose}")] == ["Team"]
