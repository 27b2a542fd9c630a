"""Writes whole messages (RFC 5322, RFC 2045) as bytes, deterministically.

A message that is sent again after an answer was lost has to be the same as before. So there are no
random boundaries, and the clock is not read.

An invitation is in both places where clients look for it: as an alternative of the text, with its
method (Outlook only looks into the first part; RFC 6047 2.4), and as a file (Apple Mail, webmail):

    multipart/mixed
      multipart/alternative
        text/plain
        text/html
        text/calendar; method=REQUEST
      application/ics, attachment; filename=invite.ics
"""

from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from hashlib import sha256
from typing import Final

from msgspec import Struct

from kalends.formats.cleaning import one_line, shortened
from kalends.formats.icalendar.invitations import Invitation, invitation_ics
from kalends.formats.mails.headers import address_field, date_field, text_field
from kalends.formats.mails.letters import Content, write_html, write_text
from kalends.formats.mails.page import MailLook
from kalends.formats.person import Person

LONGEST_SUBJECT: Final = 200  # characters
LONGEST_LINE: Final = 998  # octets (RFC 5322 2.1.1)
PLAIN: Final = "Content-Transfer-Encoding: 7bit"
QUOTED: Final = "Content-Transfer-Encoding: quoted-printable"
BASE64: Final = "Content-Transfer-Encoding: base64"
_CALENDAR: Final = 'text/calendar; charset="utf-8"; method={method}'
_AS_FILE: Final = 'Content-Disposition: attachment; filename="invite.ics"'
# The visible characters of ASCII, and the line end.
_SHOWN: Final = bytes(range(0x20, 0x7F)) + b"\n"
_LISTED_HEADERS: Final = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID")


class Message(Struct, frozen=True):
    """A message that can be sent; `content` has all headers, and CRLF line ends."""

    subject: str
    content: bytes


class Letter(Struct, frozen=True, kw_only=True):
    """The parts of a message. `written_at` becomes its Date; `look` is the organization's."""

    sender: Person
    recipient: Person
    reply_to: Person | None = None
    subject: str
    written_at: datetime
    message_id: str
    content: Content
    invitation: Invitation | None = None
    look: MailLook


def write_message(letter: Letter) -> Message:
    """The message for the mail server. Its bodies are ASCII, and so are its headers, unless the
    local part of an address is not (SMTPUTF8)."""
    subject = shortened(one_line(letter.subject), LONGEST_SUBJECT)
    return Message(subject, b"".join((_headers(letter, subject), *_content(letter))))


def message_as_text(content: bytes) -> str:
    """The main headers and the text of a message for a terminal, without control characters."""
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(preferencelist=("plain",))
    text = str(body.get_content()) if body is not None else ""
    return "\n".join((*_headers_as_text(mail), "", text.replace("\r\n", "\n").strip(), ""))


def _headers_as_text(mail: EmailMessage) -> Iterator[str]:
    for name in _LISTED_HEADERS:
        if mail[name] is not None:
            yield f"{name}: {one_line(str(mail[name]))}"


def _headers(letter: Letter, subject: str) -> bytes:
    reply_to = letter.reply_to
    fields = [
        address_field("From", letter.sender),
        address_field("To", letter.recipient),
        *([address_field("Reply-To", reply_to)] if reply_to is not None else ()),
        text_field("Subject", subject),
        date_field(letter.written_at),
        f"Message-ID: <{one_line(letter.message_id).strip('<>')}>",
        "Auto-Submitted: auto-generated",  # RFC 3834: no auto-reply answers it
        "MIME-Version: 1.0",
        "",
    ]
    return "\r\n".join(fields).encode()


def _content(letter: Letter) -> list[bytes]:
    """The MIME entity in pieces: its own headers and its body."""
    seed = sha256(letter.message_id.encode("utf-8", "replace")).hexdigest()[:24]
    content, invitation = letter.content, letter.invitation
    parts = [
        _text("plain", write_text(content)),
        _text("html", write_html(content, letter.look)),
    ]
    if invitation is None:
        return _multipart("alternative", f"=_2_{seed}", parts)
    encoded = _base64(invitation_ics(invitation))
    parts.append([_part_headers(_CALENDAR.format(method=invitation.method), BASE64), encoded])
    alternatives = _multipart("alternative", f"=_2_{seed}", parts)
    file = [_part_headers("application/ics", BASE64, _AS_FILE), encoded]
    return _multipart("mixed", f"=_1_{seed}", [alternatives, file])


def _multipart(subtype: str, boundary: str, parts: list[list[bytes]]) -> list[bytes]:
    """A multipart entity. Boundaries contain `=_`, which no body does."""
    line = f"--{boundary}\r\n".encode()
    pieces = [f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()]
    for part in parts:
        pieces += (line, *part)
    pieces.append(f"--{boundary}--\r\n".encode())
    return pieces


def _text(subtype: str, text: str) -> list[bytes]:
    """A text part: unencoded, if mail can carry it, else quoted-printable; without `=_` in both."""
    body = text.encode()
    shows = not body.translate(None, _SHOWN)
    is_plain = shows and b"=_" not in body and max(map(len, body.split(b"\n"))) <= LONGEST_LINE
    head = _part_headers(f'text/{subtype}; charset="utf-8"', PLAIN if is_plain else QUOTED)
    lines = body.replace(b"\n", b"\r\n")
    return [head, lines if is_plain else b2a_qp(lines, istext=True), b"\r\n"]


def _base64(content: bytes) -> bytes:
    """The content in Base 64, so that no octet changes on the way; in lines of 76 characters (RFC
    2045 6.8)."""
    encoded = b2a_base64(content, newline=False)
    return b"".join([encoded[at : at + 76] + b"\r\n" for at in range(0, len(encoded), 76)])


@lru_cache(maxsize=64)
def _part_headers(content_type: str, *more: str) -> bytes:
    return "\r\n".join((f"Content-Type: {content_type}", *more, "", "")).encode()
