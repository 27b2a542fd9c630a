"""Events of calendars elsewhere as rows, and their busy pieces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.connections import BusyElsewhere, CalendarReading, StoredEvent
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of

EVENT_FIELDS: Final = StoredEvent.__struct_fields__
EVENT_COLUMNS: Final = columns_of(StoredEvent)
BUSY_COLUMNS: Final = columns_of(BusyElsewhere)
# The busy pieces of an event that is new, changed or gone are deleted and written anew.
DELETE_BUSY: Final = (
    "DELETE FROM calendar_busy WHERE organization_id = $1 AND calendar_id = $2"
    " AND key = ANY($3::bytea[])"
)
DELETE_ALL_BUSY: Final = "DELETE FROM calendar_busy WHERE organization_id = $1 AND calendar_id = $2"
DELETE_EVENTS: Final = (
    "DELETE FROM calendar_events WHERE organization_id = $1 AND calendar_id = $2"
    " AND key = ANY($3::bytea[])"
)
DELETE_ALL_EVENTS: Final = (
    "DELETE FROM calendar_events WHERE organization_id = $1 AND calendar_id = $2"
)
INSERT_EVENTS: Final = f"""
INSERT INTO calendar_events (organization_id, calendar_id, {EVENT_COLUMNS})
SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[], $6::bytea[],
    $7::text[], $8::text[], $9::bytea[], $10::bytea[])
ON CONFLICT (organization_id, calendar_id, key) DO NOTHING
"""
INSERT_BUSY: Final = f"""
INSERT INTO calendar_busy (organization_id, calendar_id, {BUSY_COLUMNS})
SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[], $6::bytea[],
    $7::timestamptz[], $8::timestamptz[], $9::boolean[], $10::boolean[], $11::boolean[])
"""
NOTE_READING: Final = """
UPDATE calendars SET known_until = $3, last_synced_at = $4,
    unreadable_total = $5 + CASE WHEN $6::boolean THEN 0 ELSE unreadable_total END,
    events_total = (
        SELECT count(*) FROM calendar_events WHERE organization_id = $1 AND calendar_id = $2)
WHERE organization_id = $1 AND id = $2
"""
NOTE_LOOK: Final = """
UPDATE calendars SET last_synced_at = $3 WHERE organization_id = $1 AND id = $2
"""
LIST_EVENTS: Final = (
    f"SELECT {EVENT_COLUMNS} FROM calendar_events WHERE organization_id = $1 AND calendar_id = $2"
    " ORDER BY key"
)
FIND_EVENT: Final = (
    f"SELECT {EVENT_COLUMNS} FROM calendar_events"
    " WHERE organization_id = $1 AND calendar_id = $2 AND key = $3"
)


async def store_reading(
    tenant: TenantConnection, calendar_id: UUID, reading: CalendarReading, now: datetime
) -> None:
    """Replaces what was known of the calendar by the result of a reading, in one transaction, so
    that slots see either the old or the new state."""
    owner = tenant.organization_id, calendar_id
    if reading.is_whole:
        await tenant.tx.execute(DELETE_ALL_BUSY, *owner)
        await tenant.tx.execute(DELETE_ALL_EVENTS, *owner)
    else:
        keys = [*(event.key for event in reading.events), *reading.gone]
        await tenant.tx.execute(DELETE_BUSY, *owner, keys)
        await tenant.tx.execute(DELETE_EVENTS, *owner, keys)
    if reading.events:
        await tenant.tx.execute(INSERT_EVENTS, *owner, *_columns(reading.events))
    if reading.busy:
        await tenant.tx.execute(INSERT_BUSY, *owner, *_columns(reading.busy))
    await tenant.tx.execute(
        NOTE_READING, *owner, reading.known_until, now, reading.unreadable_total, reading.is_whole
    )


async def put_event(
    tenant: TenantConnection,
    calendar_id: UUID,
    event: StoredEvent,
    busy: Sequence[BusyElsewhere],
) -> None:
    """Replaces what was known of one event, with its busy pieces."""
    await delete_event(tenant, calendar_id, event.key)
    owner = tenant.organization_id, calendar_id
    await tenant.tx.execute(INSERT_EVENTS, *owner, *_columns([event]))
    if busy:
        await tenant.tx.execute(INSERT_BUSY, *owner, *_columns(busy))


async def delete_event(tenant: TenantConnection, calendar_id: UUID, key: bytes) -> None:
    owner = tenant.organization_id, calendar_id
    await tenant.tx.execute(DELETE_BUSY, *owner, [key])
    await tenant.tx.execute(DELETE_EVENTS, *owner, [key])


async def note_look(tenant: TenantConnection, calendar_id: UUID, now: datetime) -> None:
    """Notes that the calendar was read and has not changed."""
    await tenant.tx.execute(NOTE_LOOK, tenant.organization_id, calendar_id, now)


async def list_events(tenant: TenantConnection, calendar_id: UUID) -> list[StoredEvent]:
    rows = await tenant.tx.fetch(LIST_EVENTS, tenant.organization_id, calendar_id)
    return [_event_from(row) for row in rows]


async def find_event(tenant: TenantConnection, calendar_id: UUID, key: bytes) -> StoredEvent | None:
    row = await tenant.tx.fetchrow(FIND_EVENT, tenant.organization_id, calendar_id, key)
    return None if row is None else _event_from(row)


def _columns(rows: Sequence[StoredEvent] | Sequence[BusyElsewhere]) -> list[list[Any]]:
    return [list(column) for column in zip(*map(structs.astuple, rows), strict=True)]


def _event_from(row: Any) -> StoredEvent:
    return StoredEvent(**dict(zip(EVENT_FIELDS, row, strict=True)))
