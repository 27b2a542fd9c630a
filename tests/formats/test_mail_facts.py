"""What a mail about a booking tells: answers by label, places when it is time, until when."""

from datetime import timedelta
from typing import Any

import pytest

from kalends.domain.booking import LocationType, Status
from kalends.domain.event_type import Question, QuestionType
from kalends.domain.mail import Audience, MailKind
from kalends.formats.answers import label_answers
from kalends.formats.mails.facts import BookingMail
from kalends.formats.mails.invitations import is_invitation_changed
from tests.formats.samples import NOON, booking, booking_mail
from tests.formats.test_booking_mails import AUDIENCES, event_of, page_of, text_of

LINK = "https://meet.example/secret-room"
SIZE = Question(key="size", label="Which size?", type=QuestionType.SELECT, options=["S", "L"])
EXTRAS = Question(key="extras", label="Extras", type=QuestionType.MULTISELECT, options=["a", "b"])
FIRST = Question(key="first", label="Is it your first visit?", type=QuestionType.BOOLEAN)


def parts_of(mail: BookingMail) -> list[str]:
    """Everything that a recipient may read."""
    return [text_of(mail), page_of(mail), event_of(mail).to_ical().decode().replace("\r\n ", "")]


def test_answers_stand_under_their_questions_in_mail_and_invitation() -> None:
    answers = {"first": False, "size": "L", "extras": ["a", "b"]}
    for audience in AUDIENCES:
        mail = booking_mail(
            booking=booking(answers=answers), audience=audience, questions=[SIZE, EXTRAS, FIRST]
        )
        text, _, invitation = parts_of(mail)
        assert "Which size?: L\nExtras: a, b\nIs it your first visit?: No\n" in text
        assert "Which size?: L\\nExtras: a\\, b\\nIs it your first visit?: No" in invitation


def test_an_answer_to_a_removed_question_stays_readable() -> None:
    answers = {"phone_model": "P7", "size": "L"}
    assert label_answers(answers, [SIZE]) == [("Which size?", "L"), ("Phone model", "P7")]


def test_a_renamed_question_goes_by_its_new_label() -> None:
    renamed = Question(key="size", label="Your size")
    assert label_answers({"size": "XL"}, [renamed]) == [("Your size", "XL")]


@pytest.mark.parametrize("nothing", [None, "", [], [None]])
def test_what_was_not_answered_is_not_shown(nothing: Any) -> None:
    assert label_answers({"size": nothing, "extras": 0}, [SIZE]) == [("Extras", "0")]


@pytest.mark.parametrize("label", ["When", "Where", "What", "Booking", "Notes"])
def test_a_label_like_one_of_ours_stays_an_answer(label: str) -> None:
    question = Question(key="own", label=label)
    mail = booking_mail(
        booking=booking(answers={"own": LINK}), questions=[question], manage_url=None
    )
    assert f"{label}: {LINK}" in str(event_of(mail)["DESCRIPTION"])
    assert "href" not in page_of(mail)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        (LINK, LocationType.VIDEO),
        ("Number 81 22, password swordfish", LocationType.VIDEO),
        (LINK, LocationType.CUSTOM),
        (f"Room A or {LINK}", LocationType.CUSTOM),
        (LINK, None),
    ],
)
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize(
    ("event", "status"),
    [
        (MailKind.REQUESTED, Status.PENDING),
        (MailKind.RESCHEDULED, Status.PENDING),
        (MailKind.CANCELLED, Status.CANCELLED),
    ],
)
def test_a_video_link_is_not_sent_before_confirmation(
    event: MailKind, status: Status, audience: Audience, location: str, kind: LocationType | None
) -> None:
    body = booking(status=status, location=location, location_type=kind)
    mail = booking_mail(kind=event, audience=audience, booking=body)
    for part in parts_of(mail):
        assert "meet.example" not in part
        assert "swordfish" not in part
    word = "Video call" if kind == LocationType.VIDEO else "Online"
    comes = " (the link comes once it is confirmed)" if status == Status.PENDING else ""
    assert f"Where: {word}{comes}\n" in text_of(mail)
    assert event_of(mail)["LOCATION"] == word


@pytest.mark.parametrize("kind", [LocationType.VIDEO, LocationType.CUSTOM, None])
def test_a_video_link_is_sent_with_the_confirmation(kind: LocationType | None) -> None:
    for part in parts_of(booking_mail(booking=booking(location=LINK, location_type=kind))):
        assert LINK in part


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("Main Street 5", LocationType.IN_PERSON),
        ("https://maps.example/here", LocationType.IN_PERSON),
        ("tel:+49301234", LocationType.PHONE),
        ("Room 5", None),
        ("The usual place", LocationType.CUSTOM),
    ],
)
def test_any_other_place_is_sent_at_once(location: str, kind: LocationType | None) -> None:
    body = booking(status=Status.PENDING, location=location, location_type=kind)
    text = text_of(booking_mail(kind=MailKind.REQUESTED, booking=body))
    assert f"Where: {location}\n" in text


def test_a_late_confirmation_of_a_cancelled_booking_holds_no_link() -> None:
    body = booking(location=LINK, location_type=LocationType.VIDEO)
    for part in parts_of(booking_mail(booking=body, now_is=Status.CANCELLED)):
        assert "meet.example" not in part


def test_the_mail_says_until_when_it_can_be_changed() -> None:
    mail = booking_mail(
        changeable_until=NOON - timedelta(days=1),
        booking=booking(attendee={"timezone": "Asia/Kathmandu"}),
    )
    until = "Monday, 30 November 2026, 14:45 (Asia/Kathmandu, GMT+5:45)"
    for part in (text_of(mail), page_of(mail)):
        assert f"You can cancel or move it until {until}." in part
    assert "T0ken" in text_of(mail)


def test_without_a_link_the_mail_says_that_it_is_too_late() -> None:
    mail = booking_mail(changeable_until=NOON, manage_url=None)
    for part in (text_of(mail), page_of(mail)):
        assert "can no longer be cancelled or moved online" in part
        assert "Cancel or move" not in part


@pytest.mark.parametrize(
    "other",
    [
        {"audience": Audience.ORGANIZATION},
        {"kind": MailKind.CANCELLED},
        {"kind": MailKind.WITHDRAWN},
    ],
)
def test_those_who_may_change_it_read_until_when(other: dict[str, Any]) -> None:
    mail = booking_mail(changeable_until=NOON, **other)
    assert "cancel or move" not in text_of(mail)
    assert "T0ken" not in text_of(mail)


@pytest.mark.parametrize(
    ("change", "audiences"),
    [
        ({"title": "Other"}, set(AUDIENCES)),
        ({"location": "Room 9"}, set(AUDIENCES)),
        ({"location_type": LocationType.PHONE}, set(AUDIENCES)),
        ({"attendee": {"notes": "new"}}, set(AUDIENCES)),
        ({"answers": {"size": "L"}}, set(AUDIENCES)),
        ({"attendee": {"phone": "1"}}, {Audience.ORGANIZATION}),
        ({"attendee": {"timezone": "Asia/Tokyo"}}, {Audience.ATTENDEE}),
        ({"timezone": "Asia/Tokyo"}, {Audience.ATTENDEE}),
        ({"metadata": {"a": 1}}, set()),
        ({"cancellation_reason": "x"}, set()),
        ({"schedule_ids": ["sch_2"]}, set()),
    ],
)
def test_an_invitation_changes_with_what_it_says(
    change: dict[str, Any], audiences: set[Audience]
) -> None:
    before, after = booking(), booking(**change)
    changed = {each for each in AUDIENCES if is_invitation_changed(before, after, each)}
    assert changed == audiences


def test_a_consent_is_written_without_the_address_of_its_link() -> None:
    terms = Question(
        key="terms", label="I agree to the [terms](https://x.example/t)", type=QuestionType.CONSENT
    )
    assert label_answers({"terms": True}, [terms]) == [("I agree to the terms", "Yes")]
