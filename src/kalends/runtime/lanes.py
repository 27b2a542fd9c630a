"""What the dispatcher asks of lanes of any channel."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from kalends.runtime.unit_of_work import Context
from kalends.store.database import TenantConnection
from kalends.store.outbox import lanes
from kalends.store.outbox.lanes import Caps, DueLane, Postponed
from kalends.store.outbox.recording import Recorded

L = TypeVar("L", bound=DueLane)
Outcome = TypeVar("Outcome")
StoredLease = Callable[
    [TenantConnection, int, timedelta, Sequence[UUID], Caps], Awaitable[Sequence[L]]
]
StoredRecord = Callable[[TenantConnection, Sequence[Outcome]], Awaitable[Recorded]]

# Whoever appends to a lane locks it for milliseconds; its lease lasts for much longer.
PAUSES_WHILE_LOCKED: Final = (0.0, 0.02, 0.1)
# Those of one organization hide those of others only until some of them are leased.
MOST_LOOKED_AT: Final = 1000


async def find_owners_of_due(context: Context, channel: str, without: Sequence[UUID]) -> list[UUID]:
    """Organizations that have something due in the channel, but for some. Raises Unavailable."""
    async with context.database.connection() as tx:
        return await lanes.find_owners_of_due(tx, channel, without, MOST_LOOKED_AT)


def leasing(
    store: StoredLease[L], lease: timedelta
) -> Callable[[Context, UUID, int, Sequence[UUID], Caps], Awaitable[list[L]]]:
    """How a channel leases lanes of an organization that are due: as many as there is room for,
    without some destinations, and by its caps. Raises Unavailable."""

    async def lease_due(
        context: Context, organization_id: UUID, room: int, without: Sequence[UUID], caps: Caps
    ) -> list[L]:
        async with context.database.tenant_connection(organization_id) as tenant:
            leased = await store(tenant, room, lease, without, caps)
        return await without_empty(context, organization_id, leased)

    return lease_due


def recording(
    store: StoredRecord[Outcome],
) -> Callable[[Context, UUID, Sequence[Outcome]], Awaitable[Recorded]]:
    """How a channel records the outcomes of tries; again does no harm. It waits for no lock: those
    whose rows are locked are to be recorded later. Raises Unavailable, RunAgain."""

    async def record(
        context: Context, organization_id: UUID, outcomes: Sequence[Outcome]
    ) -> Recorded:
        async with context.database.tenant_connection(organization_id) as tenant:
            return await store(tenant, outcomes)

    return record


async def renew_leases(
    context: Context, organization_id: UUID, leased: Sequence[DueLane], lease: timedelta
) -> list[DueLane]:
    """Those that are leased on, from now; the others are locked, or lost. Raises Unavailable."""
    async with context.database.tenant_connection(organization_id) as tenant:
        return await lanes.renew_leases(tenant, leased, lease)


async def release_lanes(
    context: Context, organization_id: UUID, postponed: Sequence[Postponed]
) -> None:
    """Lanes that were leased and not served are due again; one that somebody holds for longer than
    a change takes, after its lease. Raises Unavailable, RunAgain."""
    for seconds in PAUSES_WHILE_LOCKED:
        await asyncio.sleep(seconds)
        async with context.database.tenant_connection(organization_id) as tenant:
            postponed = await lanes.release_lanes(tenant, postponed)
        if not postponed:
            return


async def without_empty(context: Context, organization_id: UUID, leased: Sequence[L]) -> list[L]:
    """Those in which something waits. The others are counted anew. Raises Unavailable."""
    for lane in leased:
        if lane.delivery_id is None:
            async with context.database.tenant_transaction(organization_id) as tenant:
                await lanes.count_lane(tenant, lane)
    return [lane for lane in leased if lane.delivery_id is not None]
