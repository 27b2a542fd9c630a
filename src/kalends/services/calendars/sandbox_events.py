"""Events in the calendars of a sandbox: a program puts them there, and they are read as if they
came from a server."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.interval import Interval
from kalends.availability.wallclock import zone_named
from kalends.domain.calendars.connections import CalendarReading, ConnectedCalendar, ProviderName
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.errors import Invalid
from kalends.domain.ids import CALENDAR, CALENDAR_EVENT, encode_id, new_id
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.services.calendars.accounts.connections import lock_connection, require_calendar
from kalends.services.calendars.changes_there import SeenThere, note_changes
from kalends.services.calendars.known import shapes
from kalends.services.calendars.known.own_events import Own, find_owners
from kalends.services.calendars.queue import enqueue_look
from kalends.services.calendars.reading.overlaps import report_overlaps
from kalends.store.accounts.organizations import find_organization
from kalends.store.calendars import events, readings

MOST_EVENTS: Final = 5_000


class SandboxCalendar(Struct, frozen=True):
    """The ids of a calendar and its connection."""

    connection_id: UUID
    calendar_id: UUID


class SandboxEvent(SandboxCalendar, frozen=True):
    """The ids of an event and its calendar."""

    event_id: UUID


async def lock_calendar(work: UnitOfWork, place: SandboxCalendar) -> ConnectedCalendar:
    """The calendar, with its connection locked. Raises NotFound for a calendar that programs cannot
    fill."""
    connection = await lock_connection(work, place.connection_id)
    calendar = await require_calendar(work, place.connection_id, place.calendar_id)
    is_test = connection.provider is ProviderName.TEST
    return require(calendar if is_test else None, CALENDAR, place.calendar_id)


async def create_event(work: UnitOfWork, calendar: ConnectedCalendar, data: bytes) -> UUID:
    """Puts an event, as iCalendar, into a locked calendar. Raises Invalid."""
    if calendar.events_total >= MOST_EVENTS:
        raise Invalid(f"The calendar has {MOST_EVENTS} events already.")
    event_id = new_id()
    await _put(work, calendar, event_id, data)
    return event_id


async def lock_event(work: UnitOfWork, place: SandboxEvent) -> tuple[ConnectedCalendar, UUID]:
    """The event and its calendar, with its connection locked. Raises NotFound."""
    calendar = await lock_calendar(work, place)
    known = await events.find_event(work.tenant, calendar.id, _key(place.event_id))
    return calendar, require(place.event_id if known else None, CALENDAR_EVENT, place.event_id)


async def replace_event(
    work: UnitOfWork, locked: tuple[ConnectedCalendar, UUID], data: bytes
) -> UUID:
    """Replaces a locked event. Raises Invalid."""
    calendar, event_id = locked
    await _put(work, calendar, event_id, data)
    return event_id


async def delete_event(work: UnitOfWork, place: SandboxEvent) -> UUID:
    """Deletes the event. Raises NotFound."""
    calendar, event_id = await lock_event(work, place)
    gone = CalendarReading(
        events=[],
        busy=[],
        gone=[_key(event_id)],
        known_until=calendar.known_until or work.recorded_at,
    )
    await events.store_reading(work.tenant, calendar.id, gone, work.recorded_at)
    href = encode_id(CALENDAR_EVENT, event_id)
    await _follow(work, calendar, SeenThere(changed=(), gone=[href]))
    return event_id


async def _put(work: UnitOfWork, calendar: ConnectedCalendar, event_id: UUID, data: bytes) -> None:
    href = encode_id(CALENDAR_EVENT, event_id)
    read, broken = shapes.read_objects([CalendarObject(href=href, etag=None, data=data)], [])
    if broken or not read[0].shape.series or read[0].unreadable_total:
        raise Invalid.field("icalendar", "must be a calendar (RFC 5545) with an event")
    own_ids = await readings.find_own_bookings(work.tenant, list(read[0].own_ids))
    owners = await find_owners(work.tenant, calendar.id, read)
    stored = Own(own_ids, owners).stored(read[0])
    organization = await find_organization(work.tenant)
    assert organization is not None
    now = work.recorded_at
    span = Interval(
        int((now - shapes.KNOWN_BEFORE).timestamp()), int((now + shapes.KNOWN_AHEAD).timestamp())
    )
    stretches = shapes.busy_stretches([stored], span, zone_named(organization.timezone))
    reading = CalendarReading(
        events=[stored], busy=stretches.pieces, known_until=calendar.known_until or now
    )
    await events.store_reading(work.tenant, calendar.id, reading, now)
    await report_overlaps(work, calendar.id, [stored.key])
    if owners:
        start, end = shapes.spans_of(stretches.pieces).get(stored.key) or (None, None)
        await _follow(work, calendar, SeenThere(changed=[(href, start, end)], gone=()))


async def _follow(work: UnitOfWork, calendar: ConnectedCalendar, seen: SeenThere) -> None:
    """Follows a change of one of our events, as after a reading."""
    if await note_changes(work.tenant, calendar.id, seen, work.recorded_at):
        await enqueue_look(work, calendar.id)


def _key(event_id: UUID) -> bytes:
    return shapes.key_of(encode_id(CALENDAR_EVENT, event_id))
