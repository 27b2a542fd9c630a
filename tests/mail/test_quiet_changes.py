"""Changes without a mail: `"notify": false` on update, `?notify=false` on cancel."""

from typing import Any

import pytest

from tests.mail.reading import event_in, to
from tests.smtp import PostOffice
from tests.world import JSON, World, plus

QUIET_CHANGES: list[JSON] = [
    {"status": "CONFIRMED"},
    {"status": "CANCELLED", "cancellation_reason": "ill"},
    {"start_time": "+2"},
    {"title": "Another", "location": "Room 9", "attendee": {"name": "Jane"}},
    {"attendee": {"email": "elsewhere@example.com"}},
]


def update(world: World, booking: JSON, **changes: Any) -> JSON:
    if changes.get("start_time") == "+2":
        changes["start_time"] = plus(booking["start_time"], hours=2)
    answer = world.api.patch(f"/api/v1/bookings/{booking['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    changed: JSON = answer.json()["data"]
    return changed


def mails_after_all(world: World, office: PostOffice, expected: int) -> list[Any]:
    """What was sent, once the mail of one more booking has come."""
    last = world.book(world.create_schedule())
    mails = office.wait_for(expected + 2)
    assert len(to(mails, last["attendee_email"])) == 1
    return [mail for mail in mails if last["attendee_email"] not in str(mail)]


@pytest.mark.parametrize("change", QUIET_CHANGES, ids=lambda change: "-".join(change))
def test_a_quiet_change_is_an_event_but_no_mail(
    world: World, office: PostOffice, change: JSON
) -> None:
    booking = world.book(world.create_schedule())
    office.wait_for(2)
    changed = update(world, booking, **change, notify=False)
    assert changed["updated_at"] >= booking["updated_at"]
    events = world.api.get("/api/v1/event-log").json()["data"]
    assert [event["data"] for event in events][1:] == [changed]
    assert len(mails_after_all(world, office, 2)) == 2


@pytest.mark.parametrize(("query", "mails"), [("?notify=false&reason=ill", 2), ("", 4)])
def test_a_quiet_delete_notifies_nobody(
    world: World, office: PostOffice, query: str, mails: int
) -> None:
    booking = world.book(world.create_schedule())
    office.wait_for(2)
    answer = world.api.delete(f"/api/v1/bookings/{booking['id']}{query}")
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "CANCELLED")
    events = world.api.get("/api/v1/event-log").json()["data"]
    assert [event["type"] for event in events] == ["booking.created", "booking.cancelled"]
    assert len(mails_after_all(world, office, mails)) == mails


def test_the_invitation_after_a_quiet_change_outranks_the_one_before(
    world: World, office: PostOffice
) -> None:
    booking = update(world, world.book(world.create_schedule()), status="CONFIRMED")
    update(world, booking, start_time="+2", notify=False)
    moved = update(world, booking, start_time=plus(booking["start_time"], hours=4), notify=True)
    mails = to(office.wait_for(6), booking["attendee_email"])
    first, second, third = sorted(
        (event_in(mail) for mail in mails), key=lambda event: event.sequence
    )
    assert [first["SEQUENCE"], second["SEQUENCE"], third["SEQUENCE"]] == [0, 1, 3]
    assert third.start.isoformat() == moved["start_time"].replace("Z", "+00:00")


@pytest.mark.parametrize("notify", [None, "no", 0])
def test_whether_to_notify_is_true_or_false(world: World, notify: Any) -> None:
    booking = world.book(world.create_schedule())
    path = f"/api/v1/bookings/{booking['id']}"
    answer = world.api.patch(path, json={"title": "Another", "notify": notify})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "notify")
    refused = world.api.delete(path, params={"notify": "maybe"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "notify")


def test_a_quiet_change_of_nothing_says_nothing(world: World) -> None:
    booking = world.book(world.create_schedule())
    assert update(world, booking, notify=False) == booking
