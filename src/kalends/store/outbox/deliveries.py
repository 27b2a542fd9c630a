"""Deliveries as rows, and the lanes in which they wait.

A lane holds the events of one booking for one endpoint. Only its first waiting delivery is ever
sent, so order needs no lock while the network is waited for: who takes a lane moves its `due_at`
on by a lease, and who is killed loses it when that is over. `waiting` counts, since a count in the
locked row is always the latest, which a look into another table would not be.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, Struct

from kalends.domain.webhook import Delivery
from kalends.store.database import TenantConnection, Tx

# Over all organizations, as housekeeping is. A lane of an endpoint that is disabled is parked, and
# enabling makes it due again.
_LEASE: Final = """
WITH candidate AS MATERIALIZED (
    SELECT organization_id, endpoint_id, lane_id, due_at FROM webhook_lanes
    WHERE waiting > 0 AND due_at <= now() AND endpoint_id <> ALL($3::uuid[])
    ORDER BY due_at LIMIT 4 * $1::integer{past_locked}),
ranked AS (
    SELECT c.*, row_number() OVER (PARTITION BY endpoint_id ORDER BY due_at) AS place
    FROM candidate c),
due AS MATERIALIZED (
    SELECT l.organization_id, l.endpoint_id, l.lane_id
    FROM ranked r JOIN webhook_lanes l USING (organization_id, endpoint_id, lane_id)
    JOIN webhook_endpoints w ON w.organization_id = l.organization_id AND w.id = l.endpoint_id
    WHERE l.waiting > 0 AND l.due_at <= now()
        AND r.place <= CASE WHEN w.failing_since IS NULL THEN $4::integer ELSE $5::integer END
    ORDER BY r.due_at LIMIT $1 FOR UPDATE OF l SKIP LOCKED),
taken AS (
    UPDATE webhook_lanes l
    SET due_at = now() + CASE WHEN w.enabled THEN $2::interval ELSE interval '1 hour' END
    FROM due JOIN webhook_endpoints w
        ON w.organization_id = due.organization_id AND w.id = due.endpoint_id
    WHERE l.organization_id = due.organization_id AND l.endpoint_id = due.endpoint_id
        AND l.lane_id = due.lane_id
    RETURNING l.organization_id, l.endpoint_id, l.lane_id, w.enabled, w.url, w.secret,
        w.previous_secret, w.previous_until, w.failing_since)
SELECT t.organization_id, t.endpoint_id, t.lane_id, t.enabled, t.url, t.secret,
    t.previous_secret, t.previous_until, t.failing_since, d.id, d.tries, d.event_id, d.type, d.body,
    e.data, e.previous, e.actor, e.actor_name, e.override, coalesce(e.created_at, d.created_at)
FROM taken t
LEFT JOIN LATERAL (
    SELECT * FROM deliveries d
    WHERE d.organization_id = t.organization_id AND d.endpoint_id = t.endpoint_id
        AND d.lane_id = t.lane_id AND d.state = 'pending'
    ORDER BY d.number LIMIT 1) d ON true
LEFT JOIN events e ON e.organization_id = t.organization_id AND e.id = d.event_id
"""
LEASE_LANES: Final = _LEASE.format(past_locked="")
# Where all that it looks at is locked by others, it looks further; to do so each time would write
# into four lanes to take one.
LEASE_PAST_LOCKED: Final = _LEASE.format(past_locked=" FOR UPDATE SKIP LOCKED")
# In a statement of its own, which sees an enabling that the one before was too early for.
UNPARK: Final = """
UPDATE webhook_lanes l SET due_at = now()
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS o (organization_id, endpoint_id, lane_id)
JOIN webhook_endpoints w ON w.organization_id = o.organization_id AND w.id = o.endpoint_id
WHERE w.enabled AND l.organization_id = o.organization_id AND l.endpoint_id = o.endpoint_id
    AND l.lane_id = o.lane_id
"""
# It waits for nobody: what somebody holds, a lane or a delivery, is answered, to be written later.
RECORD: Final = """
WITH outcome AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::integer[],
        $6::text[], $7::jsonb[], $8::interval[]) WITH ORDINALITY AS o (organization_id,
            endpoint_id, lane_id, id, tries, state, attempt, again_after, position)),
lane AS MATERIALIZED (
    SELECT l.organization_id, l.endpoint_id, l.lane_id
    FROM webhook_lanes l JOIN outcome USING (organization_id, endpoint_id, lane_id)
    FOR UPDATE OF l SKIP LOCKED),
free AS MATERIALIZED (
    SELECT o.* FROM outcome o
    LEFT JOIN webhook_lanes l USING (organization_id, endpoint_id, lane_id)
    WHERE l.lane_id IS NULL
        OR (o.organization_id, o.endpoint_id, o.lane_id) IN (SELECT * FROM lane)),
mine AS MATERIALIZED (
    SELECT d.organization_id, d.id FROM deliveries d JOIN free o USING (organization_id, id)
    WHERE d.state = 'pending' AND d.tries = o.tries FOR UPDATE OF d SKIP LOCKED),
written AS (
    UPDATE deliveries d
    SET state = o.state, tries = d.tries + 1, attempts = d.attempts || o.attempt
    FROM mine JOIN outcome o USING (organization_id, id)
    WHERE d.organization_id = mine.organization_id AND d.id = mine.id
    RETURNING d.organization_id, d.endpoint_id, d.lane_id, d.state, o.again_after),
moved AS (
    UPDATE webhook_lanes l
    SET waiting = l.waiting - (w.state <> 'pending')::integer,
        due_at = now() + coalesce(w.again_after, interval '0')
    FROM written w
    WHERE l.organization_id = w.organization_id AND l.endpoint_id = w.endpoint_id
        AND l.lane_id = w.lane_id)
SELECT o.position FROM outcome o
JOIN deliveries d ON d.organization_id = o.organization_id AND d.id = o.id
WHERE d.state = 'pending' AND d.tries = o.tries
    AND (o.organization_id, o.id) NOT IN (SELECT * FROM mine)
"""
RELEASE: Final = """
UPDATE webhook_lanes l SET due_at = now() FROM (
    SELECT l.organization_id, l.endpoint_id, l.lane_id FROM webhook_lanes l
    JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS o (organization_id, endpoint_id, lane_id)
        USING (organization_id, endpoint_id, lane_id)
    FOR UPDATE OF l SKIP LOCKED) mine
WHERE l.organization_id = mine.organization_id AND l.endpoint_id = mine.endpoint_id
    AND l.lane_id = mine.lane_id
"""
NEXT_DUE: Final = "SELECT min(due_at) - now() FROM webhook_lanes WHERE waiting > 0"
RECOUNT: Final = """
UPDATE webhook_lanes l SET waiting = (
    SELECT count(*) FROM deliveries d
    WHERE d.organization_id = $1 AND d.endpoint_id = $2 AND d.lane_id = $3 AND d.state = 'pending')
WHERE organization_id = $1 AND endpoint_id = $2 AND lane_id = $3
"""

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
    {_SHOWN} WHERE d.organization_id = $1 AND d.lane_id = $2 ORDER BY d.id DESC LIMIT $3) page
JOIN webhook_endpoints w ON w.organization_id = $1 AND w.id = page.endpoint_id
ORDER BY page.id DESC
"""
GET: Final = f"{_SHOWN} WHERE d.organization_id = $1 AND d.endpoint_id = $2 AND d.id = $3"
INSERT_TEST: Final = """
INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number, body,
    state, tries, attempts, created_at)
VALUES ($1, $2, $3, $4, $5, $4, 0, $6, $7, 1, $8, $9)
"""
# What waits already needs no second place in its lane.
AGAIN: Final = """
WITH again AS (
    UPDATE deliveries SET state = 'pending', tries = 0
    WHERE organization_id = $1 AND endpoint_id = $2 AND id = $3 AND state <> 'pending'
    RETURNING lane_id)
INSERT INTO webhook_lanes AS l (organization_id, endpoint_id, lane_id, waiting, due_at)
SELECT $1, $2, lane_id, 1, now() FROM again
ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
SET waiting = l.waiting + 1,
    due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END
"""
DUE_NOW: Final = """
UPDATE webhook_lanes l SET due_at = least(due_at, now()) FROM deliveries d
WHERE l.organization_id = $1 AND l.endpoint_id = $2 AND l.lane_id = d.lane_id
    AND d.organization_id = $1 AND d.id = $3
"""


class DueLane(Struct, frozen=True):
    """A lane that was taken (or parked, where its endpoint is not `enabled`), its endpoint, and
    what is to be sent first. `delivery_id` is None
    where nothing waits in it after all; `data`, `previous`, `actor` and `override` are the
    event's, `body` a test's."""

    organization_id: UUID
    endpoint_id: UUID
    lane_id: UUID
    enabled: bool
    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None
    failing_since: datetime | None
    delivery_id: UUID | None
    tries: int
    event_id: UUID
    type: str
    body: Raw | None
    data: Raw | None
    previous: Raw | None
    actor: str | None
    actor_name: str | None
    override: bool | None
    created_at: datetime


class DeliveryOutcome(Struct, frozen=True, kw_only=True):
    """The outcome of one try: the delivery's state, the attempt as JSON, and when to try again."""

    lane: DueLane
    state: str
    attempt: Raw
    again_after: timedelta | None


class Caps(Struct, frozen=True, kw_only=True):
    """How many lanes of one endpoint are taken at once: of one that works, of one that fails."""

    working: int
    failing: int


async def lease_due_lanes(
    tx: Tx, room: int, lease: timedelta, without: Sequence[UUID], caps: Caps
) -> list[DueLane]:
    """Takes up to `room` lanes that are due, the longest due first, for the time of the lease;
    none of the endpoints in `without`, and none that somebody else has locked."""
    arguments = room, lease, without, caps.working, caps.failing
    rows = await tx.fetch(LEASE_LANES, *arguments) or await tx.fetch(LEASE_PAST_LOCKED, *arguments)
    return [DueLane(*row) for row in rows]


async def record_outcomes(tx: Tx, outcomes: Sequence[DeliveryOutcome]) -> list[DeliveryOutcome]:
    """Records the outcomes of tries, and moves their lanes on. A try that was written down
    before is left as it is, so this may run again after an answer that was lost. Returns those
    that could not be written, as somebody holds their lane or their delivery."""
    lanes = [outcome.lane for outcome in outcomes]
    held = await tx.fetch(
        RECORD,
        *_keys(lanes),
        [lane.delivery_id for lane in lanes],
        [lane.tries for lane in lanes],
        [outcome.state for outcome in outcomes],
        [outcome.attempt for outcome in outcomes],
        [outcome.again_after for outcome in outcomes],
    )
    return [outcomes[row[0] - 1] for row in held]


async def release_lanes(tx: Tx, lanes: Sequence[DueLane]) -> None:
    """Makes lanes due again that were taken and not served; one that is locked is due when its
    lease is over."""
    await tx.execute(RELEASE, *_keys(lanes))


async def unpark(tx: Tx, parked: Sequence[DueLane]) -> None:
    """Makes parked lanes due whose endpoint was enabled meanwhile."""
    await tx.execute(UNPARK, *_keys(parked))


async def count_lane(tx: Tx, lane: DueLane) -> None:
    """Counts anew what waits in a lane in which there was nothing to send."""
    await tx.execute(RECOUNT, lane.organization_id, lane.endpoint_id, lane.lane_id)


async def time_to_next(tx: Tx) -> timedelta | None:
    """How long until a lane is due; None where nothing waits."""
    left: timedelta | None = await tx.fetchval(NEXT_DUE)
    return left


async def list_deliveries(
    tenant: TenantConnection, endpoint_id: UUID, state: str | None, limit: int, offset: int
) -> tuple[list[Delivery], int]:
    """A page, the latest first, and how many there are."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, endpoint_id, state, limit, offset)
    return [Delivery(*row[:-1]) for row in rows if row["id"] is not None], rows[0]["total"]


async def list_deliveries_of_lane(
    tenant: TenantConnection, lane_id: UUID, limit: int
) -> list[tuple[Delivery, str]]:
    """What went out about a booking, to all endpoints, the latest first, with their URLs."""
    rows = await tenant.tx.fetch(OF_LANE, tenant.organization_id, lane_id, limit)
    return [(Delivery(*row[:-1]), row["url"]) for row in rows]


async def find_delivery(
    tenant: TenantConnection, endpoint_id: UUID, delivery_id: UUID
) -> Delivery | None:
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, endpoint_id, delivery_id)
    return None if row is None else Delivery(*row)


async def insert_test(tenant: TenantConnection, delivery: Delivery, body: Raw) -> None:
    """A test that was sent, delivered or not."""
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
    """Puts it in its lane once more, with the whole timetable before it. What waits is due now."""
    await tenant.tx.execute(AGAIN, tenant.organization_id, endpoint_id, delivery_id)
    await tenant.tx.execute(DUE_NOW, tenant.organization_id, endpoint_id, delivery_id)


def _keys(lanes: Sequence[DueLane]) -> list[list[Any]]:
    return [
        [lane.organization_id for lane in lanes],
        [lane.endpoint_id for lane in lanes],
        [lane.lane_id for lane in lanes],
    ]
