"""Sending mails again that were given up: they are put into the outbox once more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection
from kalends.store.rows import lists_of

UNSENT: Final = """
SELECT m.id, m.kind, m.audience, m.recipient, m.booking_id, m.created_at, m.event_number, e.id,
    CASE WHEN m.kind = 'reminder' THEN (e.data ->> 'start_time')::timestamptz END
FROM mails m
LEFT JOIN events e ON e.organization_id = m.organization_id AND e.number = m.event_number
WHERE m.organization_id = $1 AND m.id = ANY($2::uuid[]) AND m.state IN ('queued', 'failed')
ORDER BY m.id
"""
# A mail that waits already gets no second place, and one that has expired is not sent.
PUT: Final = """
INSERT INTO deliveries AS d (organization_id, id, endpoint_id, event_id, type, lane_id, number,
    state, created_at, channel, expires_at)
SELECT $1, id, destination_id, event_id, kind, lane_id, number, 'pending', $9, 'mail', expires_at
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::bigint[],
    $8::timestamptz[])
    AS m (id, destination_id, event_id, kind, lane_id, number, expires_at)
ON CONFLICT (organization_id, id) DO UPDATE
SET state = 'pending', tries = 0, created_at = excluded.created_at
WHERE d.state = 'exhausted' AND (d.expires_at IS NULL OR d.expires_at > excluded.created_at)
RETURNING d.id, d.endpoint_id, d.lane_id
"""
COUNT_IN: Final = """
INSERT INTO webhook_lanes AS l (organization_id, endpoint_id, lane_id, channel, waiting, due_at)
SELECT $1, endpoint_id, lane_id, 'mail', count(*), now()
FROM unnest($2::uuid[], $3::uuid[]) AS m (endpoint_id, lane_id)
GROUP BY endpoint_id, lane_id ORDER BY endpoint_id, lane_id
ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
SET waiting = l.waiting + excluded.waiting,
    due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END
"""
QUEUED: Final = """
UPDATE mails SET state = 'queued', error = NULL, done_at = NULL
WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND state = 'failed'
"""


class UnsentMail(Struct, frozen=True):
    """A mail that was not sent. For a reminder, `starts_at` is the start of its booking."""

    id: UUID
    kind: str
    audience: str
    recipient: str
    booking_id: UUID | None
    created_at: datetime
    event_number: int | None
    event_id: UUID | None
    starts_at: datetime | None


class NewDelivery(Struct, frozen=True, kw_only=True):
    """A new delivery of a mail; its fields are in the order of PUT."""

    id: UUID
    destination_id: UUID
    event_id: UUID
    kind: str
    lane_id: UUID
    number: int
    expires_at: datetime | None


async def list_unsent(tenant: TenantConnection, mail_ids: Sequence[UUID]) -> list[UnsentMail]:
    """Those of the mails that wait or were given up."""
    rows = await tenant.tx.fetch(UNSENT, tenant.organization_id, mail_ids)
    return [UnsentMail(*row) for row in rows]


async def put_in_outbox(
    tenant: TenantConnection, mails: Sequence[NewDelivery], now: datetime
) -> list[UUID]:
    """Puts the mails into the outbox, with all attempts ahead of them. Returns those that will be
    sent, so not those that wait already or have expired. Must run in a transaction."""
    organization_id = tenant.organization_id
    again = await tenant.tx.fetch(
        PUT,
        organization_id,
        *lists_of(NewDelivery, mails),
        now,
    )
    ids, destinations, lanes = ([row[column] for row in again] for column in range(3))
    await tenant.tx.execute(COUNT_IN, organization_id, destinations, lanes)
    await tenant.tx.execute(QUEUED, organization_id, ids)
    return ids
