"""The outbox as an operator sees it, over all organizations: what waits, and what was given up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import Tx

# By lanes, whose rows are few: deliveries are kept for a month.
WAITING: Final = """
SELECT channel, sum(waiting), min(due_at) FILTER (WHERE due_at <= now())
FROM webhook_lanes WHERE waiting > 0 GROUP BY channel ORDER BY channel
"""
# The reason is that of one that was tried and waits.
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
    """How much waits in a channel, and since when the first of what is due has been due; None
    where all of it waits for its next try."""

    channel: str
    count: int
    due_since: datetime | None


class FailingEndpoint(Struct, frozen=True):
    """A webhook for which deliveries wait, since it takes none or is disabled (by hand where there
    is no reason for it). `error` is that of one that was tried; None where none was."""

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
    """A delivery that was given up, or dropped as it came too late. `reason` is the last error."""

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
    """What finds a delivery again."""

    channel: str
    organization_id: UUID
    destination_id: UUID
    id: UUID


async def count_waiting(tx: Tx) -> list[WaitingChannel]:
    """By channel, those in which something waits."""
    return [WaitingChannel(*row) for row in await tx.fetch(WAITING)]


async def list_failing_endpoints(tx: Tx, limit: int) -> list[FailingEndpoint]:
    """Those that fail for the longest first."""
    return [FailingEndpoint(*row) for row in await tx.fetch(FAILING, limit)]


async def count_failing_endpoints(tx: Tx) -> int:
    """How many webhooks take nothing, without those that are disabled."""
    count: int = await tx.fetchval(COUNT_FAILING)
    return count


async def list_given_up(tx: Tx, channel: str, limit: int) -> list[GivenUp]:
    """The latest first."""
    return [GivenUp(*row) for row in await tx.fetch(GIVEN_UP, channel, limit)]


async def find_given_up(tx: Tx, channel: str, ids: Sequence[UUID] | None) -> list[DeliveryKey]:
    """Those of the deliveries (None is all of the channel) that were given up."""
    return [DeliveryKey(*row) for row in await tx.fetch(FIND, channel, ids)]
