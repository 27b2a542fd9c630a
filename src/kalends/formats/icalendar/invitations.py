"""Bookings as iCalendar: invitations for mail (RFC 5546, RFC 6047) and feeds to subscribe to.

The same values always make the same bytes: the time stamp is the change's, never the clock's.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice
from typing import Final

from msgspec import Struct

from kalends.availability.wallclock import Zone, is_second_pass
from kalends.formats.cleaning import mailto, one_line
from kalends.formats.icalendar.contentlines import (
    component,
    content_line,
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
_ATTENDEE: Final = (
    "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE"
)
# Some 10 ms of a feed.
ENTRIES_A_PIECE: Final = 100


class EventStatus(StrEnum):
    """RFC 5545 3.8.1.11."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class FeedEntry(Struct, frozen=True, kw_only=True):
    """An appointment. Instants are in UTC; `zone` is the IANA name of the zone it is shown in.

    `sequence` grows with each change, `recorded_at` is when the last one happened.
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
    """What an invitation asks for (RFC 5546 1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Invitation(FeedEntry, frozen=True, kw_only=True):
    """An appointment that people are invited to, or its cancellation. A booking has one UID."""

    method: Method
    organizer: Person
    attendees: Sequence[Person]


def invitation_ics(invitation: Invitation) -> bytes:
    """One VEVENT with its METHOD (RFC 5546 3.2.2, 3.2.5)."""
    people = [_organizer(invitation.organizer), *map(_attendee, invitation.attendees)]
    event = component("VEVENT", (*entry_lines(invitation), *people))
    zones = _written(tuple(_zones([invitation])))
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
    """The same in pieces of at most ENTRIES_A_PIECE entries, each taken and written when its piece
    is asked for. `zones` are the VTIMEZONEs of what is not written in UTC."""
    entries = iter(ordered)
    yield to_bytes(
        (
            "BEGIN:VCALENDAR",
            *_head("PUBLISH"),
            content_line("NAME", text(one_line(name))),  # RFC 7986 5.1
            content_line("X-WR-CALNAME", text(one_line(name))),  # what came before it
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
    """How entries stand in a feed."""
    return entry.starts_at, entry.uid


@lru_cache(maxsize=MOST_KEPT)
def _written(lines: tuple[str, ...]) -> bytes:
    """Of lines that are the same in many invitations."""
    return to_bytes(lines)


def _head(method: str) -> tuple[str, ...]:
    return (
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
    )


def entry_lines(entry: FeedEntry) -> Iterator[str]:
    """The properties of a VEVENT but for people."""
    recorded_at = utc_time(entry.recorded_at)
    yield f"UID:{text(one_line(entry.uid))}"
    yield f"SEQUENCE:{entry.sequence}"
    yield f"STATUS:{entry.status}"
    yield f"DTSTAMP:{recorded_at}"
    yield f"LAST-MODIFIED:{recorded_at}"
    yield from _times(entry)
    yield f"SUMMARY:{text(one_line(entry.summary))}"
    yield f"TRANSP:{'TRANSPARENT' if entry.status == EventStatus.CANCELLED else 'OPAQUE'}"
    if entry.description:
        yield f"DESCRIPTION:{text(entry.description)}"
    if entry.location:
        yield f"LOCATION:{text(one_line(entry.location))}"
    if entry.url:
        yield f"URL:{uri(entry.url)}"


def _times(entry: FeedEntry) -> tuple[str, ...]:
    zone = _zone(entry)
    ends = (("DTSTART", entry.starts_at), ("DTEND", entry.ends_at))
    if zone is None:
        return tuple([f"{name}:{utc_time(moment)}" for name, moment in ends])
    return tuple([local_time(name, int(moment.timestamp()), zone) for name, moment in ends])


def _zone(entry: FeedEntry) -> Zone | None:
    """The zone to write it in; None for UTC.

    With TZID, a wall-clock time that comes twice means its first pass (RFC 5545 3.3.5): in the
    second one UTC has to give the time. Both ends have one form, as some clients take the zone of
    the start for that of the end.
    """
    zone = known_zone(entry.zone)
    if is_utc(zone):
        return None
    for end in (entry.starts_at, entry.ends_at):
        if is_second_pass(int(end.timestamp()), zone):
            return None
    return zone


def _zones(entries: Iterable[FeedEntry]) -> Iterator[str]:
    """A VTIMEZONE for each zone, by name, that covers what is written in it."""
    by_zone: dict[Zone, list[FeedEntry]] = {}
    for entry in entries:
        if (zone := _zone(entry)) is not None:
            by_zone.setdefault(zone, []).append(entry)
    for zone in sorted(by_zone, key=lambda zone: zone.name):
        first = min(entry.starts_at for entry in by_zone[zone])
        last = max(entry.ends_at for entry in by_zone[zone])
        yield from vtimezone(zone, int(first.timestamp()), int(last.timestamp()))


def _organizer(person: Person) -> str:
    return content_line("ORGANIZER", mailto(person.email), CN=_common_name(person))


def _attendee(person: Person) -> str:
    """Nobody reads replies, so none is asked for (RSVP)."""
    return content_line(_ATTENDEE, mailto(person.email), CN=_common_name(person))


def _common_name(person: Person) -> str:
    return one_line(person.name) or person.email
