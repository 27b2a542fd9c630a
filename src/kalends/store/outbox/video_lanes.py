"""Lanes of links to calls. Each is about what one provider has of a booking, or of the seats that
start together.

As with calendars, a delivery says only that something has changed, and a single outcome settles all
deliveries that waited when the lane was leased.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.domain.video import VideoProvider
from kalends.store.database import TenantConnection
from kalends.store.outbox.calendar_lanes import RECORD
from kalends.store.outbox.lanes import CappedLane, Caps, Lease, candidates
from kalends.store.outbox.recording import DeliveryOutcome, Recorded, record_outcomes

LEASE: Final = f"""
WITH {candidates("video", past_locked=" FOR UPDATE SKIP LOCKED")},
due AS MATERIALIZED (
    SELECT endpoint_id, lane_id, now() + $3::interval AS until FROM ranked
    WHERE place <= $5::integer ORDER BY due_at LIMIT $2),
taken AS (
    UPDATE webhook_lanes l SET due_at = due.until FROM due
    WHERE l.organization_id = $1 AND l.endpoint_id = due.endpoint_id AND l.lane_id = due.lane_id
    RETURNING l.endpoint_id, l.lane_id, l.due_at, l.last_number)
SELECT t.endpoint_id, t.lane_id, t.due_at, d.id, coalesce(d.tries, 0), NULL::timestamptz,
    t.last_number
FROM taken t
LEFT JOIN LATERAL (
    SELECT d.id, d.tries FROM deliveries d
    WHERE d.organization_id = $1 AND d.endpoint_id = t.endpoint_id AND d.lane_id = t.lane_id
        AND d.state = 'pending'
    ORDER BY d.number LIMIT 1) d ON true
"""


class DueVideoLane(CappedLane, frozen=True):
    """A leased lane. Its destination is the provider, and its lane id is the subject of links;
    `last_number` is that of the last delivery that waited when it was leased."""

    last_number: int


class VideoOutcome(DeliveryOutcome, frozen=True, kw_only=True):
    """The outcome of one attempt to bring a link to the wanted state."""

    lane: DueVideoLane


def destination_of(provider: VideoProvider) -> UUID:
    """The destination of a provider's lanes, as the database makes it (`poke_video_lanes_1`)."""
    return UUID(hashlib.md5(f"video {provider.value}".encode(), usedforsecurity=False).hexdigest())


async def lease_due_video(
    tenant: TenantConnection, room: int, lease: timedelta, without: Sequence[UUID], caps: Caps
) -> list[DueVideoLane]:
    """Leases up to `room` due lanes, the longest due first, and none of the providers in `without`.
    A lane in which nothing waits after all has a `delivery_id` of None."""
    arguments = room, lease, without, caps.working
    rows = await tenant.tx.fetch(LEASE, tenant.organization_id, *arguments)
    return [
        DueVideoLane(*(tenant.organization_id, *row[:2], Lease(row[2]), *row[3:])) for row in rows
    ]


async def record_video(tenant: TenantConnection, outcomes: Sequence[VideoOutcome]) -> Recorded:
    """Records outcomes, each for all deliveries that waited when its lane was leased."""
    numbers = [outcome.lane.last_number for outcome in outcomes]
    return await record_outcomes(tenant, RECORD, outcomes, numbers)
