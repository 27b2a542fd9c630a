"""Lanes of webhooks: leasing them together with their endpoints, and recording outcomes.

Each endpoint has its own health. Lanes of a disabled endpoint are parked; enabling it makes them
due again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Raw

from kalends.store.database import TenantConnection
from kalends.store.outbox.lanes import CappedLane, Caps, Lease, candidates, keys_of
from kalends.store.outbox.recording import (
    DeliveryOutcome,
    Recorded,
    record_outcomes,
    record_statement,
)

# Lanes are looked up by their keys after their endpoints were read. Otherwise, while the tables are
# young, PostgreSQL read all lanes of an endpoint, and for each candidate all that is due.
_LEASE: Final = """
WITH {candidates},
due AS MATERIALIZED (
    SELECT l.endpoint_id, l.lane_id, w.enabled, w.url, w.secret, w.previous_secret,
        w.previous_until, w.failing_since,
        now() + CASE WHEN w.enabled THEN $3::interval ELSE interval '1 hour' END AS until
    FROM ranked r
    JOIN webhook_lanes l ON l.organization_id = $1 AND l.endpoint_id = r.endpoint_id
        AND l.lane_id = r.lane_id
    JOIN webhook_endpoints w ON w.organization_id = $1 AND w.id = l.endpoint_id
    WHERE l.waiting > r.nothing AND l.due_at <= now()
        AND r.place <= CASE WHEN w.failing_since IS NULL THEN $5::integer ELSE $6::integer END
    ORDER BY r.due_at LIMIT $2 FOR UPDATE OF l SKIP LOCKED),
taken AS (
    UPDATE webhook_lanes l SET due_at = due.until FROM due
    WHERE l.organization_id = $1 AND l.endpoint_id = due.endpoint_id AND l.lane_id = due.lane_id
    RETURNING l.endpoint_id, l.lane_id, l.due_at, due.enabled, due.url, due.secret,
        due.previous_secret, due.previous_until, due.failing_since)
SELECT t.endpoint_id, t.lane_id, t.due_at, d.id, d.tries, t.failing_since, t.enabled, t.url,
    t.secret, t.previous_secret, t.previous_until, d.event_id, d.type, d.body, e.data, e.previous,
    e.actor, e.actor_name, e.override, coalesce(e.created_at, d.created_at)
FROM taken t
LEFT JOIN LATERAL (
    SELECT * FROM deliveries d
    WHERE d.organization_id = $1 AND d.endpoint_id = t.endpoint_id AND d.lane_id = t.lane_id
        AND d.state = 'pending'
    ORDER BY d.number LIMIT 1) d ON true
LEFT JOIN LATERAL (
    SELECT * FROM events e WHERE e.organization_id = $1 AND e.id = d.event_id OFFSET 0) e ON true
"""
LEASE_LANES: Final = _LEASE.format(candidates=candidates("webhook"))
# Used if others have locked all lanes that were looked at; it looks further. Doing that each time
# would write into four lanes to take one.
LEASE_PAST_LOCKED: Final = _LEASE.format(
    candidates=candidates("webhook", past_locked=" FOR UPDATE SKIP LOCKED")
)
# A statement of its own, so that it sees an endpoint that was enabled during the one before.
UNPARK: Final = """
UPDATE webhook_lanes l SET due_at = now()
FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS o (endpoint_id, lane_id, until)
JOIN webhook_endpoints w ON w.organization_id = $1 AND w.id = o.endpoint_id
WHERE w.enabled AND l.organization_id = $1 AND l.endpoint_id = o.endpoint_id
    AND l.lane_id = o.lane_id AND l.due_at = o.until
"""
RECORD: Final = record_statement()


class DueWebhook(CappedLane, frozen=True):
    """A lane that was leased (or parked, if its endpoint is not `enabled`), with its endpoint and
    its first delivery: `data`, `previous`, `actor` and `override` are those of an event, `body` is
    that of a test."""

    enabled: bool
    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None
    event_id: UUID
    type: str
    body: Raw | None
    data: Raw | None
    previous: Raw | None
    actor: str | None
    actor_name: str | None
    override: bool | None
    created_at: datetime


class WebhookOutcome(DeliveryOutcome, frozen=True, kw_only=True):
    """The outcome of one attempt to reach an endpoint; `attempt` has only this one."""

    lane: DueWebhook


async def lease_due_webhooks(
    tenant: TenantConnection, room: int, lease: timedelta, without: Sequence[UUID], caps: Caps
) -> list[DueWebhook]:
    """Leases up to `room` due lanes that nobody has locked, the longest due first, and none of the
    endpoints in `without`.

    A lane in which nothing waits after all has a `delivery_id` of None. Lanes of endpoints that are
    not `enabled` are parked instead of leased.
    """
    arguments = tenant.organization_id, room, lease, without, caps.working, caps.failing
    tx = tenant.tx
    rows = await tx.fetch(LEASE_LANES, *arguments) or await tx.fetch(LEASE_PAST_LOCKED, *arguments)
    leased = [
        DueWebhook(*(tenant.organization_id, *row[:2], Lease(row[2]), *row[3:])) for row in rows
    ]
    if parked := [lane for lane in leased if not lane.enabled]:
        await tx.execute(UNPARK, tenant.organization_id, *keys_of(parked))
    return [lane for lane in leased if lane.enabled]


async def record_webhooks(tenant: TenantConnection, outcomes: Sequence[WebhookOutcome]) -> Recorded:
    """Records outcomes and moves their lanes on. An attempt that is recorded already is left as it
    is, so this may run again after the answer of the database was lost."""
    return await record_outcomes(tenant, RECORD, outcomes)
