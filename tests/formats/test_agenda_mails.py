"""The mail with the bookings of a day, as its reader reads it."""

from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from kalends.domain.agenda import MailedBooking
from kalends.domain.booking import Status
from kalends.formats.mails.agenda import AgendaMail, agenda_message
from tests.formats.samples import CHANGED, NOON
from tests.formats.strategies import WITHOUT_HURRY, hostile


def agenda_mail(**changes: Any) -> AgendaMail:
    booking: dict[str, Any] = {
        "id": UUID(int=1),
        "status": Status.CONFIRMED,
        "start_time": NOON,
        "end_time": NOON + timedelta(hours=1),
        "title": None,
        "attendee_name": "Άντα",
        "attendee_phone": None,
        "location": "https://x.example/",
        "location_type": "video",
    }
    booking |= {name: changes.pop(name) for name in list(changes) if name in booking}
    values: dict[str, Any] = {
        "message_id": "ml_3@kalends.example",
        "recipient": "ada@example.com",
        "sender": "kalends@praxis.example",
        "organization_name": "Ωμέγα",
        "happened_at": CHANGED,
        "zone": "Europe/Berlin",
        "day": date(2026, 12, 1),
        "reader_zone": "Europe/Berlin",
        "bookings": [MailedBooking(**booking)],
        "has_more": True,
        "calendar_url": "https://praxis.example/calendar",
    }
    return AgendaMail(**(values | changes))


def text_in(mail: AgendaMail) -> str:
    message = message_from_bytes(agenda_message(mail).content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    ("locale", "zone", "expected"),
    [
        ("nl", "Europe/Berlin", ("dinsdag 1 december 2026: 1 afspraak", "10:00–11:00")),
        ("en-US", "America/New_York", ("Tuesday, December 1, 2026", "4:00 AM–5:00 AM")),
        ("ja", "Asia/Tokyo", ("2026年12月1日", "18:00–19:00")),
    ],
)
def test_a_day_is_told_in_language_and_zone(
    locale: str, zone: str, expected: tuple[str, str]
) -> None:
    text = text_in(agenda_mail(locale=locale, reader_zone=zone))
    for words in expected:
        assert words in text


def test_a_time_of_another_day_names_that_day() -> None:
    text = text_in(agenda_mail(start_time=NOON - timedelta(days=1), locale="de"))
    assert "Montag, 30. November 2026, 10:00–11:00" in text


def test_the_link_of_a_request_is_not_told() -> None:
    assert "https://x.example/" in text_in(agenda_mail())
    assert "https://x.example/" not in text_in(agenda_mail(status=Status.PENDING))


@WITHOUT_HURRY
@given(hostile)
def test_what_is_typed_stays_what_it_is(text: str) -> None:
    message = agenda_message(agenda_mail(attendee_name=text, title=text, attendee_phone=text))
    headers = message.content.partition(b"\r\n\r\n")[0]
    assert headers.count(b"\r\nSubject:") == 1
