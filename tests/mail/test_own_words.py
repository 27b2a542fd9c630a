"""Mail in an organization's own words, and mail that it does not send."""

from email.message import EmailMessage
from typing import Any

from tests.mail.posting import Post
from tests.mail.reading import text_of, to
from tests.world import JSON, tomorrow_at

PATH = "/api/v1/message-templates"
JOHN = "john"


def own(post: Post, **fields: Any) -> JSON:
    values = {"kind": "confirmed", "audience": "attendee", "locale": "en"} | fields
    answer = post.world.api.post(PATH, json=values)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()["data"]
    return made


def booked(post: Post, start: str = "", **fields: Any) -> list[EmailMessage]:
    """What is mailed about a new booking that is confirmed."""
    booking = post.world.book(post.world.create_schedule(), start, **fields)
    post.news()
    post.patch(booking, status="CONFIRMED")
    return post.news()


def test_a_mail_is_in_the_organizations_own_words(post: Post) -> None:
    own(post, subject="See you at {booking.start}", body="Bring *time*, {attendee.name}.")
    mails = booked(post)
    (his,) = to(mails, JOHN)
    assert str(his["Subject"]).startswith("See you at ")
    assert "Bring time, John Doe." in text_of(his)
    (ours,) = to(mails, post.world.setup.admin_email)
    assert str(ours["Subject"]).startswith("Confirmed: ")


def test_the_language_of_the_attendee_decides(post: Post) -> None:
    own(post, locale="de", subject="Bis bald")
    schedule = post.world.create_schedule()
    attendee = {"name": "Karl", "email": "karl@example.com", "locale": "de-AT"}
    booking = post.world.book(schedule, tomorrow_at(9), attendee=attendee)
    post.news()
    post.patch(booking, status="CONFIRMED")
    (his,) = to(post.news(), "karl@example.com")
    assert his["Subject"] == "Bis bald"
    (john,) = to(booked(post, tomorrow_at(11)), JOHN)
    assert str(john["Subject"]).startswith("Confirmed: ")


def test_the_words_of_an_event_type_come_first(post: Post) -> None:
    own(post, subject="All")
    schedule = post.world.create_schedule()
    event_type = post.world.create_event_type(schedule_id=schedule["id"])
    own(post, subject="This one", event_type_id=event_type["id"])
    booking = post.world.book(schedule, tomorrow_at(9), event_type_id=event_type["id"])
    post.news()
    post.patch(booking, status="CONFIRMED")
    (his,) = to(post.news(), JOHN)
    assert his["Subject"] == "This one"


def test_what_is_switched_off_is_not_sent(post: Post) -> None:
    own(post, locale=None, is_off=True)
    own(post, audience="organization", locale=None, is_off=True)
    assert booked(post) == []


def test_what_is_switched_off_in_a_language_goes_to_others(post: Post) -> None:
    own(post, locale="de", is_off=True)
    assert len(to(booked(post), JOHN)) == 1


def test_a_mail_is_in_our_words_once_they_are_deleted(post: Post) -> None:
    made = own(post, subject="Own")
    assert post.world.api.delete(f"{PATH}/{made['id']}").status_code == 200
    (his,) = to(booked(post), JOHN)
    assert str(his["Subject"]).startswith("Confirmed: ")


def test_a_test_goes_to_a_user_of_the_organization(post: Post) -> None:
    made = own(post, subject="See you, {attendee.name}", body="Bring time.")
    address = post.world.setup.admin_email
    answer = post.world.api.post(f"{PATH}/{made['id']}/test", json={"to": address})
    assert (answer.status_code, answer.json()["data"]) == (202, {"to": address})
    (mail,) = post.news()
    assert mail["Subject"] == "See you, Ada Lovelace"
    assert "Bring time." in text_of(mail)
    refused = post.world.api.post(f"{PATH}/{made['id']}/test", json={"to": "x@evil.example"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "to")
