"""The states of a booking: all 25 pairs through PATCH, and DELETE in each state."""

from itertools import product
from typing import Any

import pytest

from kalends.domain.booking import OCCUPYING, Status
from tests.world import World, plus, tomorrow_at

# Written down once more, so that the table in the code has something to differ from.
ALLOWED = {
    ("PENDING", "CONFIRMED"),
    ("PENDING", "CANCELLED"),
    ("CONFIRMED", "COMPLETED"),
    ("CONFIRMED", "CANCELLED"),
    ("CONFIRMED", "NO_SHOW"),
}
PATH_TO = {
    "PENDING": (),
    "CONFIRMED": ("CONFIRMED",),
    "CANCELLED": ("CANCELLED",),
    "COMPLETED": ("CONFIRMED", "COMPLETED"),
    "NO_SHOW": ("CONFIRMED", "NO_SHOW"),
}


def booking_in(world: World, status: str) -> dict[str, Any]:
    booking = world.book(world.create_schedule())
    for step in PATH_TO[status]:
        booking = update(world, booking, status=step).json()["data"]
    return booking


def update(world: World, booking: dict[str, Any], **changes: Any) -> Any:
    return world.api.patch(f"/api/v1/bookings/{booking['id']}", json=changes)


@pytest.mark.parametrize(("now_is", "new_status"), list(product(PATH_TO, PATH_TO)))
def test_a_transition_is_allowed_or_refused_as_the_contract_says(
    world: World, now_is: str, new_status: str
) -> None:
    booking = booking_in(world, now_is)
    answer = update(world, booking, status=new_status)
    if now_is == new_status:
        assert (answer.status_code, answer.json()["data"]) == (200, booking)
    elif (now_is, new_status) in ALLOWED:
        assert (answer.status_code, answer.json()["data"]["status"]) == (200, new_status)
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATUS_TRANSITION")
        assert now_is in answer.json()["error"]
        assert new_status in answer.json()["error"]
        assert world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"] == booking


@pytest.mark.parametrize("status", PATH_TO)
def test_delete_cancels_what_may_be_cancelled(world: World, status: str) -> None:
    booking = booking_in(world, status)
    answer = world.api.delete(f"/api/v1/bookings/{booking['id']}", params={"reason": "ill"})
    if status in ("COMPLETED", "NO_SHOW"):
        assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATUS_TRANSITION")
        return
    cancelled = answer.json()["data"]
    assert answer.status_code == 200
    assert (cancelled["status"], cancelled["cancelled"]) == ("CANCELLED", True)
    assert cancelled["cancellation_reason"] == (None if status == "CANCELLED" else "ill")
    assert (
        world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]["status"] == "CANCELLED"
    )


@pytest.mark.parametrize("status", PATH_TO)
def test_a_state_occupies_its_time_or_frees_it(world: World, status: str) -> None:
    booking = booking_in(world, status)
    again = world.booking_body({"id": booking["schedule_id"]}, booking["start_time"])
    answer = world.api.post("/api/v1/bookings", json=again)
    assert answer.status_code == (409 if Status(status) in OCCUPYING else 201)


@pytest.mark.parametrize("status", PATH_TO)
def test_only_what_is_pending_or_confirmed_moves(world: World, status: str) -> None:
    booking = booking_in(world, status)
    start = tomorrow_at(15)
    answer = update(world, booking, start_time=start, end_time=plus(start, minutes=30))
    if status in ("PENDING", "CONFIRMED"):
        moved = answer.json()["data"]
        assert (moved["id"], moved["start_time"]) == (booking["id"], start)
        assert moved["end_time"] == plus(start, minutes=30)
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "NOT_RESCHEDULABLE")


def test_a_move_frees_the_old_time_and_takes_the_new(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, tomorrow_at(10))
    assert update(world, booking, start_time=tomorrow_at(12)).status_code == 200
    world.book(schedule, tomorrow_at(10))
    body = world.booking_body(schedule, tomorrow_at(12))
    assert world.api.post("/api/v1/bookings", json=body).json()["code"] == "SLOT_TAKEN"


def test_a_booking_may_move_into_its_own_time_but_not_into_anothers(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, tomorrow_at(10))
    world.book(schedule, tomorrow_at(12))
    assert update(world, booking, start_time=tomorrow_at(10, 30)).status_code == 200
    taken = update(world, booking, start_time=tomorrow_at(11, 30), title="lost")
    assert (taken.status_code, taken.json()["code"]) == (409, "SLOT_TAKEN")
    stayed = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    assert (stayed["start_time"], stayed["title"]) == (tomorrow_at(10, 30), None)


def test_details_change_attendee_merges_and_metadata_goes_key_by_key(world: World) -> None:
    booking = world.book(world.create_schedule(), title="Old", metadata={"a": 1, "b": 2})
    changed = update(
        world, booking, title=None, location="Room 9", location_type="in_person",
        timezone="Asia/Tokyo", attendee={"phone": "123", "notes": "two\nlines"},
        metadata={"a": None, "c": {"d": [3]}},
    ).json()["data"]  # fmt: skip
    assert (changed["title"], changed["location"]) == (None, "Room 9")
    assert (changed["location_type"], changed["timezone"]) == ("in_person", "Asia/Tokyo")
    assert changed["attendee"]["name"] == booking["attendee"]["name"]
    assert changed["attendee"]["phone"] == "123"
    assert changed["metadata"] == {"b": 2, "c": {"d": [3]}}


def test_status_and_details_change_together(world: World) -> None:
    booking = world.book(world.create_schedule())
    body = {"status": "CONFIRMED", "metadata": {"confirmed_by": "admin"}}
    changed = update(world, booking, **body).json()["data"]
    assert (changed["status"], changed["metadata"]) == ("CONFIRMED", {"confirmed_by": "admin"})


def test_a_reason_is_kept_with_a_cancellation_by_patch(world: World) -> None:
    booking = world.book(world.create_schedule())
    changed = update(world, booking, status="CANCELLED", cancellation_reason="rain").json()["data"]
    assert changed["cancellation_reason"] == "rain"


def test_an_end_before_the_start_is_refused(world: World) -> None:
    booking = world.book(world.create_schedule())
    answer = update(world, booking, end_time=booking["start_time"])
    assert answer.json()["details"][0]["field"] == "end_time"


def test_a_change_of_a_version_that_is_gone_is_stale(world: World) -> None:
    schedule = world.create_schedule()
    made = world.api.post("/api/v1/bookings", json=world.booking_body(schedule))
    path, etag = f"/api/v1/bookings/{made.json()['data']['id']}", made.headers["etag"]
    fresh = world.api.patch(path, json={"title": "A"}, headers={"if-match": etag})
    assert (fresh.status_code, fresh.headers["etag"] != etag) == (200, True)
    for answer in (
        world.api.patch(path, json={"title": "B"}, headers={"if-match": etag}),
        world.api.delete(path, headers={"if-match": etag}),
        world.api.patch(path, json={"title": 7}, headers={"if-match": '"nonsense"'}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "STALE")
    assert world.api.delete(
        path, headers={"if-match": f"{etag}, {fresh.headers['etag']}"}
    ).is_success


def test_a_patch_that_changes_nothing_keeps_the_version(world: World) -> None:
    booking = world.book(world.create_schedule(), title="Same")
    before = world.api.get(f"/api/v1/bookings/{booking['id']}")
    after = update(world, booking, title="Same", status="PENDING", metadata={"x": None})
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    assert update(world, booking).status_code == 200
