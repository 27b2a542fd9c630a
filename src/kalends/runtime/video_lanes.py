"""What the dispatcher asks of lanes of links to calls."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.runtime.lanes import without_empty
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox import video_lanes
from kalends.store.outbox.lanes import Caps
from kalends.store.outbox.recording import Recorded
from kalends.store.outbox.video_lanes import DueVideoLane, VideoOutcome

# A worker that was killed in between has its lanes taken over after this; who takes longer renews
# it.
VIDEO_LEASE: Final = timedelta(seconds=24)


async def lease_due_video(
    context: Context, organization_id: UUID, room: int, without: Sequence[UUID], caps: Caps
) -> list[DueVideoLane]:
    """Lanes that are due, leased. Raises Unavailable."""
    async with context.database.tenant_connection(organization_id) as tenant:
        leased = await video_lanes.lease_due_video(tenant, room, VIDEO_LEASE, without, caps)
    return await without_empty(context, organization_id, leased)


async def record_video(
    context: Context, organization_id: UUID, outcomes: Sequence[VideoOutcome]
) -> Recorded:
    """Records the outcomes of tries; again does no harm. Raises Unavailable, RunAgain."""
    async with context.database.tenant_connection(organization_id) as tenant:
        return await video_lanes.record_video(tenant, outcomes)
