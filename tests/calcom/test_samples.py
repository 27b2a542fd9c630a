"""The samples, brought in: each row has a right answer."""

import pytest

from tests.calcom.conftest import Desk
from tests.fakes.calcom import samples


def test_an_accepted_booking_is_confirmed_here(desk: Desk) -> None:
    desk.calcom.add(*samples("normal"))
    answer = desk.sync()
    assert (answer["success"], answer["synced"], answer["skipped"]) == (True, 1, 0)
    booking = desk.booking("qZ5hV3mYpK2dT8wRxB4nLc")
    assert booking["status"] == "CONFIRMED"
    assert booking["start_time"] == "2026-12-01T17:00:00Z"
    assert booking["end_time"] == "2026-12-01T17:30:00Z"
    assert booking["attendee"]["email"] == "ada@client.example"
    assert booking["attendee"]["timezone"] == "America/New_York"
    assert booking["external"] == {"provider": "calcom", "uid": "qZ5hV3mYpK2dT8wRxB4nLc"}
    assert booking["source"] == "calcom"
    noted = booking["metadata"]["calcom"]
    assert [a["email"] for a in noted["attendees"]] == ["bo@client.example"]
    assert noted["metadata"] == {"crmId": "A-77"}


@pytest.mark.parametrize(
    ("sample", "statuses"),
    [
        ("cancelled", ["CANCELLED"]),
        ("rejected", ["CANCELLED"]),
        ("no_show", ["CONFIRMED", "NO_SHOW"]),
        ("pending_and_awaiting_host", ["PENDING", "PENDING"]),
        ("recurring", ["CONFIRMED", "CANCELLED", "CONFIRMED"]),
        ("rescheduled", ["CONFIRMED"]),
    ],
)
def test_each_status_has_its_own_here(desk: Desk, sample: str, statuses: list[str]) -> None:
    rows = samples(sample)
    desk.calcom.add(*rows)
    answer = desk.sync()
    assert (answer["synced"], answer["skipped"]) == (len(rows), 0)
    assert sorted(b["status"] for b in desk.bookings()) == sorted(statuses)
    again = desk.sync()
    assert (again["synced"], again["skipped"]) == (0, again["unchanged"])
    assert len(desk.events()) == len(statuses)
