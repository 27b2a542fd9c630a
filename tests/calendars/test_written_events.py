"""Bookings are written into the calendar of their schedule: tried in a sandbox."""

import time
from datetime import datetime
from typing import Any

import pytest

from kalends.compose import Installation
from kalends.domain import ids
from tests.calendars.readings import connect, use
from tests.calendars.test_busy import Office, at, data_of
from tests.conftest import fetch
from tests.world import JSON, World

SECONDS = 30
EVENTS = """
SELECT l.calendar_id, l.generation, b.start_time FROM calendar_links l
JOIN calendar_events e ON e.organization_id = l.organization_id
    AND e.calendar_id = l.calendar_id AND e.ref = l.ref
JOIN calendar_busy b ON b.organization_id = l.organization_id
    AND b.calendar_id = l.calendar_id AND b.key = e.key
WHERE l.organization_id = '{}' ORDER BY b.start_time
"""
WAITING = """
SELECT count(*) FROM webhook_lanes
WHERE organization_id = '{}' AND channel = 'calendar' AND waiting > 0
"""


class WritingOffice(Office):
    """The same, which writes its bookings into its calendar."""

    def __init__(self, world: World, home: Installation) -> None:
        super().__init__(world, home)
        use(self.api, self.schedule["id"], self.calendar, writes=True)

    def booked(self, hour: float, event_type: JSON | None = None) -> JSON:
        return self.change(data_of(self.book(hour, event_type)), status="CONFIRMED")

    def change(self, booking: JSON, **changes: Any) -> JSON:
        return data_of(self.api.patch(f"/api/v1/bookings/{booking['id']}", json=changes))

    def cancel(self, booking: JSON) -> None:
        assert self.api.delete(f"/api/v1/bookings/{booking['id']}").status_code == 200

    def settled(self) -> list[tuple[str, int, datetime]]:
        """Calendar, generation and start of each event that is written, when nothing waits."""
        until = time.monotonic() + SECONDS
        while fetch(self.home, WAITING.format(self.organization_id))[0][0]:
            assert time.monotonic() < until, "it is not written"
            time.sleep(0.05)
        rows = fetch(self.home, EVENTS.format(self.organization_id))
        return [(ids.encode_id(ids.CALENDAR, row[0]), row[1], row[2]) for row in rows]

    def invitations(self, booking: JSON, audience: str = "organization") -> list[bool]:
        """Whether each mail to the audience about it has an invitation, once it is written."""
        id_ = ids.decode_id(ids.BOOKING, booking["id"])
        query = (
            f"SELECT invites FROM mails WHERE audience = '{audience}'"
            f" AND organization_id = '{self.organization_id}' AND booking_id = '{id_}'"
            " ORDER BY event_number"
        )
        until = time.monotonic() + SECONDS
        while None in (found := [row[0] for row in fetch(self.home, query)]):
            assert time.monotonic() < until, "they are not written"
            time.sleep(0.05)
        return found

    def starts(self) -> list[datetime]:
        return [start for _, _, start in self.settled()]

    def states(self, booking: JSON) -> list[tuple[str, str]]:
        self.settled()
        shown = self.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
        return [(one["calendar_id"], one["state"]) for one in shown["calendar_events"]]


@pytest.fixture
def office(world: World, home: Installation) -> WritingOffice:
    return WritingOffice(world, home)


def test_a_booking_is_one_event_that_moves_and_goes(office: WritingOffice) -> None:
    booking = office.booked(9)
    assert office.starts() == [at(9)]
    assert office.states(booking) == [(office.calendar["id"], "written")]
    office.change(booking, start_time=at(13).isoformat())
    assert office.starts() == [at(13)]
    office.cancel(booking)
    assert office.starts() == []
    assert office.states(booking) == []


def test_it_blocks_other_schedules_of_its_calendar_alone(office: WritingOffice) -> None:
    second = office.create("schedules", name="Ada at the branch")
    use(office.api, second["id"], office.calendar)
    branch = office.create_event_type(second)
    booking = office.booked(9)
    office.settled()
    assert (office.codes(9, branch), office.codes(9)) == (["BUSY"], ["SLOT_TAKEN"])
    assert office.codes(9.5, booking_id=booking["id"]) == ["NOT_A_SLOT"]
    office.cancel(booking)
    office.settled()
    assert (office.codes(9, branch), office.codes(9)) == ([], [])


def test_a_request_is_written_where_the_policy_says_so(office: WritingOffice) -> None:
    booking = office.book(9).json()["data"]
    assert booking["status"] == "PENDING"
    assert office.starts() == []
    path = f"/api/v1/schedules/{office.schedule['id']}"
    policy = {"calendar_policy": {"pending": "tentative"}}
    assert office.api.patch(path, json=policy).status_code == 200
    assert office.starts() == [at(9)]


def test_a_session_is_one_event_for_all_its_seats(office: WritingOffice) -> None:
    group = office.create(
        "event-types",
        name="Yoga",
        schedule_id=office.schedule["id"],
        duration_minutes=60,
        capacity=3,
    )
    first, second = office.booked(9, group), office.booked(9, group)
    assert office.starts() == [at(9)]
    office.change(first, start_time=at(11).isoformat())
    assert office.starts() == [at(9), at(11)]
    office.cancel(second)
    assert office.starts() == [at(11)]


def test_another_write_calendar_takes_the_events_over(office: WritingOffice) -> None:
    booking = office.booked(9)
    assert [calendar for calendar, _, _ in office.settled()] == [office.calendar["id"]]
    other = connect(office.api)["Personal"]
    use(office.api, office.schedule["id"], other, writes=True)
    assert office.settled() == [(other["id"], 1, at(9))]
    use(office.api, office.schedule["id"], office.calendar, writes=True)
    assert office.settled() == [(office.calendar["id"], 2, at(9))]
    assert office.states(booking) == [(office.calendar["id"], "written")]
    assert office.api.put(
        f"/api/v1/schedules/{office.schedule['id']}/calendars", json=[]
    ).is_success
    assert office.settled() == []


def test_the_organization_is_invited_where_no_calendar_shows_it(office: WritingOffice) -> None:
    path = "/api/v1/organization"
    assert office.api.patch(path, json={"notify_email": "desk@example.com"}).is_success
    use(office.api, office.schedule["id"], office.calendar, writes=False)
    invited = office.booked(9)
    assert office.invitations(invited) == [True, True]
    use(office.api, office.schedule["id"], office.calendar, writes=True)
    office.cancel(invited)
    assert office.invitations(invited) == [True, True, True]
    written = office.booked(11)
    office.cancel(written)
    assert office.invitations(written) == [False, False, False]


def test_a_host_is_invited_where_no_calendar_shows_it(office: WritingOffice) -> None:
    email = f"host-{office.schedule['id'][4:].lower()}@example.com"
    user = office.api.post("/api/v1/users", json={"email": email, "role": "staff"}).json()["data"]
    path = f"/api/v1/schedules/{office.schedule['id']}"
    assert office.api.patch(path, json={"user_id": user["id"]}).is_success
    use(office.api, office.schedule["id"], office.calendar, writes=False)
    invited = office.booked(9)
    assert office.invitations(invited, "host") == [True, True]
    use(office.api, office.schedule["id"], office.calendar, writes=True)
    office.cancel(invited)
    assert office.invitations(invited, "host") == [True, True, True]
    written = office.booked(11)
    office.cancel(written)
    assert office.invitations(written, "host") == [False, False, False]
