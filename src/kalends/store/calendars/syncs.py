"""Requested syncs of connections as rows, and the counts of their readings."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.calendars.syncs import CalendarSync, ReadingCounts
from kalends.store.database import TenantConnection

INSERT: Final = """
INSERT INTO calendar_syncs (organization_id, id, connection_id, started_at, calendars_total)
SELECT $1, $2, $3, $4, count(*) FROM calendars WHERE organization_id = $1 AND connection_id = $3
"""
# A calendar that is being read is read once more, as that reading may have begun before a change.
WANT: Final = """
UPDATE calendars SET sync_id = $3, due_at = CASE WHEN leased_by IS NULL
    THEN least(due_at, $4) ELSE due_at END
WHERE organization_id = $1 AND connection_id = $2
RETURNING id
"""
FORGET: Final = """
DELETE FROM calendar_syncs WHERE organization_id = $1 AND connection_id = $2 AND started_at < $3
"""
GET: Final = """
SELECT s.id, s.connection_id, s.started_at, s.calendars_total, s.calendars_read,
    s.calendars_failed, s.events_changed, s.events_removed,
    EXISTS (SELECT FROM calendars k WHERE k.organization_id = $1
        AND k.connection_id = s.connection_id AND k.sync_id = s.id) AS is_running
FROM calendar_syncs s
WHERE s.organization_id = $1 AND s.connection_id = $2 AND s.id = $3
"""
DONE: Final = """
UPDATE calendars SET sync_id = NULL WHERE organization_id = $1 AND id = $2 AND sync_id = $3
"""
COUNT: Final = """
UPDATE calendar_syncs SET calendars_read = calendars_read + $3,
    calendars_failed = calendars_failed + $4, events_changed = events_changed + $5,
    events_removed = events_removed + $6
WHERE organization_id = $1 AND id = $2
"""


async def insert_sync(
    tenant: TenantConnection, sync_id: UUID, connection_id: UUID, now: datetime
) -> list[UUID]:
    """Writes a sync of all calendars of the connection, makes them due, and returns them."""
    await tenant.tx.execute(INSERT, tenant.organization_id, sync_id, connection_id, now)
    rows = await tenant.tx.fetch(WANT, tenant.organization_id, connection_id, sync_id, now)
    return [row[0] for row in rows]


async def find_sync(
    tenant: TenantConnection, connection_id: UUID, sync_id: UUID
) -> CalendarSync | None:
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, connection_id, sync_id)
    return None if row is None else CalendarSync(**dict(row))


async def forget_syncs(tenant: TenantConnection, connection_id: UUID, before: datetime) -> None:
    """Deletes the syncs of the connection that began before then."""
    await tenant.tx.execute(FORGET, tenant.organization_id, connection_id, before)


async def count_reading(
    tenant: TenantConnection, calendar_id: UUID, sync_id: UUID, counts: ReadingCounts
) -> None:
    """Adds the counts of a reading to the sync that it was for."""
    organization_id = tenant.organization_id
    await tenant.tx.execute(DONE, organization_id, calendar_id, sync_id)
    await tenant.tx.execute(
        COUNT,
        organization_id,
        sync_id,
        int(not counts.has_failed),
        int(counts.has_failed),
        counts.events_changed,
        counts.events_removed,
    )
