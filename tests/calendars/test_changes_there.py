"""What is done to the events of bookings in a calendar elsewhere: tried in a sandbox."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import json

from kalends.compose import Installation
from kalends.domain import ids
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars import changes_there
from kalends.services.calendars.changes_there import follow_changes
from kalends.services.calendars.queue import DueCalendar
from tests.calendars.test_busy import HOUR, at
from tests.calendars.test_written_events import SECONDS, WritingOffice
from tests.conftest import fetch, in_thread, run
from tests.homes import BESIDE
from tests.world import JSON, World

# The server's own looks at events of the organization: those that run or are to, and those planned.
LOOKS = "FROM pgqueuer WHERE entrypoint = 'follow_calendar' AND strpos(payload::text, '{}') > 0"


class WatchedOffice(WritingOffice):
    """The same, whose events a program moves and deletes, as a person would."""

    def policy(self, **policy: str) -> None:
        path = f"/api/v1/schedules/{self.schedule['id']}"
        assert self.api.patch(path, json={"calendar_policy": policy}).is_success

    def path_of(self, booking: JSON) -> str:
        """Of the booking's event."""
        id_ = ids.decode_id(ids.BOOKING, booking["id"])
        query = f"SELECT ref FROM calendar_links WHERE booking_id = '{id_}'"
        ((ref,),) = fetch(self.home, query)
        connection, calendar = self.calendar["connection_id"], self.calendar["id"]
        return f"/api/v1/calendar-connections/{connection}/calendars/{calendar}/events/{ref}"

    def move_there(self, booking: JSON, hour: float) -> None:
        times = {"start_time": at(hour).isoformat(), "end_time": (at(hour) + HOUR).isoformat()}
        assert self.api.patch(self.path_of(booking), json=times).is_success

    def delete_there(self, booking: JSON) -> None:
        """And the minute is over after which that is believed."""
        assert self.api.delete(self.path_of(booking)).is_success
        self.let_a_minute_pass()

    def let_server_look(self) -> None:
        """It does so at once, and again a minute later: only the first is waited for."""
        looks = LOOKS.format(str(self.organization_id).encode().hex())
        self.wait_for(lambda: not fetch(self.home, f"SELECT id {looks} AND execute_after <= now()"))
        run(self.home, f"DELETE {looks}")

    def let_a_minute_pass(self) -> None:
        """And has what is gone looked at once more, by nobody else meanwhile."""
        self.let_server_look()
        run(
            self.home,
            "UPDATE calendar_links SET missed_at = missed_at - interval '70 seconds'"
            f" WHERE organization_id = '{self.organization_id}' AND missed_at IS NOT NULL",
        )
        calendar_id = ids.decode_id(ids.CALENDAR, self.calendar["id"])
        assert calendar_id is not None
        payload = json.encode(DueCalendar(self.organization_id, calendar_id))
        self.in_context(lambda context: follow_changes(context, payload))

    def in_context(self, use_case: Callable[[Context], Any]) -> None:
        """Runs what a job does, here."""

        async def once() -> None:
            context = self.home.context(BESIDE)
            try:
                await use_case(context)
            finally:
                await context.close()

        in_thread(once())

    def booking(self, booking: JSON) -> JSON:
        shown: JSON = self.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
        return shown

    def findings(self, **query: str) -> list[JSON]:
        return list(self.api.get("/api/v1/calendar-findings", params=query).json()["data"])

    def resolve(self, finding: JSON, resolution: str) -> Any:
        path = f"/api/v1/calendar-findings/{finding['id']}/resolve"
        return self.api.post(path, json={"resolution": resolution})

    def wait_for(self, check: Callable[[], Any]) -> Any:
        until = time.monotonic() + 2 * SECONDS
        while not (found := check()):
            assert time.monotonic() < until, "it does not come true"
            time.sleep(0.1)
        return found


@pytest.fixture
def office(world: World, home: Installation) -> WatchedOffice:
    office = WatchedOffice(world, home)
    assert office.api.patch(
        "/api/v1/organization", json={"notify_email": "desk@example.com"}
    ).is_success
    return office


def test_a_booking_follows_its_event(office: WatchedOffice) -> None:
    booking = office.booked(9)
    office.settled()
    office.move_there(booking, 14)
    start = (at(14)).isoformat().replace("+00:00", "Z")
    office.wait_for(lambda: office.booking(booking)["start_time"] == start)
    assert office.settled()[0][1:] == (1, at(14))
    assert office.findings() == []


def test_it_never_follows_onto_another_booking(office: WatchedOffice) -> None:
    booking = office.booked(9)
    office.booked(14)
    office.settled()
    office.move_there(booking, 14.5)
    (finding,) = office.wait_for(office.findings)
    assert (finding["kind"], finding["booking_id"]) == ("moved", booking["id"])
    assert office.resolve(finding, "follow").json()["code"] == "SLOT_TAKEN"
    assert office.resolve(finding, "restore").json()["data"]["resolution"] == "restore"
    assert office.starts() == [at(9), at(14)]
    assert office.findings() == []
    assert [one["id"] for one in office.findings(state="resolved")] == [finding["id"]]


def test_what_there_was_no_time_to_ask_is_asked_later(
    office: WatchedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = office.booked(9)
    office.settled()
    with monkeypatch.context() as hanging:
        hanging.setattr(changes_there, "LOOK_SECONDS", 0.0)
        office.delete_there(booking)
    assert office.findings() == []
    office.let_a_minute_pass()
    (finding,) = office.wait_for(office.findings)
    assert (finding["kind"], finding["booking_id"]) == ("deleted", booking["id"])


def test_a_deleted_event_is_asked_about(office: WatchedOffice) -> None:
    booking = office.booked(9)
    office.settled()
    office.delete_there(booking)
    (finding,) = office.wait_for(office.findings)
    assert finding["kind"] == "deleted"
    assert office.booking(booking)["status"] == "CONFIRMED"
    assert office.states(booking) == [(office.calendar["id"], "asking")]
    assert office.resolve(finding, "follow").status_code == 422
    assert office.resolve(finding, "cancel").status_code == 200
    assert office.booking(booking)["status"] == "CANCELLED"
    assert office.starts() == []


def test_a_policy_restores_what_was_deleted(office: WatchedOffice) -> None:
    office.policy(on_delete="restore")
    booking = office.booked(9)
    office.settled()
    office.delete_there(booking)
    found = office.wait_for(office.settled)
    assert found[0][1:] == (2, at(9))


def test_many_deleted_at_once_are_all_asked_about(office: WatchedOffice) -> None:
    office.policy(on_delete="cancel")
    bookings = [office.booked(hour) for hour in (8, 9, 10, 11)]
    office.settled()
    for booking in bookings:
        assert office.api.delete(office.path_of(booking)).is_success
    office.let_a_minute_pass()
    office.wait_for(lambda: len(office.findings()) == len(bookings))
    assert {office.booking(one)["status"] for one in bookings} == {"CONFIRMED"}


def test_many_are_asked_about_though_each_look_sees_few(
    office: WatchedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.policy(on_delete="cancel")
    bookings = [office.booked(hour) for hour in (8, 9, 10, 11, 12)]
    office.settled()
    for booking in bookings:
        assert office.api.delete(office.path_of(booking)).is_success
    monkeypatch.setattr(changes_there, "LINKS_AT_ONCE", 2)
    for _ in range(3):
        office.let_a_minute_pass()
    office.wait_for(lambda: len(office.findings()) == len(bookings))
    assert {office.booking(one)["status"] for one in bookings} == {"CONFIRMED"}
