"""Leasing what waits for calendars elsewhere, and recording what became of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.runtime.lanes import without_empty
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox import calendar_lanes
from kalends.store.outbox.calendar_lanes import CalendarOutcome, DueCalendarLane
from kalends.store.outbox.lanes import Caps
from kalends.store.outbox.recording import Recorded

# What a process that was killed had under way goes on after it.
CALENDAR_LEASE: Final = timedelta(seconds=24)


async def lease_due_calendars(
    context: Context, organization_id: UUID, room: int, without: Sequence[UUID], caps: Caps
) -> list[DueCalendarLane]:
    """Lanes that are due, leased. Raises Unavailable."""
    async with context.database.tenant_connection(organization_id) as tenant:
        leased = await calendar_lanes.lease_due_calendars(
            tenant, room, CALENDAR_LEASE, without, caps
        )
    return await without_empty(context, organization_id, leased)


async def record_calendars(
    context: Context, organization_id: UUID, outcomes: Sequence[CalendarOutcome]
) -> Recorded:
    """Records the outcomes of tries; again does no harm. Raises Unavailable, RunAgain."""
    async with context.database.tenant_connection(organization_id) as tenant:
        return await calendar_lanes.record_calendars(tenant, outcomes)
