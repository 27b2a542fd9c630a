"""Finds the content lines of a calendar (RFC 5545 3.1, 3.2) that have to be read.

One pass of a regular expression over the bytes finds them; it skips everything else, however much
that is. A line break is CRLF or LF. A CR alone is part of a value, which strangers may have
written, and begins no line.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from kalends.formats.icalendar.reading.errors import Unreadable, UnreadableCalendar
from kalends.formats.icalendar.reading.limits import (
    MOST_BYTES,
    MOST_DEPTH,
    MOST_EDGES,
    MOST_EVENTS_IN_ALL,
    MOST_LINE_BYTES,
    MOST_LINES,
)

# By name in upper case, the rest of each line: parameters, colon, value.
Properties: TypeAlias = dict[bytes, list[bytes]]

_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCALENDAR[ \t]*(?=\r?\n)", re.IGNORECASE)
_READ: Final = (
    rb"\n(UID|DTSTART|DTEND|DURATION|RRULE|EXRULE|RDATE|EXDATE|RECURRENCE-ID|STATUS|TRANSP"
    rb"|SEQUENCE|ATTENDEE|X-MICROSOFT-CDO-(?:BUSYSTATUS|INTENDEDSTATUS|ALLDAYEVENT)"
    rb"|X-KALENDS-[A-Z]+)([;:][^\n]*)"
)
_LINE: Final = re.compile(_READ)
_LINE_IN_ANY_CASE: Final = re.compile(_READ, re.IGNORECASE)
# The lines at which components begin and end.
_EDGE: Final = re.compile(rb"\n(BEGIN|END)([;:][^\n]*)")
_EDGE_IN_ANY_CASE: Final = re.compile(_EDGE.pattern, re.IGNORECASE)
_LOWER_CASE_NAME: Final = re.compile(rb"\n[A-Z-]*[a-z][A-Za-z-]*[;:]")
_END: Final = b"END"
_CALENDAR: Final = b"VCALENDAR"
_EVENT: Final = b"VEVENT"


def unfolded(data: bytes) -> bytes:
    """The unfolded lines of a file, separated by LF, from the calendar's first line on.

    It uses `replace`, which makes no list of pieces, as a file may consist of nothing but folds.
    Raises UnreadableCalendar.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableCalendar(Unreadable.TOO_BIG)
    head = _HEAD.match(data)
    if head is None:
        raise UnreadableCalendar(Unreadable.NOT_A_CALENDAR)
    text = data.replace(b"\r\n", b"\n")
    return text.replace(b"\n ", b"").replace(b"\n\t", b"")


def events_in(text: bytes) -> Iterator[Properties | None]:
    """The properties of each event; None for an event that has too many or too long lines, or does
    not end. `text` comes from `unfolded`. Raises UnreadableCalendar."""
    return _Scanner().events(text)


class _Scanner:
    """Tracks the position in a file. It skips components other than events with their content."""

    def __init__(self) -> None:
        self.within = [_CALENDAR]
        self.event: Properties | None = None
        self.events_total = 0
        self.edges = 0

    def events(self, text: bytes) -> Iterator[Properties | None]:
        """The properties of the events. What is between two edges belongs to the component that is
        open there; for an event, all lines there are found at once."""
        has_lower_case = _LOWER_CASE_NAME.search(text) is not None
        edge = _EDGE_IN_ANY_CASE if has_lower_case else _EDGE
        behind = text.find(b"\n")
        for match in edge.finditer(text, behind):
            if self.event is not None and len(self.within) == 2:
                self._read(self.event, text, behind, match.start(), has_lower_case)
            behind = match.end()
            name, rest = match.groups()
            yield from self._edge(name.upper(), _name(rest))
        if self.within:
            raise UnreadableCalendar(Unreadable.CUT_OFF)

    def _read(
        self, event: Properties, text: bytes, begins: int, ends: int, has_lower_case: bool
    ) -> None:
        if text.count(b"\n", begins, ends) > MOST_LINES:
            self.event = None
            return
        pattern = _LINE_IN_ANY_CASE if has_lower_case else _LINE
        for written, rest in pattern.findall(text, begins, ends):
            name = written.upper() if has_lower_case else written
            if len(rest) > MOST_LINE_BYTES:
                self.event = None
                return
            if name in event:
                event[name].append(rest)
            else:
                event[name] = [rest]

    def _edge(self, name: bytes, component: bytes) -> Iterable[Properties | None]:
        self.edges += 1
        if self.edges > MOST_EDGES:
            raise UnreadableCalendar(Unreadable.TOO_MANY_EVENTS)
        if name == _END:
            return self._end(component)
        self._begin(component)
        return ()

    def _begin(self, name: bytes) -> None:
        self.within.append(name)
        if len(self.within) > MOST_DEPTH:
            raise UnreadableCalendar(Unreadable.TOO_DEEP)
        if name != _EVENT:
            return
        self.events_total += 1
        if self.events_total > MOST_EVENTS_IN_ALL:
            raise UnreadableCalendar(Unreadable.TOO_MANY_EVENTS)
        # An event within another means that an END is missing, so it is unknown whose lines follow.
        self.event = {} if self.within == [_CALENDAR, _EVENT] else None

    def _end(self, name: bytes) -> Iterator[Properties | None]:
        """Ends a component and all that is open within it; an END without a BEGIN is ignored."""
        if name not in self.within:
            return
        while (ended := self.within.pop()) != name:
            if ended == _EVENT:
                self.event = None
                yield None
        if name == _EVENT:
            event, self.event = self.event, None
            yield event


def _name(rest: bytes) -> bytes:
    return rest[1:].strip().upper()
