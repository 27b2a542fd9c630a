"""What lies in a span of an organization's days, and what waits to be decided."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.booking import Booking
from kalends.domain.schedule import BusyTime
from kalends.store.bookings.bookings import COLUMNS_BUT_METADATA, DURING, booking_from
from kalends.store.database import TenantConnection, fetch_planned
from kalends.store.rows import columns_of

_ON_SCHEDULE: Final = (
    "($4::uuid IS NULL OR b.schedule_id = $4"
    " OR (cardinality(b.schedule_ids) > 1 AND b.schedule_ids @> ARRAY[$4::uuid]))"
)
_SHOWN: Final = "b.status <> 'CANCELLED'"
# What began before the span and lasts into it is found by an index over the whole of its time.
BETWEEN: Final = f"""
SELECT {COLUMNS_BUT_METADATA} FROM (
    SELECT b.* FROM bookings b
    WHERE b.organization_id = $1 AND b.start_time >= $2 AND b.start_time < $3
      AND {_SHOWN} AND {_ON_SCHEDULE}
    UNION ALL
    (SELECT b.* FROM bookings b
    WHERE b.organization_id = $1 AND b.start_time < $2 AND {DURING} @> $2::timestamptz
      AND {_SHOWN} AND {_ON_SCHEDULE} OFFSET 0)
) b ORDER BY start_time, id LIMIT $5
"""
BUSY: Final = f"""
SELECT {columns_of(BusyTime)} FROM busy_times
WHERE organization_id = $1 AND schedule_id = $2
  AND tstzrange(start_time, end_time) && tstzrange($3, $4)
ORDER BY start_time, id LIMIT $5
"""
PENDING: Final = f"""
SELECT count(*) + (
    SELECT count(*) FROM bookings
    WHERE organization_id = $1 AND status = 'PENDING' AND start_time < $2
      AND {DURING} @> $2::timestamptz)
FROM bookings WHERE organization_id = $1 AND status = 'PENDING' AND start_time >= $2
"""


async def list_between(
    tenant: TenantConnection, span: tuple[datetime, datetime], schedule_id: UUID | None, limit: int
) -> list[Booking]:
    """The bookings that meet the span, by start, without their metadata; not the cancelled
    ones."""
    arguments = tenant.organization_id, *span, schedule_id, limit
    rows = await fetch_planned(tenant.tx, BETWEEN, *arguments)
    return [booking_from(row) for row in rows]


async def list_busy_between(
    tenant: TenantConnection, schedule_id: UUID, span: tuple[datetime, datetime], limit: int
) -> list[BusyTime]:
    rows = await tenant.tx.fetch(BUSY, tenant.organization_id, schedule_id, *span, limit)
    return [BusyTime(**dict(row)) for row in rows]


async def count_pending(tenant: TenantConnection, now: datetime) -> int:
    """How many bookings that have not ended wait to be confirmed."""
    count: int = await tenant.tx.fetchval(PENDING, tenant.organization_id, now)
    return count
