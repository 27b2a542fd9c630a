"""Converts Google's events to iCalendar: only what tells when somebody is busy.

A series is one object with all of its changed occurrences. Its href is the id of the event that the
series began with; that of a single event is its own id.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from kalends.availability.wallclock import zone_named
from kalends.domain.calendars.readings import CalendarObject
from kalends.formats.icalendar.contentlines import component, text, to_bytes, utc_time, wall_time
from kalends.formats.icalendar.reading.zones import known_zone_name
from kalends.formats.lenient_json import dict_in, list_in
from kalends.gateways.json_events import id_in, instant_in, text_at

# The property with the UID that we gave an event: Google does not let us choose both UID and id.
UID_PROPERTY: Final = "kalendsUid"
# The fields that are requested: titles, places and people stay at Google.
FIELDS: Final = (
    "id,etag,status,start,end,recurrence,recurringEventId,originalStartTime,transparency,eventType,"
    "iCalUID,attendees(self,responseStatus),extendedProperties/private"
)
RULES: Final = ("RRULE", "EXRULE", "RDATE", "EXDATE")
# Events of these kinds say where somebody works, or whose birthday it is, not that they are busy.
FREE_KINDS: Final = frozenset({"workingLocation", "birthday"})
UNDECIDED: Final = frozenset({"needsAction", "tentative"})
PRODUCT: Final = "-//Kalends//Google//EN"
DIGEST_BYTES: Final = 12
Event = Mapping[str, Any]


def series_of(event: Event) -> str | None:
    """The id of the series that the event is an occurrence of."""
    return text_at(event, "recurringEventId") or None


def is_cancelled(event: Event) -> bool:
    return event.get("status") == "cancelled"


def recurs(event: Event) -> bool:
    return bool(list_in(event.get("recurrence")))


def uid_in(event: Event) -> str | None:
    """The UID that we gave the event."""
    private = dict_in(dict_in(event.get("extendedProperties")).get("private"))
    value = private.get(UID_PROPERTY)
    return value if isinstance(value, str) else None


def unnamed_uid(href: str) -> str:
    """A substitute for the UID of an event that we did not create."""
    return f"{href}@google"


def object_of(href: str, parts: Sequence[Event]) -> CalendarObject | None:
    """The object of an event and its changed occurrences; None if none of it can be read."""
    uid = next(filter(None, map(uid_in, parts)), None) or unnamed_uid(href)
    events = [list(_lines(part, uid)) for part in parts]
    readable = [component("VEVENT", lines) for lines in events if lines]
    if not readable:
        return None
    lines = [line for each in readable for line in each]
    head = ("VERSION:2.0", f"PRODID:{PRODUCT}")
    data = to_bytes(component("VCALENDAR", (*head, *lines)))
    return CalendarObject(href=href, etag=etag_of(parts), data=data)


def etag_of(parts: Sequence[Event]) -> str | None:
    """The etag of an event; for a series one that changes with each of its parts."""
    if len(parts) == 1:
        value = parts[0].get("etag")
        return value if isinstance(value, str) else None
    versions = sorted(f"{id_in(part)} {part.get('etag')}" for part in parts)
    digest = hashlib.blake2b("\n".join(versions).encode(), digest_size=DIGEST_BYTES)
    return f"series-{digest.hexdigest()}"


def _lines(event: Event, uid: str) -> Iterator[str]:
    """The properties of a VEVENT; none if its start cannot be read."""
    zone = _zone_in(event) if recurs(event) else None
    original = _moment("RECURRENCE-ID", event.get("originalStartTime"), None)
    starts = _moment("DTSTART", event.get("start"), zone)
    if is_cancelled(event):
        starts = _moment("DTSTART", event.get("originalStartTime"), None)
    if starts is None or (series_of(event) is not None and original is None):
        return
    yield f"UID:{text(uid)}"
    yield starts
    ends = _moment("DTEND", event.get("end"), zone)
    if ends is not None and not is_cancelled(event):
        yield ends
    if series_of(event) is not None and original is not None:
        yield original
    yield from _standing(event)
    yield from _rules(event)


def _standing(event: Event) -> Iterator[str]:
    """The properties that say whether the event takes time, and of which kind: by its status, its
    owner's answer, and its event type at Google."""
    answer = next(
        (
            one.get("responseStatus")
            for one in map(dict_in, list_in(event.get("attendees")))
            if one.get("self") is True
        ),
        None,
    )
    kind, status = event.get("eventType"), event.get("status")
    if is_cancelled(event):
        yield "STATUS:CANCELLED"
    elif status == "tentative" or answer in UNDECIDED:
        yield "STATUS:TENTATIVE"
    if event.get("transparency") == "transparent" or kind in FREE_KINDS or answer == "declined":
        yield "TRANSP:TRANSPARENT"
    elif kind == "outOfOffice":
        yield "X-MICROSOFT-CDO-BUSYSTATUS:OOF"


def _rules(event: Event) -> Iterator[str]:
    """The recurrence rules, which Google gives as lines of iCalendar."""
    for line in list_in(event.get("recurrence")):
        if isinstance(line, str) and line.isprintable() and line.startswith(RULES):
            yield line


def _zone_in(event: Event) -> str | None:
    """The zone in whose wall clock a series recurs."""
    name = dict_in(event.get("start")).get("timeZone")
    return known_zone_name(name) if isinstance(name, str) else None


def _moment(name: str, value: Any, zone: str | None) -> str | None:
    """A date or an instant as a property; on the wall clock of the zone, if there is one."""
    given = dict_in(value)
    if (day := _day_in(given.get("date"))) is not None:
        return f"{name};VALUE=DATE:{day:%Y%m%d}"
    moment = instant_in(given.get("dateTime"), given.get("timeZone"))
    if moment is None:
        return None
    if zone is None:
        return f"{name}:{utc_time(moment)}"
    wall = zone_named(zone).wall_at(int(moment.timestamp()))
    return f"{name};TZID={zone}:{wall_time(datetime.fromtimestamp(wall, UTC))}"


def _day_in(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def objects_of(events: Iterable[Event]) -> tuple[list[CalendarObject], list[str]]:
    """The objects of a whole calendar, and the ids of those that cannot be read."""
    by_series: dict[str, list[Event]] = {}
    for event in events:
        href = series_of(event) or id_in(event)
        if href and not (is_cancelled(event) and series_of(event) is None):
            by_series.setdefault(href, []).append(event)
    made = {href: object_of(href, parts) for href, parts in by_series.items()}
    found = [each for each in made.values() if each is not None]
    return found, [href for href, each in made.items() if each is None]
