"""Lanes, in which deliveries wait: what every channel does with them.

A lane holds the deliveries about one subject (a booking, a user, an endpoint) to one destination
(an endpoint, a mail address). Only its first waiting delivery is ever sent, so order needs no lock
while the network is waited for: who leases a lane moves its `due_at` on by the lease, and who is
killed loses it when that is over. `waiting` counts, since a count in the locked row is always the
latest, which a look into another table would not be.

Whose a leased lane is, its `due_at` says: who leased it knows that moment, and moves the lane on
only while it stands in the row. So who was too slow does not move what is leased by another.

Each statement is of one organization, and says so for each of its tables; only `LOOK` looks at all.

The table is called `webhook_lanes`, and a destination `endpoint_id`, for as long as servers of the
release before write them too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection, Tx

# Through an index of what is due, of which it reads so many entries at most.
LOOK: Final = """
SELECT organization_id FROM (
    SELECT organization_id, due_at FROM webhook_lanes
    WHERE channel = $1 AND waiting > 0 AND due_at <= now() AND organization_id <> ALL($2::uuid[])
        AND NOT EXISTS (SELECT FROM channel_health WHERE channel = $1 AND resume_at > now())
    ORDER BY due_at LIMIT $3) due
GROUP BY organization_id ORDER BY min(due_at)
"""
_LEASED: Final = """
    SELECT l.endpoint_id, l.lane_id, o.position{columns}
    FROM webhook_lanes l
    JOIN unnest($2::uuid[], $3::uuid[], $4::timestamptz[]{types}) WITH ORDINALITY
        AS o (endpoint_id, lane_id, until{names}, position) USING (endpoint_id, lane_id)
    WHERE l.organization_id = $1 AND l.due_at = o.until
    FOR UPDATE OF l SKIP LOCKED"""
RELEASE: Final = f"""
WITH mine AS MATERIALIZED ({
    _LEASED.format(columns=", now() + o.after AS due_at", types=", $5::interval[]", names=", after")
})
UPDATE webhook_lanes l SET due_at = mine.due_at FROM mine
WHERE l.organization_id = $1 AND l.endpoint_id = mine.endpoint_id AND l.lane_id = mine.lane_id
RETURNING mine.position
"""
# What is over may be somebody else's by now.
RENEW: Final = f"""
WITH mine AS MATERIALIZED ({_LEASED.format(columns="", types="", names="")})
UPDATE webhook_lanes l SET due_at = now() + $5::interval FROM mine
WHERE l.organization_id = $1 AND l.endpoint_id = mine.endpoint_id AND l.lane_id = mine.lane_id
    AND l.due_at > now()
RETURNING mine.position, l.due_at
"""
# The lock comes first, in a statement of its own: the count then sees all that was added before.
LOCK: Final = """
SELECT 1 FROM webhook_lanes
WHERE organization_id = $1 AND endpoint_id = $2 AND lane_id = $3 FOR UPDATE SKIP LOCKED
"""
RECOUNT: Final = """
UPDATE webhook_lanes l SET waiting = (
    SELECT count(*) FROM deliveries d
    WHERE d.organization_id = $1 AND d.endpoint_id = $2 AND d.lane_id = $3 AND d.state = 'pending')
WHERE organization_id = $1 AND endpoint_id = $2 AND lane_id = $3
"""


def candidates(channel: str, *, past_locked: str = "") -> str:
    """The first lanes of the channel that are due, of none of the destinations `$4`, in more than
    the `$2` places; and the place that each has in the row of its destination. `nothing` is what
    does not wait: where that is a column, the index of all that waits does not suggest itself."""
    return f"""
candidate AS MATERIALIZED (
    SELECT endpoint_id, lane_id, due_at FROM webhook_lanes
    WHERE organization_id = $1 AND channel = '{channel}' AND waiting > 0 AND due_at <= now()
        AND endpoint_id <> ALL($4::uuid[])
    ORDER BY due_at LIMIT 4 * $2::integer{past_locked}),
ranked AS (
    SELECT c.*, 0 AS nothing, row_number() OVER (PARTITION BY endpoint_id ORDER BY due_at) AS place
    FROM candidate c)"""


class Lease(Struct):
    """Until when a lane is leased, as its row says it; and for how long we may act on that, of the
    clock `monotonic`. Both move on where it is renewed."""

    until: datetime
    ours_until: float = 0.0

    def seconds_left(self) -> float:
        return self.ours_until - monotonic()


class DueLane(Struct, frozen=True):
    """A lane that was leased, and what is to be sent first. `delivery_id` is None where nothing
    waits in it after all."""

    organization_id: UUID
    destination_id: UUID
    lane_id: UUID
    lease: Lease
    delivery_id: UUID | None
    tries: int


class CappedLane(DueLane, frozen=True):
    """One to a destination that has caps of its own, and since when all tries of that fail."""

    failing_since: datetime | None


class Caps(Struct, frozen=True, kw_only=True):
    """How many lanes are under way at once in a process: of what works, of what is known to
    fail. Of webhooks it is an endpoint, of mail the mail server."""

    working: int
    failing: int


class Leased(NamedTuple):
    """Lanes that were leased, and whether they are all of their organization that may be: no more
    are due, nor would places that come free allow more. `again_after`: not before, in seconds."""

    lanes: Sequence[DueLane]
    is_all: bool
    again_after: float | None = None


class Postponed(Struct, frozen=True):
    """What was leased and not tried, through no fault of its own: it counts no try, and its lane
    is due again after that time."""

    lane: DueLane
    after: timedelta = timedelta(0)


async def find_owners_of_due(
    tx: Tx, channel: str, without: Sequence[UUID], looked_at: int
) -> list[UUID]:
    """Organizations that have lanes of the channel that are due, the longest due first, by the
    first `looked_at` lanes that are not of those in `without`."""
    return [row[0] for row in await tx.fetch(LOOK, channel, without, looked_at)]


async def release_lanes(
    tenant: TenantConnection, postponed: Sequence[Postponed]
) -> list[Postponed]:
    """Makes lanes due again that were leased and not served. Returns those that are locked, or
    leased by others, which are due when their lease is over."""
    keys = keys_of([one.lane for one in postponed])
    rows = await tenant.tx.fetch(
        RELEASE, tenant.organization_id, *keys, [one.after for one in postponed]
    )
    released = {row[0] for row in rows}
    return [one for position, one in enumerate(postponed, 1) if position not in released]


async def renew_leases(
    tenant: TenantConnection, lanes: Sequence[DueLane], lease: timedelta
) -> list[DueLane]:
    """Leases lanes on that are still leased by us. Returns them, with their new leases; the
    others are locked, or lost."""
    rows = await tenant.tx.fetch(RENEW, tenant.organization_id, *keys_of(lanes), lease)
    for position, until in rows:
        lanes[position - 1].lease.until = until
    return [lanes[position - 1] for position, _ in rows]


async def count_lane(tenant: TenantConnection, lane: DueLane) -> None:
    """Counts anew what waits in a lane in which there was nothing to send, unless somebody has
    locked it. Must run in a transaction."""
    place = tenant.organization_id, lane.destination_id, lane.lane_id
    if await tenant.tx.fetchval(LOCK, *place) is not None:
        await tenant.tx.execute(RECOUNT, *place)


def keys_of(lanes: Sequence[DueLane]) -> list[list[Any]]:
    """The columns by which they are found in their organization, and known to be ours."""
    return [
        [lane.destination_id for lane in lanes],
        [lane.lane_id for lane in lanes],
        [lane.lease.until for lane in lanes],
    ]
