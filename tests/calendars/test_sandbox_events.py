"""A program fills the calendars of a sandbox, and sees what that makes busy."""

from datetime import timedelta
from typing import Any

import pytest

from kalends.compose import Installation
from tests.calendars.test_busy import HOUR, Office, at, refused
from tests.world import World


@pytest.fixture
def office(world: World, home: Installation) -> Office:
    return Office(world, home)


def path_in(office: Office) -> str:
    calendar = office.calendar
    return f"calendar-connections/{calendar['connection_id']}/calendars/{calendar['id']}/events"


def put(office: Office, hour: float, **more: Any) -> str:
    times = {"start_time": at(hour).isoformat(), "end_time": (at(hour) + HOUR).isoformat()}
    return str(office.create(path_in(office), **times, **more)["id"])


def test_an_event_makes_the_schedule_busy(office: Office) -> None:
    put(office, 9)
    assert [office.codes(hour) for hour in (8, 9, 10)] == [[], ["BUSY"], []]


def test_a_series_with_an_exception_makes_its_days_busy(office: Office) -> None:
    lines = [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:s", "RRULE:FREQ=DAILY;COUNT=3",
        f"DTSTART:{at(9):%Y%m%dT%H%M%SZ}", "DURATION:PT1H",
        f"EXDATE:{at(9) + timedelta(days=1):%Y%m%dT%H%M%SZ}", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    office.create(path_in(office), icalendar="\r\n".join(lines))
    days = [office.codes(9 + 24 * day) for day in range(4)]
    assert days == [["BUSY"], [], ["BUSY"], []]


def test_an_event_that_is_moved_frees_its_time(office: Office) -> None:
    event_id = put(office, 9)
    body = {"start_time": at(14).isoformat(), "end_time": at(15).isoformat()}
    answer = office.api.patch(f"/api/v1/{path_in(office)}/{event_id}", json=body)
    assert answer.status_code == 200, answer.text
    assert (office.codes(9), office.codes(14)) == ([], ["BUSY"])


def test_an_event_that_is_deleted_frees_its_time(office: Office) -> None:
    event_id = put(office, 9)
    path = f"/api/v1/{path_in(office)}/{event_id}"
    assert office.api.delete(path).json()["data"] == {"id": event_id, "deleted": True}
    assert office.codes(9) == []
    assert office.api.delete(path).status_code == 404


def test_its_own_invitation_is_not_in_the_way_of_a_move(office: Office) -> None:
    """The mail's invitation was put into the calendar: its UID names the booking."""
    booking = office.book(9).json()["data"]
    lines = [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", f"UID:{booking['id']}@kalends",
        f"DTSTART:{at(9):%Y%m%dT%H%M%SZ}", "DURATION:PT2H", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    office.create(path_in(office), icalendar="\r\n".join(lines))
    assert office.codes(10) == []
    move = {"start_time": at(10).isoformat()}
    assert office.api.patch(f"/api/v1/bookings/{booking['id']}", json=move).status_code == 200


def test_the_booking_of_another_installation_blocks(office: Office) -> None:
    lines = [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:bk_0352lF5NnllfIJ66lPpfc3@kalends",
        f"DTSTART:{at(9):%Y%m%dT%H%M%SZ}", "DURATION:PT1H", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    office.create(path_in(office), icalendar="\r\n".join(lines))
    assert office.codes(9) == ["BUSY"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"icalendar": "<html>Sign in</html>"}, "icalendar"),
        ({"icalendar": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}, "icalendar"),
        ({}, "start_time"),
        ({"start_time": "2030-01-01T09:00:00Z"}, "end_time"),
    ],
)
def test_what_is_no_event_is_refused(office: Office, body: dict[str, str], field: str) -> None:
    expected = (422, "VALIDATION_ERROR", field)
    assert refused(office.api, "POST", path_in(office), body) == expected
