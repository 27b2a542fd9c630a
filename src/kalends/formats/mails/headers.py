"""Writes header fields of a message (RFC 5322, RFC 2047, RFC 6532), each as lines joined by CRLF.

The `email` package is not used for that: when Python 3.11 folds a long name it drops the quotation
marks, so that `a@b, c` becomes an address. The tests read the fields back with it.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from textwrap import wrap
from typing import Final

from kalends.formats.cleaning import mail_address, one_line, shortened
from kalends.formats.person import Person

LONGEST_NAME: Final = 100  # characters, of a name in an address
_LINE: Final = 76
_WORD_OCTETS: Final = 45  # of text in an encoded word, which has 75 characters at most
_DOT_ATOM: Final = re.compile(r"[^\s.@\"(),:;<>\[\]\\]+(\.[^\s.@\"(),:;<>\[\]\\]+)*")


def address_field(name: str, person: Person) -> str:
    """`To: "Jane Doe" <jane@example.com>`. Whatever the name contains, it stays a name."""
    return f"{name}: {_mailbox(person)}"


def date_field(moment: datetime) -> str:
    """The field `Date` (RFC 5322 3.3), in UTC."""
    words = moment.astimezone(UTC).ctime()  # Mon Nov  9 08:05:02 2026, whatever the locale is
    day, month, year, clock = words[8:10].replace(" ", "0"), words[4:7], words[20:], words[11:19]
    return f"Date: {words[:3]}, {day} {month} {year} {clock} +0000"


@lru_cache(maxsize=256)  # each mail names people twice, and the organization is in all its mails
def _mailbox(person: Person) -> str:
    local, _, domain = mail_address(person.email).rpartition("@")
    if not _DOT_ATOM.fullmatch(local):
        local = f'"{_escaped(local)}"'
    display = shortened(one_line(person.name), LONGEST_NAME)
    if not display:
        return f"<{local}@{domain}>"
    written = f'"{_escaped(display)}"' if _is_plain(display) else _encoded_words(display)
    return f"{written}\r\n <{local}@{domain}>"


def text_field(name: str, text: str) -> str:
    """A field of free text, such as the subject, which readers see on one line."""
    text = one_line(text)
    if not _is_plain(text):
        return f"{name}: {_encoded_words(text)}"
    if text and len(name) + len(": ") + len(text) <= _LINE:
        return f"{name}: {text}"
    lines = wrap(f"{name}: {text}", _LINE, break_long_words=False, break_on_hyphens=False)
    return "\r\n ".join(lines)


def _is_plain(text: str) -> bool:
    """Whether the text needs no encoding. One that looks like an encoded word does, as programs
    decode it even in quotation marks, where it is none."""
    return text.isascii() and "=?" not in text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _encoded_words(text: str) -> str:
    """The text as encoded words in Base 64, never cut within a character (RFC 2047 5)."""
    words = (b64encode(piece).decode() for piece in _pieces(text))
    return "\r\n ".join(f"=?utf-8?B?{word}?=" for word in words)


def _pieces(text: str) -> Iterator[bytes]:
    piece = b""
    for character in text:
        octets = character.encode()
        if len(piece) + len(octets) > _WORD_OCTETS:
            yield piece
            piece = b""
        piece += octets
    yield piece
