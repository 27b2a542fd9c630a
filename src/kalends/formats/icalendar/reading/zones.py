"""Finds the zone that a TZID means.

The pinned data takes precedence over a file's description of a zone. A TZID is tried in this order:
as an IANA name, with or without a vendor's prefix; as a Windows name; by the X-LIC-LOCATION of the
file's VTIMEZONE; and as what that VTIMEZONE describes.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final

from babel.core import get_global

from kalends.availability.recurrence.shapes import (
    Clock,
    CustomZone,
    EventZone,
    Frequency,
    Observance,
    RecurrenceRule,
)
from kalends.availability.tzfile import zone_names
from kalends.formats.icalendar.reading.limits import MOST_DATES, MOST_OBSERVANCES, MOST_ZONES
from kalends.formats.icalendar.reading.parameters import value_of
from kalends.formats.icalendar.reading.values import (
    BadValue,
    parse_moment,
    parse_offset,
    parse_rule,
)

_EDGE: Final = re.compile(rb"\n(BEGIN|END):VTIMEZONE[ \t]*(?=\n)", re.IGNORECASE)
_OF_CALENDAR: Final = re.compile(rb"\nX-WR-TIMEZONE([;:][^\n]*)", re.IGNORECASE)
_PART: Final = re.compile(
    rb"\n(TZID|X-LIC-LOCATION|BEGIN|END|DTSTART|TZOFFSETFROM|TZOFFSETTO|RRULE|RDATE)([;:][^\n]*)",
    re.IGNORECASE,
)
_TZID: Final = re.compile(rb"\nTZID([;:][^\n]*)", re.IGNORECASE)
# A VTIMEZONE with more lines is no zone, but an attempt to keep the parser busy.
_MOST_PARTS: Final = 3_000
# For how many names the zone is cached.
_MOST_NAMES: Final = 1_000


def known_zone_name(tzid: str) -> str | None:
    """The IANA name that a TZID means, if the pinned data or the Windows names have it.

    A leading slash means that a vendor's registry precedes the name: /mozilla.org/2005/
    Europe/Berlin (RFC 5545 3.2.19).
    """
    name = tzid.strip().strip('"')
    parts = name.split("/", 20)
    tried = ["/".join(parts[at:]) for at in range(len(parts))] if name.startswith("/") else [name]
    for each in tried:
        if found := _names().get(each.lower()):
            return found
    return None


@cache
def _names() -> dict[str, str]:
    """The IANA names by IANA and Windows names in lower case; IANA's take precedence."""
    names = {
        windows.lower(): iana
        for windows, iana in get_global("windows_zone_mapping").items()
        if iana in zone_names()
    }
    return names | {name.lower(): name for name in zone_names()}


class FileZones:
    """The zones of one file. Its VTIMEZONEs are only read if a TZID needs them."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._described = dict(_zones_in(text))
        self._resolved: dict[str, EventZone] = {}
        named = _OF_CALENDAR.search(text)
        self.of_calendar = self.resolve(_text(named[1])) if named else None

    def resolve(self, tzid: str) -> EventZone:
        """The zone of a TZID; None if it cannot be found."""
        if tzid in self._resolved:
            return self._resolved[tzid]
        zone = known_zone_name(tzid) or self._describe(tzid)
        if len(self._resolved) < _MOST_NAMES:
            self._resolved[tzid] = zone
        return zone

    def _describe(self, tzid: str) -> EventZone:
        """The zone that a VTIMEZONE describes, which is removed so that no name is read twice."""
        lines = self._described.pop(tzid.strip('"'), None)
        if lines is None:
            return None
        parts = [
            (match[1].upper(), match[2])
            for match in islice(_PART.finditer(self._text, *lines), _MOST_PARTS)
        ]
        located = next((_text(rest) for name, rest in parts if name == b"X-LIC-LOCATION"), "")
        if name := known_zone_name(located):
            return name
        observances = tuple(_observances(parts))
        return CustomZone(observances) if observances else None


_Parts = list[tuple[bytes, bytes]]


def _zones_in(text: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each TZID, and where its VTIMEZONE begins and ends."""
    begins: int | None = None
    count = 0
    for edge in _EDGE.finditer(text):
        if edge[1].upper() == b"BEGIN":
            begins = edge.end()
        elif begins is not None and count < MOST_ZONES:
            count += 1
            tzid = _TZID.search(text, begins, edge.start())
            if tzid:
                yield _text(tzid[1]).strip('"'), (begins, edge.start())
            begins = None


def _text(rest: bytes) -> str:
    return value_of(rest).decode("utf-8", "replace")


def _observances(parts: _Parts) -> Iterator[Observance]:
    """The readable observances of a zone."""
    inner: dict[bytes, list[bytes]] | None = None
    count = 0
    for name, rest in parts:
        if name == b"BEGIN":
            inner = {}
        elif name == b"END" and inner is not None:
            count += 1
            observance = _observance(inner) if count <= MOST_OBSERVANCES else None
            if observance:
                yield observance
            inner = None
        elif inner is not None:
            inner.setdefault(name, []).append(value_of(rest))


def _observance(values: dict[bytes, list[bytes]]) -> Observance | None:
    """The observance; None if something required is missing or cannot be read."""
    dates = [each for value in values.get(b"RDATE", []) for each in value.split(b",", MOST_DATES)]
    try:
        before = parse_offset(values[b"TZOFFSETFROM"][0])
        return Observance(
            starts=_wall(values[b"DTSTART"][0], before),
            before=before,
            after=parse_offset(values[b"TZOFFSETTO"][0]),
            rules=tuple(_yearly(value) for value in values.get(b"RRULE", [])[:1]),
            more=tuple(_wall(each.partition(b"/")[0], before) for each in dates[:MOST_DATES]),
        )
    except (KeyError, BadValue):
        return None


def _wall(value: bytes, offset: int) -> int:
    moment = parse_moment(value.strip())
    match moment.clock:
        case Clock.DAY:
            raise BadValue
        case Clock.WALL:
            return moment.value
        case Clock.UTC:
            return moment.value + offset


def _yearly(value: bytes) -> RecurrenceRule:
    """The rule of an observance, which has to be a yearly one."""
    rule = parse_rule(value)
    if rule.frequency is not Frequency.YEARLY or len(rule.hours) > 1:
        raise BadValue
    return rule
