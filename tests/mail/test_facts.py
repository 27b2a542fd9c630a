"""What is mailed of an event type: its questions, its video link, its notice."""

from typing import Any

import pytest

from tests.mail.posting import Post
from tests.mail.reading import event_in, text_of, to
from tests.world import JSON, plus, tomorrow_at

LINK = "https://meet.example/secret-room"
QUESTIONS: list[JSON] = [
    {"key": "topic", "label": "What is it about?", "type": "select", "options": ["Teeth", "Gums"]},
    {"key": "first", "label": "Is it your first visit?", "type": "boolean"},
]


def event_type(post: Post, **fields: Any) -> JSON:
    schedule = post.world.create_schedule()
    return post.world.create_event_type(schedule_id=schedule["id"], **fields)


def parts_of(post: Post, booking: JSON) -> tuple[str, str]:
    """The text of the attendee's one new mail, and its invitation."""
    (mail,) = to(post.news(), booking["attendee_email"])
    return text_of(mail), event_in(mail).to_ical().decode().replace("\r\n ", "")


def test_answers_are_mailed_under_their_questions(post: Post) -> None:
    kind = event_type(post, questions=QUESTIONS)
    post.world.book(event_type_id=kind["id"], answers={"topic": "Teeth", "first": True})
    mails = post.news()
    assert len(mails) == 2
    for mail in mails:
        for fact in ("What is it about?: Teeth", "Is it your first visit?: Yes"):
            assert fact in text_of(mail)
            assert fact in str(event_in(mail)["DESCRIPTION"])


def test_answers_keep_their_labels_when_the_event_type_is_deleted(post: Post) -> None:
    kind = event_type(post, questions=QUESTIONS)
    booking = post.world.book(event_type_id=kind["id"], answers={"topic": "Gums"})
    post.news()
    path = f"/api/v1/event-types/{kind['id']}"
    post.world.api.patch(path, json={"questions": [QUESTIONS[0] | {"label": "Your topic"}]})
    assert post.world.api.delete(path).status_code == 200
    post.patch(booking, status="CONFIRMED")
    assert "Your topic: Gums" in parts_of(post, booking)[0]


def test_a_question_that_was_removed_goes_by_its_name(post: Post) -> None:
    kind = event_type(post, questions=QUESTIONS)
    booking = post.world.book(event_type_id=kind["id"], answers={"topic": "Gums"})
    post.news()
    post.world.api.patch(f"/api/v1/event-types/{kind['id']}", json={"questions": []})
    post.patch(booking, status="CONFIRMED")
    assert "Topic: Gums" in parts_of(post, booking)[0]


def test_the_video_link_comes_with_the_confirmation_and_goes(post: Post) -> None:
    kind = event_type(post, location=LINK, location_type="video")
    booking = post.world.book(event_type_id=kind["id"])
    for part in parts_of(post, booking):
        assert LINK not in part
    post.patch(booking, status="CONFIRMED")
    for part in parts_of(post, booking):
        assert LINK in part
    post.world.api.delete(f"/api/v1/bookings/{booking['id']}")
    for part in parts_of(post, booking):
        assert LINK not in part


def test_the_old_address_keeps_no_video_link(post: Post) -> None:
    booking = post.confirmed(location=LINK, location_type="video")
    post.patch(booking, attendee={"email": "jane.new@example.com"})
    for part in parts_of(post, booking):
        assert LINK not in part


def test_the_mail_says_until_when_it_can_be_changed(post: Post) -> None:
    kind = event_type(post, cancellation_notice_minutes=90)
    start = plus(tomorrow_at(12), days=5)
    body = post.world.booking_body(None, start, event_type_id=kind["id"])
    body["attendee"]["timezone"] = "Asia/Kathmandu"
    booking = post.world.api.post("/api/v1/bookings", json=body).json()["data"]
    text, invitation = parts_of(post, booking)
    assert "16:15 (Asia/Kathmandu, GMT+5:45)." in text.partition("cancel or move it until")[2]
    assert "/booking/" in text
    assert "/booking/" in invitation


@pytest.mark.parametrize("notice", [90, None])
def test_a_mail_offers_no_change_once_it_is_too_late(post: Post, notice: int | None) -> None:
    kind = event_type(post, cancellation_notice_minutes=notice and 60 * 24 * 7)
    booking = post.world.book(event_type_id=kind["id"])
    for part in parts_of(post, booking):
        assert ("/booking/" in part) == (notice is None)
