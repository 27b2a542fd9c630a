"""Nudges: calendars that are read earlier than planned, because somebody is looking at slots."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection

MOST_AT_ONCE: Final = 20
# Calendars that fail keep to their pauses. How often one may be nudged depends on its last reading.
LIST_OLD: Final = """
SELECT DISTINCT k.id FROM schedule_calendars u
JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
WHERE u.organization_id = $1 AND u.schedule_id = ANY($2::uuid[]) AND u.reads
  AND k.leased_by IS NULL AND k.due_at > $3
  AND c.state = 'active' AND c.failures = 0 AND c.provider <> 'test'
  AND k.last_synced_at < CASE WHEN c.provider = 'ics' THEN $5::timestamptz ELSE $4 END
LIMIT $6
"""
MAKE_DUE: Final = """
UPDATE calendars SET due_at = $3
WHERE organization_id = $1 AND id IN (
    SELECT id FROM calendars WHERE organization_id = $1 AND id = ANY($2::uuid[])
      AND leased_by IS NULL AND due_at > $3
    ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING id
"""


async def list_old_calendars(
    tenant: TenantConnection,
    schedule_ids: Sequence[UUID],
    now: datetime,
    before: datetime,
    file_before: datetime,
) -> list[UUID]:
    """The calendars that the schedules read and that were last read before these times (the second
    is for calendar files), without those that are being read or are due already."""
    rows = await tenant.tx.fetch(
        LIST_OLD, tenant.organization_id, schedule_ids, now, before, file_before, MOST_AT_ONCE
    )
    return [row[0] for row in rows]


async def make_due(
    tenant: TenantConnection, calendar_ids: Sequence[UUID], now: datetime
) -> list[UUID]:
    """Makes the calendars due; returns those that were not."""
    rows = await tenant.tx.fetch(MAKE_DUE, tenant.organization_id, calendar_ids, now)
    return [row[0] for row in rows]
