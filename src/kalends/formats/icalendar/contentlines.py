"""The lines of iCalendar: NAME;PARAMETER=value:value, folded (RFC 5545 3.1 to 3.3, RFC 6868).

Written here rather than by a library, since a feed has thousands of them and each mail a few dozen;
libraries read them back in the tests.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from kalends.formats.cleaning import many_lines, one_line

MOST_OCTETS: Final = 75  # of a line, its break not counted (RFC 5545 3.1)
_TO_THE_SECOND: Final = len("2026-12-01T10:00:00")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_NEEDS_ESCAPES: Final = re.compile(r"[\\;,\n]")
# A TEXT value that is one line, and stands as it is.
_PLAIN_TEXT: Final = re.compile(r"[!-+\--:<-\[\]-~]+( [!-+\--:<-\[\]-~]+)*")
_CARETS: Final = str.maketrans({"^": "^^", "\n": "^n", '"': "^'"})
# Not backslash and equals sign by the standard, but some readers take the one to escape what
# follows, and drop the spaces around the other.
_PLAIN_PARAMETER: Final = re.compile(r"[\w@./+-]+( [\w@./+-]+)*", re.ASCII)
_NEEDS_QUOTES: Final = re.compile(r"[,;:=\\]")


def content_line(name: str, value: str, **parameters: str) -> str:
    """One property, its value as it is to stand there (see `text`)."""
    if not parameters:
        return f"{name}:{value}"
    written = "".join([f";{key}={_parameter(each)}" for key, each in parameters.items()])
    return f"{name}{written}:{value}"


def text(value: str) -> str:
    """A TEXT value (RFC 5545 3.3.11), without controls but tabs."""
    cleaned = many_lines(value)
    return cleaned.translate(_ESCAPES) if _NEEDS_ESCAPES.search(cleaned) else cleaned


def line_of_text(value: str) -> str:
    """The same on one line."""
    return value if _PLAIN_TEXT.fullmatch(value) else text(one_line(value))


def uri(value: str) -> str:
    """A URI value: never escaped, so no break may be in it."""
    return one_line(value)


def utc_time(moment: datetime) -> str:
    """A DATE-TIME in UTC (RFC 5545 3.3.5, form 2), whole seconds."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{wall_time(in_utc)}Z"


def wall_time(local: datetime) -> str:
    """A DATE-TIME of the wall clock (form 1 and 3), whole seconds."""
    return local.isoformat()[:_TO_THE_SECOND].replace("-", "").replace(":", "")


def utc_offset(seconds: int) -> str:
    """A UTC-OFFSET (RFC 5545 3.3.14); seconds are written only where there are any."""
    minutes, second = divmod(abs(seconds), 60)
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{minutes // 60:02}{minutes % 60:02}" + (f"{second:02}" if second else "")


def component(name: str, lines: Iterable[str]) -> list[str]:
    return [f"BEGIN:{name}", *lines, f"END:{name}"]


def to_bytes(lines: Iterable[str]) -> bytes:
    """UTF-8, folded, with CRLF behind each line."""
    written = [
        line if len(line) <= MOST_OCTETS and line.isascii() else _folded(line.encode())
        for line in lines
    ]
    return "\r\n".join((*written, "")).encode()


def _parameter(value: str) -> str:
    """Quoted where it must be; quotation marks and carets by RFC 6868 3.1."""
    if _PLAIN_PARAMETER.fullmatch(value):
        return value
    written = one_line(value).translate(_CARETS)
    return f'"{written}"' if _NEEDS_QUOTES.search(written) else written


def _folded(line: bytes) -> str:
    """Cut into lines of 75 octets, never within a character."""
    pieces = []
    start, room = 0, MOST_OCTETS
    while len(line) - start > room:
        end = start + room
        while line[end] & 0xC0 == 0x80:  # the middle of a character in UTF-8
            end -= 1
        pieces.append(line[start:end])
        start, room = end, MOST_OCTETS - 1  # the space in front counts
    pieces.append(line[start:])
    return b"\r\n ".join(pieces).decode()
