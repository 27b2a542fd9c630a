"""What reaches calendars and people when a booking's details change."""

import pytest

from kalends.runtime.mails.again import send_again
from tests.conftest import fetch, in_thread, run
from tests.homes import BESIDE
from tests.mail.posting import Post
from tests.mail.reading import calendar_part, event_in, text_of, to
from tests.world import JSON, plus, tomorrow_at

NEW = "jane.new@example.com"


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"title": "Check-up"}, "What: Check-up"),
        ({"location": "Room 9"}, "Where: Room 9"),
        ({"location_type": "phone"}, "Where: By phone"),
        ({"timezone": "Asia/Tokyo"}, "(Asia/Tokyo"),
        ({"attendee": {"timezone": "Asia/Kathmandu"}}, "(Asia/Kathmandu"),
        ({"attendee": {"notes": "Second\nfloor"}}, "Notes: Second\n    floor"),
        ({"attendee": {"name": "Jane Roe"}}, "Hello Jane Roe"),
    ],
)
def test_any_changed_field_of_the_invitation_is_sent_again(
    post: Post, change: JSON, fact: str
) -> None:
    booking = post.confirmed()
    post.patch(booking, **change)
    (mail,) = to(post.news(), booking["attendee_email"])
    assert str(mail["Subject"]).startswith("Changed: ")
    assert fact in text_of(mail)
    event = event_in(mail)
    assert (calendar_part(mail).get_param("method"), event["SEQUENCE"]) == ("REQUEST", 2)
    assert (str(event["UID"]), event["STATUS"]) == (f"{booking['id']}@kalends", "CONFIRMED")


def test_the_calendar_gets_the_new_place_and_the_mail_says_what_changed(post: Post) -> None:
    booking = post.confirmed(location="Room 1", title="Cut")
    post.patch(booking, location="Room 9", title="Cut and wash")
    mails = post.news()
    assert len(mails) == 2
    for mail in mails:
        assert event_in(mail)["LOCATION"] == "Room 9"
        assert "What has changed: What, Where." in text_of(mail)


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"invoice": "7"}},
        {"cancellation_reason": "later"},
        {"attendee": {"phone": "+49 30 1"}},
        {"location": "Room 1"},
    ],
)
def test_a_change_outside_the_attendees_invitation_is_not_sent(post: Post, change: JSON) -> None:
    booking = post.confirmed(location="Room 1")
    post.patch(booking, **change)
    mails = post.news()
    assert to(mails, booking["attendee_email"]) == []
    assert len(mails) == int("attendee" in change)  # the desk's shows the phone


def test_a_request_receives_its_new_place_when_it_is_confirmed(post: Post) -> None:
    booking = post.world.book(post.world.create_schedule(), location="Room 1")
    post.patch(booking, location="Room 9")
    assert len(post.news()) == 2
    post.patch(booking, status="CONFIRMED")
    for mail in post.news():
        assert event_in(mail)["LOCATION"] == "Room 9"


@pytest.mark.parametrize("status", ["CANCELLED", "COMPLETED", "NO_SHOW"])
def test_changed_details_are_not_mailed_after_the_end(post: Post, status: str) -> None:
    booking = post.confirmed()
    post.patch(booking, status=status, notify=False)
    post.patch(booking, location="Room 9", attendee={"email": NEW})
    assert post.news() == []


def test_a_new_address_is_invited_and_the_old_one_cancelled(post: Post) -> None:
    booking = post.confirmed(location="Room 1")
    post.patch(booking, attendee={"email": NEW}, location="Room 9")
    mails = post.news()
    (old,), (new,) = to(mails, booking["attendee_email"]), to(mails, NEW)
    assert calendar_part(old).get_param("method") == "CANCEL"
    assert event_in(old)["ATTENDEE"] == f"mailto:{booking['attendee_email']}"
    assert (event_in(old)["STATUS"], event_in(old)["SEQUENCE"]) == ("CANCELLED", 2)
    assert calendar_part(new).get_param("method") == "REQUEST"
    assert (event_in(new)["ATTENDEE"], event_in(new)["SEQUENCE"]) == (f"mailto:{NEW}", 2)
    assert str(new["Subject"]).startswith("Confirmed: ")
    assert "/booking/" in text_of(new)


def test_the_old_address_learns_neither_the_new_one_nor_anything_else(post: Post) -> None:
    booking = post.confirmed(location="Room 1")
    post.patch(
        booking,
        attendee={"email": NEW, "notes": "private", "name": "Jane Roe"},
        location="Room 9",
        title="Secret",
        start_time=plus(booking["start_time"], hours=2),
    )
    (old,) = to(post.news(), booking["attendee_email"])
    for part in (text_of(old), calendar_part(old).get_content()):
        for hidden in (NEW, "Roe", "private", "Room 9", "Secret", "/booking/"):
            assert hidden not in part


def test_a_new_address_of_a_request_gets_what_the_old_one_had(post: Post) -> None:
    booking = post.world.book(post.world.create_schedule())
    post.news()
    post.patch(booking, attendee={"email": NEW})
    mails = post.news()
    (old,), (new,) = to(mails, booking["attendee_email"]), to(mails, NEW)
    assert calendar_part(old).get_param("method") == "CANCEL"
    assert str(new["Subject"]).startswith("Request received: ")


def test_an_address_in_other_letters_is_the_same_mailbox(post: Post) -> None:
    booking = post.confirmed()
    post.patch(booking, attendee={"email": booking["attendee_email"].upper()})
    mails = [m for m in post.news() if post.world.setup.admin_email not in str(m["To"])]
    assert [calendar_part(mail).get_param("method") for mail in mails] == ["REQUEST"]


def test_a_mail_after_a_quiet_move_names_the_last_mailed_time(post: Post) -> None:
    start = tomorrow_at(10)
    booking = post.confirmed(start=start)
    post.patch(booking, start_time=plus(start, hours=1), notify=False)
    post.patch(booking, location="Room 9")
    (mail,) = to(post.news(), booking["attendee_email"])
    assert str(mail["Subject"]).startswith("New time: ")
    assert "10:00 to 11:00" in text_of(mail).partition("Instead of:")[2].partition("\n")[0]
    assert "What has changed: Where." in text_of(mail)


def test_back_to_what_the_attendee_knows_is_no_news(post: Post) -> None:
    booking = post.confirmed(location="Room 1")
    post.patch(booking, location="Room 9", notify=False)
    post.patch(booking, location="Room 1")
    assert post.news() == []


def test_a_quiet_confirmation_is_mailed_with_the_next_change(post: Post) -> None:
    booking = post.world.book(post.world.create_schedule())
    post.news()
    post.patch(booking, status="CONFIRMED", notify=False)
    post.patch(booking, location="Room 9")
    (mail,) = to(post.news(), booking["attendee_email"])
    assert str(mail["Subject"]).startswith("Confirmed: ")
    assert event_in(mail)["STATUS"] == "CONFIRMED"


def test_a_quietly_replaced_address_is_cancelled_with_the_next_mail(post: Post) -> None:
    booking = post.confirmed()
    post.patch(booking, attendee={"email": NEW}, notify=False)
    post.world.api.delete(f"/api/v1/bookings/{booking['id']}")
    mails = post.news()
    methods = [calendar_part(mail).get_param("method") for mail in mails]
    assert methods == ["CANCEL"] * 3
    assert len(to(mails, booking["attendee_email"])) == len(to(mails, NEW)) == 1


def test_each_of_two_quick_changes_is_an_invitation_of_its_own(post: Post) -> None:
    booking = post.confirmed()
    post.patch(booking, location="Room 8")
    post.patch(booking, location="Room 9")
    mails = to(post.news(), booking["attendee_email"])
    events = [event_in(mail) for mail in mails]
    assert {(e["SEQUENCE"], str(e["LOCATION"])) for e in events} == {(2, "Room 8"), (3, "Room 9")}


def test_the_organizations_calendar_receives_a_new_phone(post: Post) -> None:
    booking = post.confirmed()
    post.patch(booking, attendee={"phone": "+49 30 1234"})
    (mail,) = post.news()
    assert post.world.setup.admin_email in str(mail["To"])
    assert "What has changed: Phone." in text_of(mail)
    assert "+49 30 1234" in str(event_in(mail)["DESCRIPTION"])


def test_a_booking_that_was_never_mailed_is_not_updated(post: Post) -> None:
    past = post.world.book(post.world.create_schedule(), "2001-01-01T10:00:00Z")
    post.patch(past, status="CONFIRMED")
    post.patch(past, location="Room 9")
    assert post.news() == []


def test_a_late_mail_has_no_link_for_the_previous_address(post: Post) -> None:
    booking = post.confirmed()
    post.patch(booking, attendee={"email": NEW})
    post.news()
    late = f"recipient = '{booking['attendee_email']}' AND kind = 'confirmed'"
    ((organization, mail),) = fetch(
        post.home, f"SELECT organization_id, id FROM mails WHERE {late}"
    )
    run(post.home, f"UPDATE mails SET state = 'failed', message = NULL WHERE {late}")
    run(post.home, f"UPDATE deliveries SET state = 'exhausted' WHERE id = '{mail}'")
    context, before = post.home.context(BESIDE), len(post.office.taken)
    in_thread(send_again(context, organization, [mail]))
    post.office.wait_for(before + 1)
    written = text_of(post.office.messages[-1])
    assert written.startswith("Your appointment is confirmed")
    assert "/booking/" not in written
    in_thread(context.database.close())
