"""What hosts are mailed: about bookings on their schedules, as far as they want it."""

import time

import pytest

from tests.conftest import fetch
from tests.mail.posting import Post
from tests.mail.reading import calendar_part, event_in, text_of, to
from tests.mail.teams import choose, member, offer_of
from tests.web.people.test_reassigning import book_with
from tests.web.people.test_schedule_people import owner_of
from tests.world import JSON, tomorrow_at


def told(post: Post, user: JSON) -> list[tuple[str, str]]:
    """What is new for the user: the beginning of each subject, and the invitation's method."""
    mails = to(post.news(), user["email"])
    return [
        (
            str(mail["Subject"]).partition(":")[0],
            calendar_part(mail)["Content-Type"].params["method"],
        )
        for mail in mails
    ]


def booked(post: Post, user: JSON, event_type: JSON | None = None) -> JSON:
    event_type = event_type or offer_of(post, user)
    return book_with(post.world, user["schedule"], event_type)


def moved(post: Post, booking: JSON) -> JSON:
    return post.patch(booking, start_time=tomorrow_at(15))


def cancelled(post: Post, booking: JSON) -> None:
    assert post.world.api.delete(f"/api/v1/bookings/{booking['id']}").status_code == 200


def test_a_host_receives_what_happens_to_a_booking(post: Post) -> None:
    ada = member(post, "Ada")
    booking = booked(post, ada, offer_of(post, ada, requires_confirmation=True))
    assert told(post, ada) == [("New request", "REQUEST")]
    booking = post.patch(booking, status="CONFIRMED")
    assert told(post, ada) == [("Confirmed", "REQUEST")]
    booking = moved(post, booking)
    assert told(post, ada) == [("New time", "REQUEST")]
    booking = post.patch(booking, location="Room 7")
    assert told(post, ada) == [("Changed", "REQUEST")]
    cancelled(post, booking)
    assert told(post, ada) == [("Cancelled", "CANCEL")]


def test_a_mail_to_a_host_names_host_and_attendee(post: Post) -> None:
    ada = member(post, "Ada")
    booking = booked(post, ada)
    (mail,) = to(post.news(), ada["email"])
    assert str(mail["To"]) == f"Ada <{ada['email']}>"
    assert booking["attendee_email"] in str(mail["Reply-To"])
    assert "Attendee: John Doe" in text_of(mail)
    assert f"mailto:{ada['email']}" in str(event_in(mail)["ATTENDEE"]).lower()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("requested", ["Confirmed", "New time", "Cancelled"]),
        ("confirmed", ["New request", "New time", "Cancelled"]),
        ("rescheduled", ["New request", "Confirmed", "Cancelled"]),
        ("cancelled", ["New request", "Confirmed", "New time"]),
    ],
)
def test_a_host_gets_nothing_that_is_turned_off(
    post: Post, choice: str, expected: list[str]
) -> None:
    ada = member(post, "Ada")
    choose(post, ada, **{choice: False})
    booking = booked(post, ada, offer_of(post, ada, requires_confirmation=True))
    booking = moved(post, post.patch(booking, status="CONFIRMED"))
    cancelled(post, booking)
    assert [subject for subject, _ in told(post, ada)] == expected


def test_another_host_is_told_to_both(post: Post) -> None:
    ada, grace = member(post, "Ada"), member(post, "Grace")
    booking = booked(post, ada, offer_of(post, ada, grace))
    post.news()
    post.patch(booking, schedule_id=grace["schedule"]["id"], location="Room 7")
    mails = post.news()
    (to_ada,), (to_grace,) = to(mails, ada["email"]), to(mails, grace["email"])
    assert str(to_ada["Subject"]).startswith("No longer with you: ")
    assert "Room 7" not in text_of(to_ada)
    assert event_in(to_ada)["STATUS"] == "CANCELLED"
    assert str(to_grace["Subject"]).startswith("With you: ")
    assert event_in(to_grace)["UID"] == event_in(to_ada)["UID"]
    cancelled(post, booking)
    assert [str(m["Subject"])[:9] for m in to(post.news(), "team.example")] == ["Cancelled"]


def test_a_booking_that_comes_back_is_told_anew(post: Post) -> None:
    ada, grace = member(post, "Ada"), member(post, "Grace")
    booking = booked(post, ada, offer_of(post, ada, grace))
    for taker in (grace, ada):
        post.patch(booking, schedule_id=taker["schedule"]["id"])
    assert [subject for subject, _ in told(post, ada)] == [
        "Confirmed", "No longer with you", "With you",
    ]  # fmt: skip


def test_a_quiet_change_of_hosts_is_told_with_the_next(post: Post) -> None:
    ada, grace = member(post, "Ada"), member(post, "Grace")
    booking = booked(post, ada, offer_of(post, ada, grace))
    post.news()
    post.patch(booking, schedule_id=grace["schedule"]["id"], notify=False)
    assert post.news() == []
    moved(post, booking)
    mails = post.news()
    assert [str(m["Subject"])[:9] for m in to(mails, ada["email"])] == ["No longer"]
    assert [str(m["Subject"])[:9] for m in to(mails, grace["email"])] == ["With you:"]


def test_who_turned_it_off_is_not_told_of_another_host(post: Post) -> None:
    ada, grace = member(post, "Ada"), member(post, "Grace")
    booking = booked(post, ada, offer_of(post, ada, grace))
    post.news()
    for one in (ada, grace):
        choose(post, one, reassigned=False)
    post.patch(booking, schedule_id=grace["schedule"]["id"])
    assert to(post.news(), "team.example") == []


def test_who_has_left_gets_nothing_more(post: Post) -> None:
    ada = member(post, "Ada")
    booking = booked(post, ada)
    post.news()
    assert post.world.api.delete(f"/api/v1/users/{ada['id']}").status_code == 200
    moved(post, booking)
    cancelled(post, booking)
    assert to(post.news(), ada["email"]) == []


def test_the_organizations_own_address_gets_one_mail(post: Post) -> None:
    ada = member(post, "Ada")
    addresses = ["desk@team.example", ada["email"].upper()]
    post.world.api.patch("/api/v1/organization", json={"notify_emails": addresses})
    booked(post, ada)
    assert len(to(post.news(), addresses[1])) == 1


def test_a_business_of_one_gets_each_mail_once(post: Post) -> None:
    owner = post.world.setup.admin_email
    post.world.api.patch("/api/v1/organization", json={"notify_email": owner})
    schedule = post.world.create_schedule(user_id=owner_of(post.world))
    event_type = offer_of(post, {"schedule": schedule})
    booking = book_with(post.world, schedule, event_type)
    assert len(to(post.news(), owner)) == 1
    booking = moved(post, booking)
    cancelled(post, booking)
    assert [str(mail["Subject"])[:9] for mail in to(post.news(), owner)] == [
        "New time:",
        "Cancelled",
    ]


def test_a_host_reads_times_of_the_own_zone(post: Post) -> None:
    ada = member(post, "Ada")
    schedule = ada["schedule"]["id"]
    changes = {"timezone": "America/New_York"}
    assert post.world.api.patch(f"/api/v1/schedules/{schedule}", json=changes).is_success
    booking = booked(post, ada)
    (mail,) = to(post.news(), ada["email"])
    assert booking["start_time"][11:16] == "10:00"
    assert "(America/New_York, GMT-" in text_of(mail)


def test_what_waits_for_who_leaves_is_dropped(post: Post) -> None:
    ada = member(post, "Ada")
    post.office.answer = lambda _: "451 not now"
    booked(post, ada)
    query = "SELECT recipient FROM mails WHERE state = 'queued' AND audience = 'host'"
    assert [row[0] for row in fetch(post.home, f"{query} AND recipient = $1", ada["email"])]
    assert post.world.api.delete(f"/api/v1/users/{ada['id']}").status_code == 200
    post.office.answer = lambda _: "250 OK"
    error = "SELECT error FROM mails WHERE state = 'failed' AND recipient = $1"
    until = time.monotonic() + 60
    while not (found := fetch(post.home, f"{error} AND audience = 'host'", ada["email"])):
        assert time.monotonic() < until, "it waits still"
        time.sleep(0.1)
    assert found[0][0] == "its reader belongs to the organization no more"
    assert to(post.office.messages, ada["email"])[1:] == []
