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


async def list_given_up(tx: Tx, channel: str, limit: int) -> list[GivenUp]:
    """The latest first."""
    return [GivenUp(*row) for row in await tx.fetch(GIVEN_UP, channel, limit)]


async def find_given_up(tx: Tx, channel: str, ids: Sequence[UUID] | None) -> list[DeliveryKey]:
    """Those of the deliveries (None is all of the channel) that were given up."""
    return [DeliveryKey(*row) for row in await tx.fetch(FIND, channel, ids)]
