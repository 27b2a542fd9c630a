"""What changes there changes here, once; and who wins where both sides have changed."""

import time
from typing import Any

import pytest

from tests.calcom.conftest import Desk
from tests.calcom.oracle import check_same
from tests.fakes.calcom import samples

LONG_AGO = "2020-01-01T00:00:00.000Z"
MUCH_LATER = "2039-01-01T00:00:00.000Z"


def types(desk: Desk) -> list[str]:
    return [event["type"] for event in desk.events()]


def update(desk: Desk, uid: str, **fields: Any) -> None:
    path = f"/api/v1/bookings/{desk.booking(uid)['id']}"
    answer = desk.world.api.patch(path, json=fields)
    assert answer.status_code == 200, answer.text


def test_running_twice_changes_nothing(desk: Desk) -> None:
    desk.calcom.book_many(7)
    assert desk.sync()["synced"] == 7
    before, events = desk.bookings(), desk.events()
    again = desk.sync()
    assert (again["synced"], again["skipped"], again["unchanged"]) == (0, 7, 7)
    assert again["skips"] == []
    assert (desk.bookings(), desk.events()) == (before, events)


def test_an_import_is_one_event_with_its_source(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.sync()
    (event,) = desk.events()
    assert (event["type"], event["data"]["source"]) == ("booking.created", "calcom")


def test_a_reschedule_moves_the_booking_and_keeps_its_id(desk: Desk) -> None:
    desk.calcom.book("old", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    before = desk.booking("old")
    desk.calcom.reschedule("old", "2031-05-02T11:00:00.000Z", "new")
    answer = desk.sync()
    assert (answer["synced"], answer["skips"]) == (2, [])
    (after,) = desk.bookings()
    assert (after["id"], after["start_time"]) == (before["id"], "2031-05-02T11:00:00Z")
    assert (after["status"], after["external"]["uid"]) == ("CONFIRMED", "new")
    assert types(desk) == ["booking.created", "booking.rescheduled"]
    assert desk.sync()["synced"] == 0


def reschedule_twice(desk: Desk) -> str:
    """From `a` by `b` to `c`, once `a` is here. Gives the id that it has here."""
    desk.calcom.book("a")
    desk.sync()
    id_ = desk.booking("a")["id"]
    desk.calcom.reschedule("a", "2031-06-01T11:00:00.000Z", "b")
    desk.calcom.reschedule("b", "2031-06-01T12:00:00.000Z", "c")
    return str(id_)


def test_a_chain_of_reschedules_is_one_move(desk: Desk) -> None:
    desk.calcom.book("a")
    desk.sync()
    id_ = desk.booking("a")["id"]
    for old, new in (("a", "b"), ("b", "c"), ("c", "d")):
        desk.calcom.reschedule(old, f"2031-06-01T1{ord(new) - ord('a')}:00:00.000Z", new)
    desk.sync()
    (booking,) = desk.bookings()
    assert (booking["id"], booking["start_time"]) == (id_, "2031-06-01T13:00:00Z")
    assert types(desk) == ["booking.created", "booking.rescheduled"]


@pytest.mark.parametrize("order", ["cba", "bca", "acb", "bac", "cab", "abc"])
def test_a_chain_may_be_shown_in_any_order(desk: Desk, order: str) -> None:
    id_ = reschedule_twice(desk)
    for number, uid in enumerate(order):
        desk.calcom.change(uid, updatedAt=f"2031-01-01T00:00:0{number}.000Z")
        desk.calcom.rows[uid]["createdAt"] = f"2031-01-01T00:00:0{number}.000Z"
    desk.sync()
    (booking,) = desk.bookings()
    assert (booking["id"], booking["external"]["uid"]) == (id_, "c")
    assert types(desk) == ["booking.created", "booking.rescheduled"]
    assert desk.sync()["synced"] == 0


def test_a_new_row_moves_the_booking_without_its_old_row(desk: Desk) -> None:
    """The middle of the chain is asked for by its uid."""
    id_ = reschedule_twice(desk)
    for uid in "ab":
        desk.calcom.change(uid, updatedAt=LONG_AGO)
        desk.calcom.rows[uid]["createdAt"] = LONG_AGO
    desk.sync()
    assert [b["id"] for b in desk.bookings()] == [id_]
    assert desk.booking("c")["start_time"] == "2031-06-01T12:00:00Z"


def test_a_new_row_whose_old_one_has_gone_is_a_booking(desk: Desk) -> None:
    desk.calcom.book("new", rescheduledFromUid="gone")
    assert desk.sync()["synced"] == 1
    assert desk.booking("new")["status"] == "CONFIRMED"
    assert desk.sync()["synced"] == 0


def test_an_old_row_whose_new_one_has_gone_is_cancelled(desk: Desk) -> None:
    desk.calcom.book("old")
    desk.sync()
    desk.calcom.change("old", status="cancelled", rescheduledToUid="gone")
    assert desk.sync()["synced"] == 1
    assert desk.booking("old")["status"] == "CANCELLED"


def test_an_old_row_without_its_successor_cancels_nothing_twice(desk: Desk) -> None:
    """As servers do that know no `rescheduledToUid`."""
    desk.calcom.book("old", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    desk.calcom.reschedule("old", "2031-05-02T10:00:00.000Z", "new")
    del desk.calcom.rows["old"]["rescheduledToUid"]
    desk.sync()
    assert desk.booking("new")["status"] == "CONFIRMED"
    assert desk.sync()["synced"] == 0


def test_cancelled_and_rejected_ones_cancel_with_the_reason(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.calcom.book("two", status="pending")
    desk.sync()
    desk.calcom.cancel("one", "Rain")
    desk.calcom.change("two", status="rejected", cancellationReason="Full")
    assert desk.sync()["synced"] == 2
    assert desk.booking("one")["cancellation_reason"] == "Rain"
    assert desk.booking("two")["cancellation_reason"] == "Full"
    assert types(desk)[2:] == ["booking.cancelled", "booking.cancelled"]


def test_what_was_cancelled_there_was_cancelled_by_calcom(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.calcom.book("two", status="cancelled")
    desk.sync()
    desk.calcom.cancel("one", "Rain")
    desk.sync()
    calcom = {"type": "calcom", "id": None, "name": "Cal.com"}
    assert desk.booking("one")["cancelled_by"] == calcom
    assert desk.booking("two")["cancelled_by"] == calcom
    event = desk.world.api.get("/api/v1/event-log").json()["data"][-1]
    assert event["actor"] == calcom
    assert event["previous_attributes"] == {
        "status": "CONFIRMED",
        "cancellation_reason": None,
        "cancelled_by": None,
    }


def test_a_cancelled_one_gives_its_time_back(desk: Desk) -> None:
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    desk.calcom.cancel("one")
    desk.sync()
    desk.world.book(desk.schedule, "2031-05-01T10:00:00Z")


def test_several_changes_at_once_are_one_event(desk: Desk) -> None:
    desk.calcom.book("one", status="pending")
    desk.sync()
    desk.calcom.change("one", status="accepted", title="Renamed", location="Main Street 1")
    desk.sync()
    assert types(desk) == ["booking.created", "booking.confirmed"]
    booking = desk.booking("one")
    assert (booking["title"], booking["location_type"]) == ("Renamed", "in_person")


def test_back_to_pending_by_a_reschedule_is_one_event(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.sync()
    desk.calcom.reschedule("one", "2031-05-02T10:00:00.000Z", "two", status="pending")
    desk.sync()
    assert desk.booking("two")["status"] == "PENDING"
    assert types(desk) == ["booking.created", "booking.rescheduled"]


def test_what_changed_here_stays_where_nothing_changed_there(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.sync()
    update(desk, "one", title="Ours", attendee={"phone": "+49 30 1"})
    assert desk.sync()["synced"] == 0
    assert desk.booking("one")["title"] == "Ours"
    desk.calcom.change("one", location="Elsewhere", updatedAt=MUCH_LATER)
    desk.sync()
    booking = desk.booking("one")
    assert (booking["title"], booking["location"]) == ("Ours", "Elsewhere")
    assert booking["attendee"]["phone"] == "+49 30 1"


@pytest.mark.parametrize(("changed_at", "title"), [(LONG_AGO, "Ours"), (MUCH_LATER, "Theirs")])
def test_the_later_change_wins(desk: Desk, changed_at: str, title: str) -> None:
    desk.calcom.book("one", updatedAt="2019-01-01T00:00:00.000Z")
    desk.sync()
    update(desk, "one", title="Ours")
    desk.calcom.change("one", title="Theirs", notes="x", updatedAt=changed_at)
    desk.connect()
    desk.sync()
    assert desk.booking("one")["title"] == title
    desk.sync()
    assert desk.booking("one")["title"] == title


def test_conflicts_are_decided_field_by_field(desk: Desk) -> None:
    """The title was changed here long before, the name just now; there, both in between."""
    desk.calcom.book("one", updatedAt="2019-01-01T00:00:00.000Z")
    desk.sync()
    update(desk, "one", title="Ours")
    row = desk.calcom.change("one", title="Theirs")
    row["attendees"][0]["name"] = "Theirs"
    row["updatedAt"] = desk.calcom.now()
    time.sleep(1.2)
    update(desk, "one", attendee={"name": "Ours"})
    desk.sync()
    booking = desk.booking("one")
    assert (booking["title"], booking["attendee"]["name"]) == ("Theirs", "Ours")


@pytest.mark.parametrize(
    ("field", "ours"), [("start_time", "2031-05-03T10:00:00Z"), ("status", "CONFIRMED")]
)
def test_a_change_here_outlives_a_change_of_something_else_there(
    desk: Desk, field: str, ours: str
) -> None:
    desk.calcom.book("one", status="pending")
    desk.sync()
    update(desk, "one", **{field: ours})
    desk.calcom.change("one", title="Renamed", updatedAt=MUCH_LATER)
    desk.sync()
    assert desk.booking("one")[field] == ours


def test_a_move_here_gives_way_to_a_later_one_there(desk: Desk) -> None:
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    update(desk, "one", start_time="2031-05-03T10:00:00Z")
    desk.calcom.reschedule("one", "2031-05-04T10:00:00.000Z", "two", updatedAt=MUCH_LATER)
    desk.sync()
    assert desk.booking("two")["start_time"] == "2031-05-04T10:00:00Z"


@pytest.mark.parametrize("status", ["CANCELLED", "COMPLETED", "NO_SHOW"])
def test_a_booking_that_ended_here_is_not_opened_again(desk: Desk, status: str) -> None:
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    update(desk, "one", status=status)
    desk.calcom.reschedule("one", "2031-05-04T10:00:00.000Z", "two", updatedAt=MUCH_LATER)
    desk.sync()
    (booking,) = desk.bookings()
    assert (booking["status"], booking["start_time"]) == (status, "2031-05-01T10:00:00Z")
    assert desk.sync()["synced"] == 0


def test_a_row_that_is_gone_there_is_left_alone_here(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.calcom.book("two")
    desk.sync()
    desk.calcom.delete("one")
    assert desk.sync()["synced"] == 0
    assert len(desk.bookings()) == 2


def test_older_data_says_nothing(desk: Desk) -> None:
    row = desk.calcom.book("one")
    old = {**row, "updatedAt": LONG_AGO}
    desk.calcom.change("one", title="New")
    desk.sync()
    desk.calcom.rows["one"] = old
    desk.connect()
    assert desk.sync()["synced"] == 0
    assert desk.booking("one")["title"] == "New"


def test_nobody_gets_mail_about_what_came_from_there(desk: Desk) -> None:
    organization = {"notify_email": "desk@acme.test"}
    assert desk.world.api.patch("/api/v1/organization", json=organization).status_code == 200
    desk.calcom.book("one")
    desk.sync()
    desk.calcom.cancel("one")
    desk.sync()
    assert types(desk) == ["booking.created", "booking.cancelled"]
    assert desk.count_mails() == 0


def test_a_conflict_is_skipped_reported_and_tried_again(desk: Desk) -> None:
    mine = desk.world.book(desk.schedule, "2031-05-01T10:00:00Z")
    desk.calcom.book("one", start="2031-05-01T10:30:00.000Z")
    desk.calcom.book("two", start="2031-05-02T10:30:00.000Z")
    answer = desk.sync()
    assert (answer["synced"], answer["skipped"], answer["unchanged"]) == (1, 1, 0)
    assert [skip["uid"] for skip in answer["skips"]] == ["one"]
    assert "taken" in answer["skips"][0]["reason"]
    desk.world.api.delete(f"/api/v1/bookings/{mine['id']}")
    desk.calcom.delete("one")
    desk.sync()
    assert desk.booking("one")["status"] == "CONFIRMED"


def test_a_conflict_may_be_recorded_without_taking_time(desk: Desk) -> None:
    desk.connect(onConflict="record")
    mine = desk.world.book(desk.schedule, "2031-05-01T10:00:00Z")
    desk.calcom.book("one", start="2031-05-01T10:30:00.000Z")
    assert desk.sync()["synced"] == 1
    assert desk.booking("one")["conflict"] is True
    assert desk.sync()["synced"] == 0
    desk.world.api.delete(f"/api/v1/bookings/{mine['id']}")
    desk.sync()
    assert desk.booking("one")["conflict"] is False
    again = desk.world.booking_body(desk.schedule, "2031-05-01T10:00:00Z")
    assert desk.world.api.post("/api/v1/bookings", json=again).status_code == 409


def test_a_conflict_that_is_moved_here_takes_time_and_gives_it_back(desk: Desk) -> None:
    desk.connect(onConflict="record")
    desk.world.book(desk.schedule, "2031-05-01T10:00:00Z")
    desk.calcom.book("one", start="2031-05-01T10:30:00.000Z")
    desk.sync()
    update(desk, "one", start_time="2031-05-02T10:00:00Z")
    assert desk.booking("one")["conflict"] is False
    body = desk.world.booking_body(desk.schedule, "2031-05-02T10:00:00Z")
    assert desk.world.api.post("/api/v1/bookings", json=body).status_code == 409
    update(desk, "one", status="CANCELLED")
    assert desk.world.api.post("/api/v1/bookings", json=body).status_code == 201


def test_a_move_onto_taken_time_leaves_ours_where_it_was(desk: Desk) -> None:
    mine = desk.world.book(desk.schedule, "2031-05-02T10:00:00Z")
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    desk.calcom.reschedule("one", "2031-05-02T10:00:00.000Z", "two")
    answer = desk.sync()
    assert [skip["uid"] for skip in answer["skips"]] == ["two"]
    assert desk.booking("one")["start_time"] == "2031-05-01T10:00:00Z"
    other = desk.world.booking_body(desk.schedule, "2031-05-01T10:00:00Z")
    assert desk.world.api.post("/api/v1/bookings", json=other).status_code == 409
    desk.world.api.delete(f"/api/v1/bookings/{mine['id']}")
    desk.sync()
    assert desk.booking("two")["start_time"] == "2031-05-02T10:00:00Z"


def test_a_range_brings_its_starts_alone_and_leaves_the_mark(desk: Desk) -> None:
    for day in ("01", "02", "03", "04"):
        desk.calcom.book(f"day{day}", start=f"2031-05-{day}T00:00:00.000Z")
    desk.calcom.book("late", start="2031-05-03T23:20:00.000Z")
    answer = desk.sync(startDate="2031-05-02", endDate="2031-05-03")
    assert answer["synced"] == 3
    assert {b["external"]["uid"] for b in desk.bookings()} == {"day02", "day03", "late"}
    assert ["range" in skip["reason"] for skip in answer["skips"]] == [True]
    assert desk.sync()["synced"] == 2
    check_same(desk)


def test_a_row_outside_the_range_is_skipped(desk: Desk) -> None:
    desk.calcom.ignores_filters = True
    desk.calcom.book("in", start="2031-05-02T10:00:00.000Z")
    desk.calcom.book("out", start="2031-06-02T10:00:00.000Z")
    answer = desk.sync(startDate="2031-05-01T00:00:00Z", endDate="2031-05-31T00:00:00Z")
    assert (answer["synced"], answer["skipped"]) == (1, 1)
    assert [b["external"]["uid"] for b in desk.bookings()] == ["in"]


def test_mappings_choose_the_schedule(desk: Desk) -> None:
    by_type, by_host = desk.world.create_schedule(), desk.world.create_schedule()
    desk.connect(
        mappings=[
            {"calcomHostId": 501, "scheduleId": by_host["id"]},
            {"calcomEventTypeId": 7, "scheduleId": by_type["id"]},
        ]
    )
    type_7 = {"eventType": {"id": 7, "slug": "x"}, "eventTypeId": 7}
    start = {"start": "2031-05-02T10:00:00.000Z"}
    desk.calcom.book("type", **type_7, **start)
    desk.calcom.book("host", **start)
    desk.calcom.book("none", **start, hosts=[], eventType=None, eventTypeId=None)
    assert desk.sync()["synced"] == 3
    assert desk.booking("type")["schedule_id"] == by_type["id"]
    assert desk.booking("host")["schedule_id"] == by_host["id"]
    assert desk.booking("none")["schedule_id"] == desk.schedule["id"]


def test_samples_of_a_reschedule_are_one_booking(desk: Desk) -> None:
    old, new = samples("rescheduled")
    desk.calcom.add(new)
    desk.sync()
    id_ = desk.booking(new["uid"])["id"]
    desk.calcom.add(old)
    desk.connect()
    desk.sync()
    assert [b["id"] for b in desk.bookings()] == [id_]
    assert types(desk) == ["booking.created"]
