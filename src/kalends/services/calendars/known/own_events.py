"""Stores events that we write into a calendar at once, so that other schedules that read it are
busy before the next reading."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import structs

from kalends.availability.interval import Interval
from kalends.availability.wallclock import zone_named
from kalends.domain.calendars.connections import ConnectedCalendar, StoredEvent
from kalends.domain.calendars.links import CalendarLink
from kalends.domain.calendars.readings import CalendarObject
from kalends.services.calendars.known.shapes import (
    KNOWN_AHEAD,
    KNOWN_BEFORE,
    ReadObject,
    busy_stretches,
    key_of,
    read_objects,
    stored_event,
)
from kalends.store.calendars import events, links
from kalends.store.database import TenantConnection


class Own(NamedTuple):
    """Which of the objects read are ours: bookings of the organization that their UIDs name, and
    the links by href of their event, each with the claim of its session, if it has one."""

    booking_ids: Collection[UUID]
    links: Mapping[str, tuple[CalendarLink, UUID | None]]

    def stored(self, read: ReadObject) -> StoredEvent:
        stored = stored_event(read, self.booking_ids)
        owner = self.links.get(read.href)
        return stored if owner is None else owned_by(*owner, stored)


NO_OWN: Final = Own((), {})


async def find_owners(
    tenant: TenantConnection, calendar_id: UUID, read: Sequence[ReadObject]
) -> dict[str, tuple[CalendarLink, UUID | None]]:
    """The links of those of the objects that we have written, by href."""
    written = await links.list_links_by_refs(tenant, calendar_id, [each.href for each in read])
    return {link.ref or "": (link, await _claim_of(tenant, link)) for link in written}


async def _claim_of(tenant: TenantConnection, link: CalendarLink) -> UUID | None:
    return await links.find_claim(tenant, link) if link.booking_id is None else None


async def keep_event(
    tenant: TenantConnection,
    calendar: ConnectedCalendar,
    link: CalendarLink,
    data: bytes,
    now: datetime,
) -> None:
    """Stores the event that was written as if it had been read, unless the calendar was never
    read."""
    if calendar.known_until is None or link.ref is None:
        return
    read, _ = read_objects([CalendarObject(href=link.ref, etag=link.etag, data=data)], [])
    if not read:
        return
    claim_id = await _claim_of(tenant, link)
    stored = owned_by(link, claim_id, stored_event(read[0], read[0].own_ids))
    span = Interval(int((now - KNOWN_BEFORE).timestamp()), int((now + KNOWN_AHEAD).timestamp()))
    found = busy_stretches([stored], span, zone_named("UTC"))
    pieces = [] if calendar.is_transparent else found.pieces
    await events.put_event(tenant, calendar.id, stored, pieces)


def owned_by(link: CalendarLink, claim_id: UUID | None, stored: StoredEvent) -> StoredEvent:
    """The event as the link's own: of its booking, or of its session's claim."""
    return structs.replace(
        stored,
        own_id=link.booking_id or claim_id or link.subject_id,
        own_event_type_id=link.event_type_id,
        own_starts_at=link.starts_at,
    )


async def forget_event(tenant: TenantConnection, calendar_id: UUID, ref: str) -> None:
    """Deletes what is stored of an event that we have deleted there."""
    await events.delete_event(tenant, calendar_id, key_of(ref))
