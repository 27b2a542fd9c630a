"""Sessions of event types, and the number of an event type's claims on each schedule."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection

# Bookings and holds name their schedules in the order in which they were taken.
SESSIONS: Final = """
SELECT extract(epoch FROM start_time)::bigint, schedule_ids, count(*) FROM (
    SELECT start_time, schedule_ids FROM bookings
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time >= $3 AND start_time < $4
      AND status IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND NOT conflict
      AND ($6::uuid[] IS NULL OR id <> ALL($6))
    UNION ALL
    SELECT start_time, schedule_ids FROM holds
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time >= $3 AND start_time < $4
      AND expires_at > $5 AND ($6::uuid[] IS NULL OR id <> ALL($6))) seats
GROUP BY start_time, schedule_ids
"""
# Claims of holds that have ended count too: somebody may be turning one into a booking right now.
CLAIMS_AT: Final = """
SELECT o.schedule_id, o.claim_id FROM occupancies o
WHERE o.organization_id = $1 AND o.booking_id IN (
    SELECT id FROM bookings
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time = $3)
UNION
SELECT o.schedule_id, o.claim_id FROM occupancies o
WHERE o.organization_id = $1 AND o.hold_id IN (
    SELECT id FROM holds
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time = $3)
"""
# A claim counts once, however many seats it has, and is as old as its oldest seat. Rows written by
# servers from before migration 0009 name no event type; it is that of their booking or hold.
CLAIMS_BY_MONTH: Final = """
WITH seats AS (
    SELECT schedule_id, starts_at, coalesce(booking_id, hold_id) AS id FROM occupancies
    WHERE organization_id = $1 AND event_type_id = $3 AND starts_at >= $4 AND starts_at < $5
      AND schedule_id = ANY($2::uuid[]) AND (expires_at IS NULL OR expires_at > $6)
    UNION ALL
    SELECT schedule_id, starts_at, coalesce(booking_id, hold_id) AS id FROM occupancies o
    WHERE organization_id = $1 AND event_type_id IS NULL AND schedule_id = ANY($2::uuid[])
      AND starts_at >= $4 AND starts_at < $5 AND (expires_at IS NULL OR expires_at > $6)
      AND coalesce(
        (SELECT event_type_id FROM bookings WHERE organization_id = $1 AND id = o.booking_id),
        (SELECT event_type_id FROM holds WHERE organization_id = $1 AND id = o.hold_id)) = $3)
SELECT number::int, schedule_id, width_bucket(starts_at, $7::timestamptz[]),
  count(DISTINCT starts_at) - count(DISTINCT starts_at) FILTER (WHERE seats.id < since.id)
FROM seats CROSS JOIN unnest($8::uuid[]) WITH ORDINALITY AS since (id, number)
WHERE $9::uuid[] IS NULL OR seats.id <> ALL($9)
GROUP BY 1, 2, 3
"""


async def list_sessions(
    tenant: TenantConnection,
    event_type_id: UUID,
    span: tuple[datetime, datetime],
    now: datetime,
    excluded_ids: Sequence[UUID],
) -> dict[tuple[int, tuple[UUID, ...]], int]:
    """The sessions that the event type's bookings and live holds make up: how many seats are taken,
    by start in epoch seconds and by schedules, which are sorted by id."""
    rows = await tenant.tx.fetch(
        SESSIONS, tenant.organization_id, event_type_id, *span, now, excluded_ids or None
    )
    seats: dict[tuple[int, tuple[UUID, ...]], int] = {}
    for start, schedule_ids, count in rows:
        session = start, tuple(sorted(schedule_ids))
        seats[session] = seats.get(session, 0) + count
    return seats


async def list_session_claims(
    tenant: TenantConnection, event_type_id: UUID, starts_at: datetime
) -> dict[UUID, UUID]:
    """The claim of the event type's session with that start, by schedule, even if only a hold that
    has ended has left it behind. The caller holds the event type's lock."""
    rows = await tenant.tx.fetch(CLAIMS_AT, tenant.organization_id, event_type_id, starts_at)
    return dict(rows)


async def count_claims_by_month(
    tenant: TenantConnection,
    schedule_ids: Sequence[UUID],
    event_type_id: UUID,
    months: Sequence[tuple[datetime, datetime]],
    since: Sequence[UUID | None],
    now: datetime,
    excluded_ids: Sequence[UUID],
) -> list[tuple[int, UUID, int, int]]:
    """How many live claims of the event type each schedule has in each of the consecutive months.

    The counts are `(index of since, schedule, index of month, claims)`, without zeros; indexes
    begin at 0. Each id in `since` has counts of its own, of claims whose seats were made after that
    id; None counts all claims.
    """
    begins = [begin for begin, _ in months]
    rows = await tenant.tx.fetch(
        CLAIMS_BY_MONTH,
        tenant.organization_id,
        schedule_ids,
        event_type_id,
        begins[0],
        months[-1][1],
        now,
        begins,
        since,
        excluded_ids or None,
    )
    return [(number - 1, id_, month - 1, count) for number, id_, month, count in rows]
