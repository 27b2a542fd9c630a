"""Timed work for the events that are written into calendars elsewhere."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.domain.access import Mode
from kalends.domain.errors import NotFound, Unavailable
from kalends.runtime.blocked_organizations import BlockedOrganizations
from kalends.runtime.calendars.writing import rewrite_events_of
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.services.calendars.accounts.connections import delete_connection
from kalends.store.availability.schedules import find_schedule_to_change
from kalends.store.calendars import findings
from kalends.store.calendars.connections import list_removed_connections
from kalends.store.calendars.links import list_unwritten_schedules

ACTOR: Final = "kalends"
REMOVED_WITHIN: Final = timedelta(minutes=10)
# Events that are being written just now are not there yet.
SETTLED_AFTER: Final = timedelta(minutes=1)
SCHEDULES_AT_ONCE: Final = 500
REWRITTEN_AT_MOST: Final = 100
ORGANIZATIONS_AT_ONCE: Final = 1_000
_FIRST_ID: Final = UUID(int=0)


async def end_removals(context: Context) -> int:
    """Deletes connections that wait for the events written there to be deleted: once they are, or
    after ten minutes. Returns how many."""
    async with context.database.connection() as tx:
        removed = await list_removed_connections(tx, context.clock() - REMOVED_WITHIN)
    return await _change_each(context, removed, delete_connection)


async def write_what_was_missed(context: Context) -> int:
    """Queues writing bookings that servers of the previous release have made. Returns for how many
    schedules."""
    now, last, done = context.clock(), (_FIRST_ID, _FIRST_ID), 0
    while done < REWRITTEN_AT_MOST:
        async with context.database.connection() as tx:
            looked_at = await list_unwritten_schedules(
                tx, now, now - SETTLED_AFTER, last, SCHEDULES_AT_ONCE
            )
        missed = [(owner, schedule_id) for owner, schedule_id, is_missed in looked_at if is_missed]
        done += await _change_each(context, missed, _rewrite)
        if len(looked_at) < SCHEDULES_AT_ONCE:
            break
        last = looked_at[-1][:2]
    return done


async def _change_each(
    context: Context,
    places: Iterable[tuple[UUID, UUID]],
    use_case: Callable[[UnitOfWork, UUID], Awaitable[object]],
) -> int:
    """Runs the use case for each organization and thing of it; returns how many it changed."""
    blocked, done = BlockedOrganizations(context), 0
    for organization_id, thing_id in places:
        try:
            await change(context, _caller(organization_id), use_case, thing_id)
        except NotFound:
            continue
        except Unavailable as error:
            await blocked.add(organization_id, error)
        else:
            done += 1
    blocked.raise_first()
    return done


async def end_settled_findings(context: Context) -> int:
    """Ends findings that nobody has to decide about any more. Returns how many."""
    ended = 0
    owners = [_FIRST_ID]
    while owners:
        async with context.database.connection() as tx:
            owners = await findings.list_owners_of_open(tx, owners[-1], ORGANIZATIONS_AT_ONCE)
        for organization_id in owners:
            async with context.database.tenant_connection(organization_id) as tenant:
                ended += await findings.end_by_facts(tenant, context.clock())
    return ended


async def _rewrite(work: UnitOfWork, schedule_id: UUID) -> None:
    if await find_schedule_to_change(work.tenant, schedule_id) is not None:
        await rewrite_events_of(work, schedule_id)


def _caller(organization_id: UUID) -> Caller:
    return Caller(organization_id, Mode.LIVE, ACTOR, source=ACTOR)
