"""Placeholders in an organization's own texts, such as `{attendee.name}`, and how to fill them.

`{{` and `}}` are literal braces. The list of placeholders is fixed: a name in a text never looks up
an attribute.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from kalends.domain.errors import Invalid
from kalends.domain.faults import Fault, FaultCode

MOST_PLACEHOLDERS: Final = 50
LONGEST_NAME_SHOWN: Final = 40
_MARKS: Final = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|\{")


class Placeholder(StrEnum):
    """All placeholders."""

    ATTENDEE_NAME = "attendee.name"
    ATTENDEE_EMAIL = "attendee.email"
    ATTENDEE_PHONE = "attendee.phone"
    ORGANIZATION_NAME = "organization.name"
    BOOKING_ID = "booking.id"
    BOOKING_TITLE = "booking.title"
    BOOKING_WHEN = "booking.when"
    BOOKING_BEFORE = "booking.before"
    BOOKING_DATE = "booking.date"
    BOOKING_START = "booking.start"
    BOOKING_END = "booking.end"
    BOOKING_PLACE = "booking.place"
    BOOKING_HOSTS = "booking.hosts"
    BOOKING_REASON = "booking.reason"


KNOWN: Final = frozenset(one.value for one in Placeholder)
Piece = str | Placeholder
LISTED: Final = ", ".join(f"{{{one}}}" for one in Placeholder)


def pieces_of(field: str, text: str) -> list[Piece]:
    """Splits a text into its placeholders and the literal text between them. Raises Invalid for the
    field if a placeholder is unknown or not closed, or if there are too many."""
    pieces: list[Piece] = []
    end = found = 0
    for mark in _MARKS.finditer(text):
        pieces.append(text[end : mark.start()])
        end = mark.end()
        if mark[0] in ("{{", "}}"):
            pieces.append(mark[0][0])
            continue
        pieces.append(_known(field, mark))
        found += 1
    if found > MOST_PLACEHOLDERS:
        raise Invalid.field(
            field,
            f"must have at most {MOST_PLACEHOLDERS} placeholders; it has {found}",
            Fault(FaultCode.TOO_MANY_PLACEHOLDERS, str(MOST_PLACEHOLDERS)),
        )
    pieces.append(text[end:])
    return [piece for piece in pieces if piece]


def filled(pieces: list[Piece], values: Mapping[Placeholder, str]) -> str:
    """The plain text with the values filled in."""
    return "".join(values[p] if isinstance(p, Placeholder) else p for p in pieces)


def _known(field: str, mark: re.Match[str]) -> Placeholder:
    """Raises Invalid."""
    name: str | None = mark[1]
    if name is None:
        raise Invalid.field(
            field,
            "has a { that is not closed; a brace is written {{",
            Fault(FaultCode.OPEN_BRACE),
        )
    if name not in KNOWN:
        shown = f"{{{name[:LONGEST_NAME_SHOWN]}}}"
        raise Invalid.field(
            field,
            f"has a placeholder that there is not: {shown}. There are {LISTED}",
            Fault(FaultCode.UNKNOWN_PLACEHOLDER, shown),
        )
    return Placeholder(name)
