"""Bookings as iCalendar: invitations for mail (RFC 5546, RFC 6047), and feeds to subscribe to.

The output is deterministic: its time stamps are those of changes, never the current time.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice
from typing import Final

from msgspec import Struct

from kalends.availability.wallclock import Zone, is_far_from_changes, is_second_pass
from kalends.formats.cleaning import mailto, one_line
from kalends.formats.icalendar.contentlines import (
    component,
    content_line,
    line_of_text,
    text,
    to_bytes,
    uri,
    utc_time,
)
from kalends.formats.icalendar.timezones import MOST_KEPT, is_utc, local_time, vtimezone
from kalends.formats.person import Person
from kalends.formats.times import known_zone

PRODUCT: Final = "-//Kalends//Kalends//EN"
# How often a calendar program should look for changes.
FEED_REFRESH: Final = "PT15M"
_BEGIN: Final = b"BEGIN:VCALENDAR\r\n"
_END: Final = b"END:VCALENDAR\r\n"
_BEGIN_EVENT, _END_EVENT = component("VEVENT", ())
_ATTENDEE: Final = (
    "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE"
)
# The entries of a piece of a feed, which take some 10 ms.
ENTRIES_A_PIECE: Final = 100


class EventStatus(StrEnum):
    """The status of an event (RFC 5545 3.8.1.11)."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class FeedEntry(Struct, frozen=True, kw_only=True):
    """An appointment. Instants are in UTC; `zone` is the IANA name of the zone to show it in.

    `sequence` grows with each change; `recorded_at` is when the last one happened.
    """

    uid: str
    sequence: int
    status: EventStatus
    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    recorded_at: datetime
    description: str | None = None
    location: str | None = None
    url: str | None = None


class Method(StrEnum):
    """The method of an invitation (RFC 5546 1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Invitation(FeedEntry, frozen=True, kw_only=True):
    """An appointment that people are invited to, or its cancellation. A booking has one UID."""

    method: Method
    organizer: Person
    attendees: Sequence[Person]


def invitation_ics(invitation: Invitation) -> bytes:
    """One VEVENT with its METHOD (RFC 5546 3.2.2, 3.2.5)."""
    zone = _zone(invitation)
    event = [
        _BEGIN_EVENT,
        *_entry_lines(invitation, zone),
        _organizer(invitation.organizer),
        *map(_attendee, invitation.attendees),
        _END_EVENT,
    ]
    zones = b"" if zone is None else _written(_zone_around(zone, [invitation]))
    return b"".join((_BEGIN, _written(_head(invitation.method)), zones, to_bytes(event), _END))


def feed_ics(name: str, entries: Iterable[FeedEntry], *, organizer: Person) -> bytes:
    """A calendar to subscribe to (METHOD:PUBLISH, RFC 5546 3.2.1), by start and UID.

    It names no attendees: a published event must not.
    """
    ordered = sorted(entries, key=order_of)
    return b"".join(feed_pieces(name, ordered, organizer=organizer, zones=_zones(ordered)))


def feed_pieces(
    name: str, ordered: Iterable[FeedEntry], *, organizer: Person, zones: Iterable[str] = ()
) -> Iterator[bytes]:
    """A feed in pieces of at most ENTRIES_A_PIECE entries, which are taken and written lazily.
    `zones` are the VTIMEZONEs for entries that are not written in UTC."""
    entries = iter(ordered)
    yield to_bytes(
        (
            "BEGIN:VCALENDAR",
            *_head("PUBLISH"),
            content_line("NAME", text(one_line(name))),  # RFC 7986 5.1
            content_line("X-WR-CALNAME", text(one_line(name))),  # its predecessor
            content_line("REFRESH-INTERVAL", FEED_REFRESH, VALUE="DURATION"),  # RFC 7986 5.7
            content_line("X-PUBLISHED-TTL", FEED_REFRESH),
            *zones,
        )
    )
    organized_by = _organizer(organizer)
    while piece := list(islice(entries, ENTRIES_A_PIECE)):
        events = (component("VEVENT", (*entry_lines(each), organized_by)) for each in piece)
        yield to_bytes(chain.from_iterable(events))
    yield to_bytes(["END:VCALENDAR"])


def order_of(entry: FeedEntry) -> tuple[datetime, str]:
    """The key by which the entries of a feed are sorted."""
    return entry.starts_at, entry.uid


@lru_cache(maxsize=MOST_KEPT)
def _written(lines: tuple[str, ...]) -> bytes:
    """The bytes of lines, cached for those that are the same in many invitations."""
    return to_bytes(lines)


def _head(method: str) -> tuple[str, ...]:
    return (
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
    )


def entry_lines(entry: FeedEntry) -> list[str]:
    """The properties of a VEVENT, except those about people."""
    return _entry_lines(entry, _zone(entry))


def _entry_lines(entry: FeedEntry, zone: Zone | None) -> list[str]:
    recorded_at = utc_time(entry.recorded_at)
    lines = [
        f"UID:{line_of_text(entry.uid)}",
        f"SEQUENCE:{entry.sequence}",
        f"STATUS:{entry.status}",
        f"DTSTAMP:{recorded_at}",
        f"LAST-MODIFIED:{recorded_at}",
        *_times(entry, zone),
        f"SUMMARY:{line_of_text(entry.summary)}",
        f"TRANSP:{'TRANSPARENT' if entry.status == EventStatus.CANCELLED else 'OPAQUE'}",
    ]
    if entry.description:
        lines.append(f"DESCRIPTION:{text(entry.description)}")
    if entry.location:
        lines.append(f"LOCATION:{line_of_text(entry.location)}")
    if entry.url:
        lines.append(f"URL:{uri(entry.url)}")
    return lines


def _times(entry: FeedEntry, zone: Zone | None) -> tuple[str, str]:
    starts_at, ends_at = entry.starts_at, entry.ends_at
    if zone is None:
        return f"DTSTART:{utc_time(starts_at)}", f"DTEND:{utc_time(ends_at)}"
    return (
        local_time("DTSTART", int(starts_at.timestamp()), zone),
        local_time("DTEND", int(ends_at.timestamp()), zone),
    )


def _zone(entry: FeedEntry) -> Zone | None:
    """The zone to write the entry's times in; None for UTC.

    With a TZID, a wall-clock time that occurs twice means the first one (RFC 5545 3.3.5), so the
    second one has to be written in UTC. Start and end have the same form, as some clients take the
    zone of the start for that of the end.
    """
    zone = known_zone(entry.zone)
    if is_utc(zone):
        return None
    start, end = int(entry.starts_at.timestamp()), int(entry.ends_at.timestamp())
    if is_far_from_changes(start, end, zone):
        return zone
    return None if is_second_pass(start, zone) or is_second_pass(end, zone) else zone


def _zones(entries: Iterable[FeedEntry]) -> Iterator[str]:
    """A VTIMEZONE for each zone, by name, which covers the entries that are written in it."""
    by_zone: dict[Zone, list[FeedEntry]] = {}
    for entry in entries:
        if (zone := _zone(entry)) is not None:
            by_zone.setdefault(zone, []).append(entry)
    for zone in sorted(by_zone, key=lambda zone: zone.name):
        yield from _zone_around(zone, by_zone[zone])


def _zone_around(zone: Zone, entries: Sequence[FeedEntry]) -> tuple[str, ...]:
    """The VTIMEZONE that covers the entries, all of which are written in the zone."""
    first = min([entry.starts_at for entry in entries])
    last = max([entry.ends_at for entry in entries])
    return vtimezone(zone, int(first.timestamp()), int(last.timestamp()))


def _organizer(person: Person) -> str:
    return f"ORGANIZER{_written_person(person)}"


def _attendee(person: Person) -> str:
    """The ATTENDEE line. It requests no reply (RSVP), as nobody reads replies."""
    return f"{_ATTENDEE}{_written_person(person)}"


@lru_cache(maxsize=MOST_KEPT)
def _written_person(person: Person) -> str:
    """The parameters and the value of a property for a person."""
    return content_line("", mailto(person.email), CN=one_line(person.name) or person.email)
