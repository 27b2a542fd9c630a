"""The outbox of all organizations for the operator: what waits, fails, and was given up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import Tx

# It counts by lanes, which are few; deliveries are kept for a month.
WAITING: Final = """
SELECT channel, sum(waiting), min(due_at) FILTER (WHERE due_at <= now())
FROM webhook_lanes WHERE waiting > 0 GROUP BY channel ORDER BY channel
"""
# The reason is the error of a delivery that was tried and waits.
FAILING: Final = """
SELECT w.organization_id, w.id, w.url, w.enabled, w.failing_since, w.disabled_reason,
    l.waiting, l.due_at, (SELECT d.attempts -> -1 ->> 'error' FROM deliveries d
    WHERE d.organization_id = w.organization_id AND d.endpoint_id = w.id
        AND d.state = 'pending' AND d.tries > 0
    ORDER BY d.lane_id, d.number LIMIT 1)
FROM webhook_endpoints w JOIN (
    SELECT organization_id, endpoint_id, sum(waiting)::bigint AS waiting, min(due_at) AS due_at
    FROM webhook_lanes WHERE waiting > 0 AND channel = 'webhook'
    GROUP BY organization_id, endpoint_id) l
    ON l.organization_id = w.organization_id AND l.endpoint_id = w.id
WHERE w.deleted_at IS NULL AND (w.failing_since IS NOT NULL OR NOT w.enabled)
ORDER BY w.failing_since NULLS LAST, w.id LIMIT $1
"""
COUNT_FAILING: Final = """
SELECT count(*) FROM webhook_endpoints
WHERE failing_since IS NOT NULL AND enabled AND deleted_at IS NULL
"""
GIVEN_UP: Final = """
SELECT d.channel, d.organization_id, d.endpoint_id, d.id, d.type, d.state, d.tries, d.created_at,
    coalesce(m.error, d.attempts -> -1 ->> 'error', '')
FROM deliveries d
LEFT JOIN mails m ON d.channel = 'mail' AND m.organization_id = d.organization_id AND m.id = d.id
WHERE d.state IN ('exhausted', 'dropped') AND d.channel = $1
ORDER BY d.created_at DESC, d.id DESC LIMIT $2
"""
FIND: Final = """
SELECT channel, organization_id, endpoint_id, id FROM deliveries
WHERE state IN ('exhausted', 'dropped') AND state = 'exhausted' AND channel = $1
    AND ($2::uuid[] IS NULL OR id = ANY($2))
"""


class WaitingChannel(Struct, frozen=True):
    """How many deliveries wait in a channel, and since when the longest due one has been due; None
    if all of them wait for their next attempt."""

    channel: str
    count: int
    due_since: datetime | None


class FailingEndpoint(Struct, frozen=True):
    """A webhook whose deliveries wait because it fails or is disabled (by hand, if there is no
    reason). `error` is that of a delivery that was tried; None if none was."""

    organization_id: UUID
    id: UUID
    url: str
    enabled: bool
    failing_since: datetime | None
    disabled_reason: str | None
    waiting: int
    due_at: datetime
    error: str | None


class GivenUp(Struct, frozen=True):
    """A delivery that was given up, or was dropped because it came too late. `reason` is the last
    error."""

    channel: str
    organization_id: UUID
    destination_id: UUID
    id: UUID
    type: str
    state: str
    tries: int
    created_at: datetime
    reason: str


class DeliveryKey(Struct, frozen=True):
    """The columns that identify a delivery."""

    channel: str
    organization_id: UUID
    destination_id: UUID
    id: UUID


async def count_waiting(tx: Tx) -> list[WaitingChannel]:
    """The channels in which something waits."""
    return [WaitingChannel(*row) for row in await tx.fetch(WAITING)]


async def list_failing_endpoints(tx: Tx, limit: int) -> list[FailingEndpoint]:
    """The endpoints that fail, those that have failed for longest first."""
    return [FailingEndpoint(*row) for row in await tx.fetch(FAILING, limit)]


async def count_failing_endpoints(tx: Tx) -> int:
    """How many webhooks take nothing, without those that are disabled."""
    count: int = await tx.fetchval(COUNT_FAILING)
    return count


async def list_given_up(tx: Tx, channel: str, limit: int) -> list[GivenUp]:
    """The deliveries that were given up, the latest first."""
    return [GivenUp(*row) for row in await tx.fetch(GIVEN_UP, channel, limit)]


async def find_given_up(tx: Tx, channel: str, ids: Sequence[UUID] | None) -> list[DeliveryKey]:
    """Those of the deliveries that were given up; None asks for all of the channel."""
    return [DeliveryKey(*row) for row in await tx.fetch(FIND, channel, ids)]
