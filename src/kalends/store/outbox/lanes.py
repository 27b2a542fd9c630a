"""Lanes, in which deliveries wait in order: the parts that all channels share.

A lane has the deliveries about one subject (a booking, a user, an endpoint) to one destination (an
endpoint, a mail address). Only the first waiting delivery is ever sent, so keeping the order needs
no lock during network calls. Leasing a lane moves its `due_at` on by the lease; a process that is
killed loses the lane when the lease is over. The row of a lane counts what is `waiting`: in a
locked row the count is always current, which a query of another table would not be.

`due_at` also identifies the lease: whoever leased the lane knows that instant, and changes the lane
only while the row still has it. So a process that was too slow cannot change a lane that another
has leased since.

Each statement concerns one organization, and says so for each of its tables; only `LOOK` covers
all.

The table is called `webhook_lanes`, and a destination `endpoint_id`, for as long as servers of the
previous release write them too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection, Tx

# It uses an index of what is due, of which it reads a limited number of entries.
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
# A lease that is over cannot be renewed: the lane may be leased by somebody else by now.
RENEW: Final = f"""
WITH mine AS MATERIALIZED ({_LEASED.format(columns="", types="", names="")})
UPDATE webhook_lanes l SET due_at = now() + $5::interval FROM mine
WHERE l.organization_id = $1 AND l.endpoint_id = mine.endpoint_id AND l.lane_id = mine.lane_id
    AND l.due_at > now()
RETURNING mine.position, l.due_at
"""
# The lock is a statement of its own, so that the count after it sees all that was added before.
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
    """The SQL that ranks due lanes: four times as many as the `$2` that are wanted, and none of the
    destinations in `$4`. `place` is a lane's rank among those of its destination.

    `nothing` is always 0, to compare `waiting` with: comparing with a column instead of a constant
    keeps PostgreSQL from using the index of all that waits.
    """
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
    """The end of a lease: `until` as the row has it, and `ours_until` on the clock `monotonic`, up
    to which this process may act on it. Renewing the lease moves both on."""

    until: datetime
    ours_until: float = 0.0

    def seconds_left(self) -> float:
        return self.ours_until - monotonic()


class DueLane(Struct, frozen=True):
    """A leased lane with its first delivery. `delivery_id` is None if nothing waits after all."""

    organization_id: UUID
    destination_id: UUID
    lane_id: UUID
    lease: Lease
    delivery_id: UUID | None
    tries: int


class CappedLane(DueLane, frozen=True):
    """A leased lane to a destination that has caps of its own. `failing_since` is since when all
    attempts to reach the destination have failed."""

    failing_since: datetime | None


class Caps(Struct, frozen=True, kw_only=True):
    """How many lanes a process may have in flight at once to a destination that works, and to one
    that is known to fail. For webhooks that is an endpoint, for mail the mail server."""

    working: int
    failing: int


class Leased(NamedTuple):
    """The lanes that were leased. `is_all` says that the organization has no more to lease: none
    are due, or none that free places would allow. `again_after` is when to look again at the
    earliest, in seconds."""

    lanes: Sequence[DueLane]
    is_all: bool
    again_after: float | None = None


class Postponed(Struct, frozen=True):
    """A lane that was leased but not tried, through no fault of its delivery. It counts no attempt,
    and the lane is due again after that time."""

    lane: DueLane
    after: timedelta = timedelta(0)


async def find_owners_of_due(
    tx: Tx, channel: str, without: Sequence[UUID], looked_at: int
) -> list[UUID]:
    """The organizations with due lanes of the channel, the longest due first. Only the first
    `looked_at` lanes are read; organizations in `without` are skipped."""
    return [row[0] for row in await tx.fetch(LOOK, channel, without, looked_at)]


async def release_lanes(
    tenant: TenantConnection, postponed: Sequence[Postponed]
) -> list[Postponed]:
    """Makes leased lanes that were not served due again. Returns those that are locked or leased by
    others, which become due when that lease is over."""
    keys = keys_of([one.lane for one in postponed])
    rows = await tenant.tx.fetch(
        RELEASE, tenant.organization_id, *keys, [one.after for one in postponed]
    )
    released = {row[0] for row in rows}
    return [one for position, one in enumerate(postponed, 1) if position not in released]


async def renew_leases(
    tenant: TenantConnection, lanes: Sequence[DueLane], lease: timedelta
) -> list[DueLane]:
    """Renews the leases that we still hold, and returns those lanes with their new leases. The
    others are locked, or lost."""
    rows = await tenant.tx.fetch(RENEW, tenant.organization_id, *keys_of(lanes), lease)
    for position, until in rows:
        lanes[position - 1].lease.until = until
    return [lanes[position - 1] for position, _ in rows]


async def count_lane(tenant: TenantConnection, lane: DueLane) -> None:
    """Corrects the count of what waits in a lane that had nothing to send, unless somebody has
    locked it. Must run in a transaction."""
    place = tenant.organization_id, lane.destination_id, lane.lane_id
    if await tenant.tx.fetchval(LOCK, *place) is not None:
        await tenant.tx.execute(RECOUNT, *place)


def keys_of(lanes: Sequence[DueLane]) -> list[list[Any]]:
    """The columns that find the lanes in their organization, and prove that we hold the leases."""
    return [
        [lane.destination_id for lane in lanes],
        [lane.lane_id for lane in lanes],
        [lane.lease.until for lane in lanes],
    ]
