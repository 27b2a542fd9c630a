"""Whole messages (RFC 5322, RFC 2045) as bytes, the same for the same input.

A message that is sent again after a lost answer has to be the one that was sent before: no random
boundary, no clock.

An invitation stands where each client looks for it: as an alternative of the text, with its method
(Outlook looks into the first part only; RFC 6047 2.4), and as a file (Apple Mail, web mail):

    multipart/mixed
      multipart/alternative
        text/plain
        text/html
        text/calendar; method=REQUEST
      application/ics, attachment; filename=invite.ics
"""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from msgspec import Struct

from kalends.formats.cleaning import mail_address, one_line, shortened
from kalends.formats.invitations import Method, Person

LONGEST_NAME: Final = 100  # characters, of a name in an address
LONGEST_SUBJECT: Final = 200
_SHOWN_HEADERS: Final = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID")


class Message(Struct, frozen=True):
    """A message that can be sent; `content` has CRLF and every header."""

    subject: str
    content: bytes


class Calendar(Struct, frozen=True):
    """The invitation in a message; its method is the one inside it (RFC 6047 2.4)."""

    method: Method
    content: bytes


class Letter(Struct, frozen=True, kw_only=True):
    """What a message is made of. `written_at` becomes its Date."""

    message_id: str
    sender: Person
    recipient: Person
    subject: str
    written_at: datetime
    text: str
    html: str
    reply_to: Person | None = None
    calendar: Calendar | None = None


def write_message(letter: Letter) -> Message:
    """The message as it goes to the mail server."""
    subject = shortened(one_line(letter.subject), LONGEST_SUBJECT)
    mail = EmailMessage(policy=policy.SMTP if _is_ascii(letter) else policy.SMTPUTF8)
    mail["From"] = _address(letter.sender)
    mail["To"] = _address(letter.recipient)
    if letter.reply_to is not None:
        mail["Reply-To"] = _address(letter.reply_to)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(letter.written_at)
    mail["Message-ID"] = f"<{one_line(letter.message_id).strip('<>')}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    _add_bodies(mail, letter)
    _fix_boundaries(mail, letter.message_id)
    return Message(subject, mail.as_bytes())


def message_as_text(content: bytes) -> str:
    """How a message is shown in a terminal: its main headers and its text, without controls."""
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(preferencelist=("plain",))
    text = str(body.get_content()) if body is not None else ""
    return "\n".join((*_headers_as_text(mail), "", text.replace("\r\n", "\n").strip(), ""))


def _headers_as_text(mail: EmailMessage) -> Iterator[str]:
    for name in _SHOWN_HEADERS:
        if mail[name] is not None:
            yield f"{name}: {one_line(str(mail[name]))}"


def _is_ascii(letter: Letter) -> bool:
    """Whether headers can be ASCII: not with an address that cannot be written in it (RFC 6532)."""
    people = (letter.sender, letter.recipient, letter.reply_to)
    return all(mail_address(person.email).isascii() for person in people if person is not None)


def _address(person: Person) -> Address:
    local, _, domain = mail_address(person.email).rpartition("@")
    return Address(shortened(one_line(person.name), LONGEST_NAME), local, domain)


def _add_bodies(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    calendar = letter.calendar
    if calendar is None:
        return
    # base64: not one octet of it may change on the way.
    mail.add_alternative(
        calendar.content.decode(),
        subtype="calendar",
        cte="base64",
        params={"method": str(calendar.method)},
    )
    mail.add_attachment(calendar.content, "application", "ics", filename="invite.ics", cte="base64")


def _fix_boundaries(mail: EmailMessage, message_id: str) -> None:
    """`=_` comes in neither quoted-printable nor base64, so no body has a boundary in it."""
    seed = sha256(message_id.encode("utf-8", "replace")).hexdigest()[:24]
    multiparts = (part for part in mail.walk() if part.is_multipart())
    for number, part in enumerate(multiparts, 1):
        part.set_boundary(f"=_{number}_{seed}")
