"""Leasing, renewing, releasing and recording lanes, for the dispatcher and any channel."""

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

# Appending to a lane locks it for milliseconds, so a release is tried again after these seconds.
PAUSES_WHILE_LOCKED: Final = (0.0, 0.02, 0.1)
# A scan reads at most so many due lanes. If all are of one organization, it finds the others once
# some of those are leased.
MOST_LOOKED_AT: Final = 1000


async def find_owners_of_due(context: Context, channel: str, without: Sequence[UUID]) -> list[UUID]:
    """Organizations with a due lane in the channel, but those in `without`. Raises Unavailable."""
    async with context.database.connection() as tx:
        return await lanes.find_owners_of_due(tx, channel, without, MOST_LOOKED_AT)


def leasing(
    store: StoredLease[L], lease: timedelta
) -> Callable[[Context, UUID, int, Sequence[UUID], Caps], Awaitable[list[L]]]:
    """Makes a channel's function that leases due lanes of an organization: at most `room`, within
    the caps, and none to the destinations in `without`. It raises Unavailable."""

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
    """Makes a channel's function that records the outcomes of tries. It is idempotent and waits for
    no lock: it returns the outcomes whose rows are locked, to be recorded later. It raises
    Unavailable, RunAgain."""

    async def record(
        context: Context, organization_id: UUID, outcomes: Sequence[Outcome]
    ) -> Recorded:
        async with context.database.tenant_connection(organization_id) as tenant:
            return await store(tenant, outcomes)

    return record


async def renew_leases(
    context: Context, organization_id: UUID, leased: Sequence[DueLane], lease: timedelta
) -> list[DueLane]:
    """Extends the leases to `lease` from now. Returns the lanes for which that worked; others are
    locked, or leased by somebody else. Raises Unavailable."""
    async with context.database.tenant_connection(organization_id) as tenant:
        return await lanes.renew_leases(tenant, leased, lease)


async def release_lanes(
    context: Context, organization_id: UUID, postponed: Sequence[Postponed]
) -> None:
    """Makes lanes due again that were leased and not tried. One that stays locked for longer than
    usual is due when its lease is over. Raises Unavailable, RunAgain."""
    for seconds in PAUSES_WHILE_LOCKED:
        await asyncio.sleep(seconds)
        async with context.database.tenant_connection(organization_id) as tenant:
            postponed = await lanes.release_lanes(tenant, postponed)
        if not postponed:
            return


async def without_empty(context: Context, organization_id: UUID, leased: Sequence[L]) -> list[L]:
    """The lanes with a waiting delivery; corrects the counts of the others. Raises Unavailable."""
    for lane in leased:
        if lane.delivery_id is None:
            async with context.database.tenant_transaction(organization_id) as tenant:
                await lanes.count_lane(tenant, lane)
    return [lane for lane in leased if lane.delivery_id is not None]
