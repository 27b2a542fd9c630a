"""Rows as they come: none of them costs the page that it stands on."""

from typing import Any

import pytest

from tests.calcom.conftest import Desk
from tests.calcom.oracle import check_same
from tests.world import JSON

GOOD = "2031-05-02T10:00:00.000Z"
HOST: JSON = {
    "id": "unknown",
    "name": "unknown",
    "email": "unknown",
    "displayEmail": "unknown",
    "username": "unknown",
    "timeZone": "unknown",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"hosts": [HOST]},
        {"hosts": None},
        {"eventType": None, "eventTypeId": None},
        {"description": None, "location": None, "rating": None, "icsUid": None},
        {"location": {"weird": 1}},
        {"title": "Lone \ud800 surrogate"},
        {"title": "NUL \x00 and \n newline"},
        {"title": "x" * 5000},
        {"metadata": {"a": {"b": {"c": ["\udfff", float("1e300")]}}}},
        {"metadata": {"large": "x" * 100_000}},
        {"newField": {"of": "tomorrow"}, "absentHost": "maybe"},
        {"updatedAt": None},
        {"createdAt": None},
        {"createdAt": None, "updatedAt": None},
        {"duration": None, "attendees": [{"name": {"firstName": "Ada"}, "email": "a@b.test"}]},
        {"attendees": [{"name": "", "email": "a@b.test", "timeZone": "Mars/Base"}]},
        {"attendees": [{"email": "nonsense"}, {"name": "B", "email": "b@b.test"}]},
        {"bookingFieldsResponses": None, "guests": None},
        {"location": "+49 30 123456"},
        {"id": "not a number"},
    ],
    ids=lambda changes: ",".join(changes)[:40],
)
def test_an_odd_row_is_imported(desk: Desk, changes: JSON) -> None:
    desk.calcom.book("odd", start=GOOD, **changes)
    desk.calcom.book("good")
    answer = desk.sync()
    assert (answer["synced"], answer["skips"]) == (2, [])
    assert desk.booking("odd")["status"] == "CONFIRMED"
    again = desk.sync()
    assert (again["synced"], again["skips"]) == (0, [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"end": "2031-05-02T09:00:00.000Z"}, "end after"),
        ({"end": GOOD}, "end after"),
        ({"end": None}, "missing"),
        ({"start": "tomorrow", "end": GOOD}, "missing"),
        ({"attendees": []}, "attendee"),
        ({"attendees": [{"name": "A", "email": None}]}, "attendee"),
        ({"attendees": ["x", None]}, "attendee"),
        ({"attendees": [{"name": "A", "email": "a\u202eb@example.com"}]}, "attendee"),
        ({"attendees": [{"name": "A", "email": "a\u0000b@example.com"}]}, "attendee"),
        ({"status": "waitlisted"}, "status"),
        ({"status": None}, "status"),
        ({"end": "2039-05-02T10:00:00.000Z"}, "longer"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_it_is_skipped_with_a_reason(desk: Desk, changes: JSON, reason: str) -> None:
    desk.calcom.book("good")
    desk.calcom.book("odd", **{"start": GOOD, **changes})
    answer = desk.sync()
    assert (answer["synced"], answer["skipped"], answer["unchanged"]) == (1, 1, 0)
    assert answer["skips"][0]["uid"] == "odd"
    assert reason in answer["skips"][0]["reason"]
    again = desk.sync()
    assert (again["synced"], again["skipped"], again["unchanged"]) == (0, 2, 1)


@pytest.mark.parametrize("row", [None, 7, "x", [], {}, {"uid": 5}, {"uid": "x" * 9000}])
def test_what_is_no_row_is_skipped(desk: Desk, row: Any) -> None:
    desk.calcom.book("good")
    desk.calcom.lie = lambda body: {**body, "data": [row, *body["data"]]}
    answer = desk.sync()
    assert answer["synced"] == 1
    assert answer["skipped"] == len(answer["skips"]) == 1


def test_a_row_is_imported_once_its_status_is_known(desk: Desk) -> None:
    desk.calcom.book("odd", status="waitlisted")
    desk.sync()
    desk.calcom.change("odd", status="accepted")
    assert desk.sync()["synced"] == 1


def test_a_known_booking_with_a_status_nobody_knows_stays(desk: Desk) -> None:
    desk.calcom.book("odd")
    desk.sync()
    desk.calcom.change("odd", status="waitlisted")
    answer = desk.sync()
    assert [skip["uid"] for skip in answer["skips"]] == ["odd"]
    assert desk.booking("odd")["status"] == "CONFIRMED"


def seat(name: str, **changes: Any) -> JSON:
    return {
        "name": name,
        "email": f"{name}@seats.test",
        "timeZone": "UTC",
        "absent": False,
        "seatUid": f"seat-{name}",
        **changes,
    }


def seated(desk: Desk, uid: str, *names: str, **changes: Any) -> None:
    row = desk.calcom.book(uid, attendees=[seat(name) for name in names], **changes)
    del row["bookingFieldsResponses"]


def test_every_seat_is_a_booking_and_the_row_counts_once(desk: Desk) -> None:
    seated(desk, "class", "ann", "bob", "cy", start=GOOD)
    assert desk.sync()["synced"] == 1
    assert len(desk.bookings()) == 3
    check_same(desk)
    body = desk.world.booking_body(desk.schedule, "2031-05-02T10:00:00Z")
    assert desk.world.api.post("/api/v1/bookings", json=body).status_code == 409


def test_a_changed_seat_cancels_the_old_and_books_the_new(desk: Desk) -> None:
    seated(desk, "class", "ann", "bob", start=GOOD)
    desk.sync()
    desk.calcom.change("class", attendees=[seat("bob"), seat("dan")])
    assert desk.sync()["synced"] == 1
    statuses = {b["attendee"]["name"]: b["status"] for b in desk.bookings()}
    assert statuses == {"ann": "CANCELLED", "bob": "CONFIRMED", "dan": "CONFIRMED"}
    desk.calcom.change("class", attendees=[])
    desk.sync()
    assert {b["status"] for b in desk.bookings()} == {"CANCELLED"}
    desk.world.book(desk.schedule, "2031-05-02T10:00:00Z")


def test_a_seated_row_moves_with_all_its_seats(desk: Desk) -> None:
    seated(desk, "class", "ann", "bob", start=GOOD)
    desk.sync()
    before = {b["attendee"]["name"]: b["id"] for b in desk.bookings()}
    new = desk.calcom.reschedule("class", "2031-05-03T10:00:00.000Z", "moved")
    del new["bookingFieldsResponses"]
    desk.sync()
    assert {b["attendee"]["name"]: b["id"] for b in desk.bookings()} == before
    check_same(desk)


def test_an_absent_seat_is_a_no_show_and_its_row_stays(desk: Desk) -> None:
    seated(desk, "class", "ann", "bob", start=GOOD)
    desk.calcom.change("class", attendees=[seat("ann", absent=True), seat("bob")])
    desk.sync()
    check_same(desk)


def test_a_cancelled_seated_row_cancels_every_seat(desk: Desk) -> None:
    seated(desk, "class", "ann", "bob", start=GOOD)
    desk.sync()
    desk.calcom.cancel("class")
    desk.sync()
    check_same(desk)


def test_a_seat_without_an_address_does_not_cost_the_others(desk: Desk) -> None:
    seated(desk, "class", "ann", "bob", start=GOOD)
    desk.calcom.change("class", attendees=[seat("ann"), seat("bob", email=None)])
    answer = desk.sync()
    assert (answer["synced"], answer["skipped"]) == (0, 1)
    assert [b["attendee"]["name"] for b in desk.bookings()] == ["ann"]


def test_an_empty_seated_row_is_skipped(desk: Desk) -> None:
    seated(desk, "class", start=GOOD)
    answer = desk.sync()
    assert (answer["synced"], len(answer["skips"])) == (0, 1)
    seated(desk, "class", "ann", start=GOOD)
    assert desk.sync()["synced"] == 1


def test_only_the_row_that_changed_writes_events(desk: Desk) -> None:
    seated(desk, "class", "ann", "bob", start=GOOD)
    desk.sync()
    desk.calcom.change("class", attendees=[seat("ann"), seat("bob"), seat("cy")])
    desk.sync()
    assert [e["type"] for e in desk.events()] == ["booking.created"] * 3
