"""Counts of bookings by week. The bounds of weeks come from the engine, never from SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection, fetch_planned

_IN_WEEKS: Final = """
    b.organization_id = $1 AND b.start_time >= $2::timestamptz AND b.start_time < $3::timestamptz
    AND ($5::uuid IS NULL OR b.schedule_ids @> ARRAY[$5::uuid])
"""
COUNTS: Final = f"""
SELECT width_bucket(b.start_time, $4::timestamptz[]) - 1, b.status, count(*)
FROM bookings b WHERE {_IN_WEEKS} GROUP BY 1, 2
"""
# The seats of a group session share their time, so it counts once.
BOOKED: Final = f"""
SELECT width_bucket(start_time, $4::timestamptz[]) - 1,
    sum(extract(epoch FROM end_time - start_time))::bigint
FROM (
    SELECT DISTINCT s.id, b.start_time, b.end_time
    FROM bookings b JOIN LATERAL unnest(b.schedule_ids) AS s (id) ON s.id = ANY($6::uuid[])
    WHERE {_IN_WEEKS} AND b.status IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND NOT b.conflict
) booked GROUP BY 1
"""


async def count_by_week(
    tenant: TenantConnection, bounds: Sequence[datetime], schedule_id: UUID | None
) -> list[tuple[int, str, int]]:
    """How many bookings of which status start in each week (from 0); the last bound ends the
    last week."""
    rows = await fetch_planned(
        tenant.tx, COUNTS, tenant.organization_id, bounds[0], bounds[-1], bounds[:-1], schedule_id
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def booked_by_week(
    tenant: TenantConnection,
    bounds: Sequence[datetime],
    schedule_id: UUID | None,
    schedule_ids: Sequence[UUID],
) -> dict[int, int]:
    """How many seconds of these schedules are booked, by week (from 0)."""
    rows = await fetch_planned(
        tenant.tx,
        BOOKED,
        tenant.organization_id,
        bounds[0],
        bounds[-1],
        bounds[:-1],
        schedule_id,
        schedule_ids,
    )
    return {row[0]: row[1] for row in rows}
