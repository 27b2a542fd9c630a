"""What was seen in calendars is decided in the console, by those whose it is."""

import pytest

from kalends.compose import Installation
from kalends.services.calendars.writing.upkeep import end_settled_findings
from tests.calendars.test_busy import HOUR, at
from tests.calendars.test_changes_there import WatchedOffice
from tests.conftest import fetch
from tests.world import JSON, World


class FindingOffice(WatchedOffice):
    """The same, seen in the console, too."""

    def put_there(self, hour: float) -> str:
        """An event of somebody else's, and its path."""
        times = {"start_time": at(hour).isoformat(), "end_time": (at(hour) + HOUR).isoformat()}
        connection, calendar = self.calendar["connection_id"], self.calendar["id"]
        path = f"/api/v1/calendar-connections/{connection}/calendars/{calendar}/events"
        made = self.api.post(path, json=times)
        assert made.status_code == 201, made.text
        return f"{path}/{made.json()['data']['id']}"

    def end_what_is_settled(self) -> None:
        self.in_context(end_settled_findings)

    def logged(self) -> list[JSON]:
        """The findings that webhooks are told of."""
        page = self.api.get("/api/v1/event-log", params={"limit": "100"}).json()
        return [one["data"] for one in page["data"] if one["type"] == "calendar.finding"]

    def mails(self) -> list[str]:
        """To whom mail about findings goes."""
        query = f"SELECT recipient FROM mails WHERE organization_id = '{self.organization_id}'"
        return [row[0] for row in fetch(self.home, f"{query} AND kind = 'calendar_finding'")]


@pytest.fixture
def office(world: World, home: Installation) -> FindingOffice:
    office = FindingOffice(world, home)
    path = "/api/v1/organization"
    assert office.api.patch(path, json={"notify_email": "desk@example.com"}).is_success
    return office


def test_an_event_over_a_booking_is_found_and_told_once(office: FindingOffice) -> None:
    booking = office.booked(9)
    office.put_there(9.5)
    (finding,) = office.findings()
    assert (finding["kind"], finding["booking_id"]) == ("overlap", booking["id"])
    assert finding["is_from"] == f"{at(9.5):%Y-%m-%dT%H:%M:%SZ}"
    assert office.booking(booking)["status"] == "CONFIRMED"
    office.put_there(9.25)
    assert [one["id"] for one in office.findings()] == [finding["id"]]
    assert [one["id"] for one in office.logged()] == [finding["id"]]
    assert office.mails() == ["desk@example.com"]


def test_an_overlap_ends_as_its_event_goes(office: FindingOffice) -> None:
    office.booked(9)
    path = office.put_there(9)
    (finding,) = office.findings()
    assert "very time" in finding["reason"]
    assert office.api.delete(path).is_success
    office.end_what_is_settled()
    (ended,) = office.findings(state="resolved")
    assert (ended["id"], ended["resolution"]) == (finding["id"], None)


def test_an_overlap_is_settled_by_cancelling(office: FindingOffice) -> None:
    booking = office.booked(9)
    office.put_there(9.5)
    (finding,) = office.findings()
    assert office.resolve(finding, "follow").status_code == 422
    assert office.resolve(finding, "cancel").status_code == 200
    assert office.booking(booking)["status"] == "CANCELLED"
    assert office.starts() == []


def test_our_own_events_lie_over_nothing(office: FindingOffice) -> None:
    office.booked(9)
    office.settled()
    assert office.findings() == []


def test_a_finding_ends_as_its_booking_is_cancelled(office: FindingOffice) -> None:
    booking = office.booked(9)
    office.settled()
    office.delete_there(booking)
    office.wait_for(office.findings)
    office.cancel(booking)
    office.settled()
    office.wait_for(lambda: office.findings() == [])
