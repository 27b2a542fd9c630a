"""Deliveries of webhooks: listing them, recording a test, and sending one again."""

from typing import Final
from uuid import UUID

from msgspec import Raw

from kalends.domain.webhook import Delivery
from kalends.store.database import TenantConnection

_SHOWN: Final = """
SELECT d.id, d.endpoint_id, d.event_id, d.type, d.state, d.attempts, d.created_at,
    CASE WHEN d.state = 'pending' THEN l.due_at END AS next_attempt_at
FROM deliveries d LEFT JOIN webhook_lanes l USING (organization_id, endpoint_id, lane_id)
"""
LIST: Final = f"""
SELECT page.*, counted.total FROM (
    SELECT count(*) AS total FROM deliveries
    WHERE organization_id = $1 AND endpoint_id = $2 AND ($3::text IS NULL OR state = $3)) counted
LEFT JOIN ({_SHOWN}
    WHERE d.organization_id = $1 AND d.endpoint_id = $2 AND ($3::text IS NULL OR d.state = $3)
    ORDER BY d.id DESC LIMIT $4 OFFSET $5) page ON true ORDER BY id DESC
"""
OF_LANE: Final = f"""
SELECT page.*, w.url FROM (
    {_SHOWN} WHERE d.organization_id = $1 AND d.lane_id = $2 AND d.channel = 'webhook'
    ORDER BY d.id DESC LIMIT $3) page
JOIN webhook_endpoints w ON w.organization_id = $1 AND w.id = page.endpoint_id
ORDER BY page.id DESC
"""
GET: Final = f"{_SHOWN} WHERE d.organization_id = $1 AND d.endpoint_id = $2 AND d.id = $3"
INSERT_TEST: Final = """
INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number, body,
    state, tries, attempts, created_at)
VALUES ($1, $2, $3, $4, $5, $4, 0, $6, $7, 1, $8, $9)
"""
# A delivery that waits already gets no second place in its lane.
AGAIN: Final = """
WITH again AS (
    UPDATE deliveries SET state = 'pending', tries = 0
    WHERE organization_id = $1 AND endpoint_id = $2 AND id = $3 AND state <> 'pending'
    RETURNING lane_id),
filled AS (
    INSERT INTO webhook_lanes AS l (organization_id, endpoint_id, lane_id, waiting, due_at)
    SELECT $1, $2, lane_id, 1, now() FROM again
    ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
    SET waiting = l.waiting + 1,
        due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END)
SELECT
"""
DUE_NOW: Final = """
UPDATE webhook_lanes l SET due_at = least(due_at, now()) FROM deliveries d
WHERE l.organization_id = $1 AND l.endpoint_id = $2 AND l.lane_id = d.lane_id
    AND d.organization_id = $1 AND d.id = $3
"""


async def list_deliveries(
    tenant: TenantConnection, endpoint_id: UUID, state: str | None, limit: int, offset: int
) -> tuple[list[Delivery], int]:
    """A page of an endpoint's deliveries, the latest first, and the total."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, endpoint_id, state, limit, offset)
    return [Delivery(*row[:-1]) for row in rows if row["id"] is not None], rows[0]["total"]


async def list_deliveries_of_lane(
    tenant: TenantConnection, lane_id: UUID, limit: int
) -> list[tuple[Delivery, str]]:
    """The deliveries about a booking to all endpoints, the latest first, each with the URL."""
    rows = await tenant.tx.fetch(OF_LANE, tenant.organization_id, lane_id, limit)
    return [(Delivery(*row[:-1]), row["url"]) for row in rows]


async def find_delivery(
    tenant: TenantConnection, endpoint_id: UUID, delivery_id: UUID
) -> Delivery | None:
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, endpoint_id, delivery_id)
    return None if row is None else Delivery(*row)


async def insert_test(tenant: TenantConnection, delivery: Delivery, body: Raw) -> None:
    """Writes a test that was sent, whether or not it was delivered."""
    d = delivery
    await tenant.tx.execute(
        INSERT_TEST,
        tenant.organization_id,
        d.id,
        d.endpoint_id,
        d.event_id,
        d.type,
        body,
        d.state,
        d.attempts,
        d.created_at,
    )


async def redeliver(tenant: TenantConnection, endpoint_id: UUID, delivery_id: UUID) -> None:
    """Puts the delivery into its lane again, with all of its attempts ahead of it; one that waits
    already becomes due now."""
    await tenant.tx.execute(AGAIN, tenant.organization_id, endpoint_id, delivery_id)
    await tenant.tx.execute(DUE_NOW, tenant.organization_id, endpoint_id, delivery_id)
