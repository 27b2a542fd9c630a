"""Reading mail and the invitations in it."""

from email.message import EmailMessage
from typing import Any

import icalendar


def to(messages: list[EmailMessage], address: str) -> list[EmailMessage]:
    return [message for message in messages if address in str(message["To"])]


def event_in(message: EmailMessage) -> icalendar.Event:
    calendar = icalendar.Calendar.from_ical(calendar_part(message).get_payload(decode=True))
    (event,) = calendar.walk("VEVENT")
    assert isinstance(event, icalendar.Event)
    return event


def calendar_part(message: EmailMessage) -> Any:
    return next(p for p in message.walk() if p.get_content_type() == "text/calendar")


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
