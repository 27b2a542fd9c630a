"""Writes content lines of iCalendar, NAME;PARAMETER=value:value, folded (RFC 5545 3.1 to 3.3, RFC
6868).

They are not written by a library, because a feed has thousands of them and each mail a few dozen.
The tests read them back with libraries.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from kalends.formats.cleaning import many_lines, one_line

MOST_OCTETS: Final = 75  # of a line, without its line break (RFC 5545 3.1)
_TO_THE_SECOND: Final = len("2026-12-01T10:00:00")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_NEEDS_ESCAPES: Final = re.compile(r"[\\;,\n]")
# A TEXT value of one line that needs no escaping.
_PLAIN_TEXT: Final = re.compile(r"[!-+\--:<-\[\]-~]+( [!-+\--:<-\[\]-~]+)*")
_CARETS: Final = str.maketrans({"^": "^^", "\n": "^n", '"': "^'"})
# A parameter value that needs no quotes. The standard also allows backslash and equals sign, but
# some programs take the first as an escape character, and drop spaces around the second.
_PLAIN_PARAMETER: Final = re.compile(r"[\w@./+-]+( [\w@./+-]+)*", re.ASCII)
_NEEDS_QUOTES: Final = re.compile(r"[,;:=\\]")


def content_line(name: str, value: str, **parameters: str) -> str:
    """One property; the value has to be escaped already (see `text`)."""
    if not parameters:
        return f"{name}:{value}"
    written = "".join([f";{key}={_parameter(each)}" for key, each in parameters.items()])
    return f"{name}{written}:{value}"


def text(value: str) -> str:
    """A TEXT value (RFC 5545 3.3.11), without control characters except tabs."""
    cleaned = many_lines(value)
    return cleaned.translate(_ESCAPES) if _NEEDS_ESCAPES.search(cleaned) else cleaned


def line_of_text(value: str) -> str:
    """A TEXT value on one line."""
    return value if _PLAIN_TEXT.fullmatch(value) else text(one_line(value))


def uri(value: str) -> str:
    """A URI value, which is never escaped, so line breaks are removed."""
    return one_line(value)


def utc_time(moment: datetime) -> str:
    """A DATE-TIME in UTC (RFC 5545 3.3.5, form 2), whole seconds."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{wall_time(in_utc)}Z"


def wall_time(local: datetime) -> str:
    """A DATE-TIME of the wall clock (forms 1 and 3), whole seconds."""
    return local.isoformat()[:_TO_THE_SECOND].replace("-", "").replace(":", "")


def utc_offset(seconds: int) -> str:
    """A UTC-OFFSET (RFC 5545 3.3.14), with seconds only if there are any."""
    minutes, second = divmod(abs(seconds), 60)
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{minutes // 60:02}{minutes % 60:02}" + (f"{second:02}" if second else "")


def component(name: str, lines: Iterable[str]) -> list[str]:
    return [f"BEGIN:{name}", *lines, f"END:{name}"]


def to_bytes(lines: Iterable[str]) -> bytes:
    """The lines as UTF-8, folded, each ending in CRLF."""
    written = [
        line if len(line) <= MOST_OCTETS and line.isascii() else _folded(line.encode())
        for line in lines
    ]
    return "\r\n".join((*written, "")).encode()


def _parameter(value: str) -> str:
    """A parameter value, quoted if necessary; quotation marks and carets as in RFC 6868 3.1."""
    if _PLAIN_PARAMETER.fullmatch(value):
        return value
    written = one_line(value).translate(_CARETS)
    return f'"{written}"' if _NEEDS_QUOTES.search(written) else written


def _folded(line: bytes) -> str:
    """The line, folded into lines of 75 octets, never within a character."""
    pieces = []
    start, room = 0, MOST_OCTETS
    while len(line) - start > room:
        end = start + room
        while line[end] & 0xC0 == 0x80:  # the middle of a character in UTF-8
            end -= 1
        pieces.append(line[start:end])
        start, room = end, MOST_OCTETS - 1  # the leading space counts
    pieces.append(line[start:])
    return b"\r\n ".join(pieces).decode()
