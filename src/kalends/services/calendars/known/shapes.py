"""Turns the objects of a calendar into the shapes that are stored, and into busy time.

Nothing here waits, but thousands of events take a while, so it runs in a thread.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import Struct, json

from kalends.availability.interval import Interval
from kalends.availability.recurrence.busy import BusyPiece, busy_in_zones
from kalends.availability.recurrence.shapes import EventZone, Series
from kalends.availability.recurrence.zones import zone_of
from kalends.availability.wallclock import Zone
from kalends.domain import ids
from kalends.domain.calendars.connections import BusyElsewhere, OurPart, StoredEvent
from kalends.domain.calendars.readings import CalendarObject
from kalends.formats.icalendar.reading.calendar import read_calendar
from kalends.formats.icalendar.reading.errors import UnreadableCalendar
from kalends.services.calendars.known.imported import ImportedEvents

KNOWN_BEFORE: Final = timedelta(days=2)
KNOWN_AHEAD: Final = timedelta(days=550)
# The largest offset of any zone from UTC.
A_DAY: Final = timedelta(days=1)
KEY_BYTES: Final = 16
# The key of busy pieces that several events share, where a calendar has too many to keep apart.
SHARED_KEY: Final = b""
NO_IMPORTS: Final = ImportedEvents()


class KeptSeries(NamedTuple):
    """A stored series, and the booking that we have written or mailed it for."""

    own_id: UUID | None
    series: Series


class KeptShape(Struct, frozen=True, array_like=True):
    """The stored times of an object. `zone` is what its file says about times without a zone."""

    zone: EventZone
    series: list[KeptSeries]


class ReadObject(Struct, frozen=True):
    """An object that was read: its href and its times. `own_id` may name a booking of another
    installation."""

    href: str
    etag: str | None
    uid_hash: bytes | None
    shape: KeptShape
    unreadable_total: int

    @property
    def own_ids(self) -> set[UUID]:
        return {kept.own_id for kept in self.shape.series if kept.own_id is not None}


class BusyStretches(Struct, frozen=True):
    """The busy time that objects make. `is_shared`: there are too many pieces to tell whose each
    is."""

    pieces: list[BusyElsewhere]
    is_shared: bool
    incomplete_total: int


# An event, the zone for its times without one, and one of its series.
PlacedSeries: TypeAlias = tuple[StoredEvent, EventZone, KeptSeries]

_SHAPE: Final = json.Decoder(KeptShape)


def key_of(href: str) -> bytes:
    """The key under which an object of a calendar is stored."""
    return hashlib.blake2b(href.encode(), digest_size=KEY_BYTES).digest()


def read_objects(
    objects: Iterable[CalendarObject],
    owner: Sequence[str],
    since: datetime | None = None,
    imported: ImportedEvents = NO_IMPORTS,
) -> tuple[list[ReadObject], list[str]]:
    """The objects, and the hrefs of those that are no valid calendars. `owner` are the addresses of
    the calendar's owner: events that they declined take no time. Events that ended before `since`
    are not needed. `imported` recognizes the events of imported bookings."""
    day = None if since is None else (since - A_DAY).date()
    read, unreadable = [], []
    for each in objects:
        try:
            read.append(_read_object(each, owner, day, imported))
        except UnreadableCalendar:
            unreadable.append(each.href)
    return read, unreadable


def _read_object(
    each: CalendarObject, owner: Sequence[str], since: date | None, imported: ImportedEvents
) -> ReadObject:
    found = read_calendar(each.data, owner, since)
    series = [
        KeptSeries(_booking_named(event.own_uid) or imported.booking_of(event), event.series)
        for event in found.events
    ]
    uid_hash = found.events[0].uid_hash if len(found.events) == 1 else None
    shape = KeptShape(found.zone, series)
    return ReadObject(each.href, each.etag, uid_hash, shape, found.unreadable_total)


def _booking_named(uid: str | None) -> UUID | None:
    """The booking in a UID of ours: `bk_…@kalends` in invitations and feeds, `bk_…-1-…@kalends` in
    events that we write."""
    if uid is None:
        return None
    return ids.decode_id(ids.BOOKING, uid.partition("@")[0].partition("-")[0])


def stored_event(read: ReadObject, own_ids: Collection[UUID]) -> StoredEvent:
    """What is stored of the object; `own_ids` are the bookings that exist in the organization."""
    series = [_owned(kept, own_ids) for kept in read.shape.series]
    owners = {kept.own_id for kept in series}
    return StoredEvent(
        key=key_of(read.href),
        ref=read.href,
        etag=read.etag,
        uid_hash=read.uid_hash,
        shape=json.encode(KeptShape(read.shape.zone, series)),
        own_id=owners.pop() if len(owners) == 1 else None,
    )


def _owned(kept: KeptSeries, own_ids: Collection[UUID]) -> KeptSeries:
    return kept if kept.own_id in own_ids else KeptSeries(None, kept.series)


def busy_stretches(
    events: Iterable[StoredEvent], span: Interval, calendar_zone: Zone
) -> BusyStretches:
    """The busy time of the events within the span. `calendar_zone` is for times without a zone in
    files that do not name one."""
    placed = list(_placed(events))
    zones = {zone: zone_of(zone, calendar_zone) for zone in {zone for _, zone, _ in placed}}
    series = ((kept.series, zones[zone]) for _, zone, kept in placed)
    found = busy_in_zones(series, span)
    pieces = [_stretch(at, piece, placed) for at, piece in found.pieces]
    return BusyStretches(pieces, found.is_merged, len(found.incomplete))


def _stretch(at: int | None, piece: BusyPiece, placed: Sequence[PlacedSeries]) -> BusyElsewhere:
    event, _, kept = (None, None, None) if at is None else placed[at]
    return BusyElsewhere(
        key=SHARED_KEY if event is None else event.key,
        start_time=_instant(piece.start),
        end_time=_instant(piece.end),
        is_tentative=piece.kind.is_tentative,
        is_all_day=piece.kind.is_all_day,
        is_out_of_office=piece.kind.is_out_of_office,
        **_owner_of(event, kept),
    )


def spans_of(pieces: Iterable[BusyElsewhere]) -> dict[bytes, tuple[datetime, datetime]]:
    """The span from the first start to the last end of the pieces of each event, by its key."""
    spans: dict[bytes, tuple[datetime, datetime]] = {}
    for piece in pieces:
        start, end = spans.get(piece.key, (piece.start_time, piece.end_time))
        spans[piece.key] = min(start, piece.start_time), max(end, piece.end_time)
    return spans


def _owner_of(event: StoredEvent | None, kept: KeptSeries | None) -> dict[str, Any]:
    """The owner of an event's time: the session that we have written it for, else its booking."""
    if event is None or kept is None:
        return {}
    if event.own_event_type_id is None:
        # If somebody has changed its UID, its href still tells that it is ours.
        return {"own_id": kept.own_id or event.own_id}
    return {name: getattr(event, name) for name in OurPart.__struct_fields__}


def _placed(events: Iterable[StoredEvent]) -> Iterator[PlacedSeries]:
    for event in events:
        shape = _SHAPE.decode(event.shape)
        for kept in shape.series:
            yield event, shape.zone, kept


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
