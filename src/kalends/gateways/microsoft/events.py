"""Converts Graph's events to iCalendar: only what tells when somebody is busy.

Graph expands series itself. A series is one object with all of its occurrences, whose href is the
id of its master; the href of a single event is its own id.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from kalends.domain.calendars.readings import CalendarObject
from kalends.formats.icalendar.contentlines import component, text, to_bytes, utc_time
from kalends.formats.icalendar.reading.zones import known_zone_name
from kalends.formats.lenient_json import dict_in
from kalends.gateways.json_events import id_in, instant_in, text_at
from kalends.gateways.microsoft.pages import Row

# The fields that are requested, where Graph allows that; lists of changes have all fields.
FIELDS: Final = (
    "id,type,seriesMasterId,start,end,isAllDay,isCancelled,showAs,responseStatus,"
    "originalStartTimeZone,transactionId,iCalUId"
)
FREE: Final = frozenset({"free", "workingElsewhere"})
PRODUCT: Final = "-//Kalends//Microsoft//EN"
OURS: Final = "@kalends"
DIGEST_BYTES: Final = 12
DAY: Final = ";VALUE=DATE:"
NO_PLACE: Final = frozenset({"UTC", "Etc/UTC", "Etc/GMT"})


def series_of(row: Row) -> str | None:
    """The id of the series that the row is an occurrence of."""
    return text_at(row, "seriesMasterId") or None


def is_master(row: Row) -> bool:
    return row.get("type") == "seriesMaster"


def uid_of_event(row: Row) -> str:
    """The UID that we gave the event, which Graph keeps as `transactionId`; else Graph's own."""
    given, own = row.get("transactionId"), row.get("iCalUId")
    if isinstance(given, str) and given.endswith(OURS):
        return given
    return own if isinstance(own, str) and own else f"{id_in(row)}@microsoft"


def object_of(row: Row) -> CalendarObject | None:
    """The object of a single event; None if it cannot be read."""
    times = _times(row, row)
    if times is None:
        return None
    etag = row.get("@odata.etag")
    version = etag if isinstance(etag, str) else None
    return _made(id_in(row), [_component(row, row, times)], _zone_line(row), version)


def series_object(master: Row, parts: Iterable[Row]) -> CalendarObject | None:
    """The object of a series; None if none of it can be read.

    Its occurrences have the properties of the master, except changed ones, which have their own.
    The times of the master are those of its first occurrence, which may be over.
    """
    plain, components = list[tuple[str, str]](), list[list[str]]()
    for part in sorted(parts, key=lambda row: str(dict_in(row.get("start")).get("dateTime"))):
        is_changed = part.get("type") == "exception"
        times = _times(part, part if is_changed else master)
        if times is not None and is_changed:
            components.append(_component(part, part, times))
        elif times is not None:
            plain.append(times)
    if plain:
        first, *others = plain
        additions = [_addition(each) for each in others]
        components.insert(0, _component(master, master, first, additions))
    return _made(id_in(master), components, _zone_line(master)) if components else None


def objects_of(rows: Sequence[Row]) -> tuple[list[CalendarObject], list[str]]:
    """The objects of a whole calendar, and the ids of those that cannot be read. Occurrences that
    come without their master become objects of their own."""
    found = {id_in(row): row for row in rows if id_in(row) and "@removed" not in row}
    masters = {id_: row for id_, row in found.items() if is_master(row)}
    parts: dict[str, list[Row]] = {id_: [] for id_ in masters}
    objects, unreadable = list[CalendarObject](), list[str]()
    for id_, row in found.items():
        series = series_of(row)
        if series is not None and series in masters:
            parts[series].append(row)
        elif id_ not in masters:
            made = object_of(row)
            objects += [made] if made else []
            unreadable += [] if made else [id_]
    made_of = [series_object(masters[id_], its) for id_, its in parts.items()]
    return [*objects, *(made for made in made_of if made is not None)], unreadable


def _made(
    href: str, components: Iterable[list[str]], zone: Sequence[str], etag: str | None = None
) -> CalendarObject:
    lines = [line for each in components for line in each]
    head = ("VERSION:2.0", f"PRODID:{PRODUCT}", *zone)
    data = to_bytes(component("VCALENDAR", (*head, *lines)))
    digest = hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()
    return CalendarObject(href=href, etag=etag or f"series-{digest}", data=data)


def _component(
    row: Row, meaning: Row, times: tuple[str, str], additions: Iterable[str] = ()
) -> list[str]:
    start, end = times
    return component(
        "VEVENT",
        (
            f"UID:{text(uid_of_event(row))}",
            f"DTSTART{start}",
            f"DTEND{end}",
            *additions,
            *_standing(meaning),
        ),
    )


def _standing(row: Row) -> Iterator[str]:
    """The properties that say whether the event takes time, and of which kind. An unanswered
    invitation is tentative."""
    shown = row.get("showAs")
    is_declined = dict_in(row.get("responseStatus")).get("response") == "declined"
    if row.get("isCancelled") is True:
        yield "STATUS:CANCELLED"
    elif shown == "tentative":
        yield "STATUS:TENTATIVE"
    if shown in FREE or is_declined:
        yield "TRANSP:TRANSPARENT"
    elif shown == "oof":
        yield "X-MICROSOFT-CDO-BUSYSTATUS:OOF"


def _addition(times: tuple[str, str]) -> str:
    start, end = times
    if start.startswith(DAY):
        return f"RDATE{start}"
    return f"RDATE;VALUE=PERIOD{start}/{end.removeprefix(':')}"


def _times(row: Row, meaning: Row) -> tuple[str, str] | None:
    """The parameters and values of start and end. All-day events have dates, whatever the zone, as
    Graph gives their midnights without one."""
    is_days = meaning.get("isAllDay") is True
    read = _day_in if is_days else _instant_in
    start, end = read(row.get("start")), read(row.get("end"))
    if start is None or end is None:
        return None
    if is_days:
        return f"{DAY}{start:%Y%m%d}", f"{DAY}{end:%Y%m%d}"
    return f":{utc_time(start)}", f":{utc_time(end)}"


def _zone_line(row: Row) -> list[str]:
    """The zone of all-day events, as far as it is known: the one in which the event was made. UTC
    says nothing about that."""
    name = row.get("originalStartTimeZone")
    if row.get("isAllDay") is not True or not isinstance(name, str):
        return []
    zone = known_zone_name(name)
    return [] if zone is None or zone in NO_PLACE else [f"X-WR-TIMEZONE:{zone}"]


def _day_in(value: object) -> datetime | None:
    time = dict_in(value).get("dateTime")
    try:
        return datetime.fromisoformat(time[:10]) if isinstance(time, str) else None
    except ValueError:
        return None


def _instant_in(value: object) -> datetime | None:
    """The instant of a wall-clock time in its zone, which is UTC, as we request it."""
    given = dict_in(value)
    return instant_in(given.get("dateTime"), given.get("timeZone"))
