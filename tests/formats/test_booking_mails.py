"""Mail about bookings: its parts, its headers, its words."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from icalendar import Calendar

from kalends.formats.mails import BookingMail, booking_message
from tests.formats.samples import booking_mail


def parsed(mail: BookingMail) -> EmailMessage:
    message = message_from_bytes(booking_message(mail).content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    return message


def test_the_invitation_is_an_alternative_and_a_file() -> None:
    message = parsed(booking_mail())
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    *_, alternative, file = message.walk()
    assert alternative["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    assert file.get_filename() == "invite.ics"
    assert file.get_payload(decode=True) == alternative.get_payload(decode=True)
    assert Calendar.from_ical(file.get_content())["METHOD"] == "REQUEST"
