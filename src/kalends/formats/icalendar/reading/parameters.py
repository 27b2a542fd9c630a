"""Reads the parameters of content lines (RFC 5545 3.2)."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

_TZID: Final = re.compile(rb';TZID=(?:"([^"]*)"|([^;]*))', re.IGNORECASE)
_VALUE: Final = re.compile(rb";VALUE=\"?([A-Z-]+)", re.IGNORECASE)
_RANGE: Final = re.compile(rb";RANGE=\"?THISANDFUTURE", re.IGNORECASE)
_PARTSTAT: Final = re.compile(rb";PARTSTAT=\"?([A-Z-]+)", re.IGNORECASE)
_EMAIL: Final = re.compile(rb';EMAIL="?([^";:]+)', re.IGNORECASE)
_SPLIT: Final = re.compile(rb'((?:;[^=;:"]+=(?:"[^"]*"|[^";:])*)*):(.*)', re.DOTALL)


class TimeParameters(NamedTuple):
    """The parameters of a date or time."""

    tzid: str | None
    is_date: bool
    is_period: bool
    moves_later_ones: bool


class Attendance(NamedTuple):
    """One attendee: all addresses in the line, and the answer."""

    addresses: frozenset[str]
    answer: str


@lru_cache(maxsize=512)
def time_parameters(written: bytes) -> TimeParameters:
    """Reads what is between the name and the last colon. Dates and times have no colon, but the
    name of a zone may have one, and is not always quoted as it should be."""
    tzid = _TZID.search(written)
    value = _VALUE.search(written)
    kind = value[1].upper() if value else b""
    return TimeParameters(
        tzid=(tzid[1] or tzid[2] or b"").decode("utf-8", "replace").strip() if tzid else None,
        is_date=kind == b"DATE",
        is_period=kind == b"PERIOD",
        moves_later_ones=_RANGE.search(written) is not None,
    )


def value_of(rest: bytes) -> bytes:
    """The value of a line, without its parameters; empty if these are malformed."""
    if rest[:1] == b":":
        return rest[1:].strip()
    match = _SPLIT.match(rest)
    return match[2].strip() if match else b""


def attendance_of(rest: bytes) -> Attendance:
    """Reads an ATTENDEE, with addresses in lower case and without `mailto:`."""
    match = _SPLIT.match(rest)
    if match is None:
        return Attendance(frozenset(), "")
    answer, email = _PARTSTAT.search(match[1]), _EMAIL.search(match[1])
    written = [match[2], *([email[1]] if email else [])]
    addresses = frozenset(address_of(each.decode("utf-8", "replace")) for each in written)
    return Attendance(addresses, answer[1].decode("ascii").upper() if answer else "")


def address_of(address: str) -> str:
    """The address in the form for comparisons: lower case, without `mailto:`."""
    return address.strip().lower().removeprefix("mailto:")
