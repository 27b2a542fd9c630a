"""Deletes rows that are no longer needed, by timetable, in batches small enough not to be noticed.

Each `forget_` function returns how many rows it deleted.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from kalends.domain.errors import Unavailable
from kalends.runtime.blocked_organizations import BlockedOrganizations
from kalends.runtime.idempotency import ANSWER_KEPT_FOR
from kalends.runtime.unit_of_work import Context
from kalends.store import housekeeping as store
from kalends.store.database import Tx
from kalends.store.housekeeping import Keys, Sweep

KEEP_JOB_LOG_FOR: Final = timedelta(days=7)
KEEP_HOLDS_FOR: Final = timedelta(days=1)
KEEP_CONSENTS_FOR: Final = timedelta(hours=1)
KEEP_DELIVERIES_FOR: Final = timedelta(days=30)
KEEP_EMPTY_LANES_FOR: Final = timedelta(minutes=5)
KEEP_MESSAGES_FOR: Final = timedelta(days=90)
KEEP_BOOKING_LINKS_FOR: Final = timedelta(days=30)
KEEP_FINDINGS_FOR: Final = timedelta(days=90)
KEEP_SYNC_RUNS_FOR: Final = timedelta(days=30)
KEEP_RATE_WINDOWS_FOR: Final = timedelta(minutes=2)
# The next run does the rest: an endless run would delay the shutdown.
HOUSEKEEPING_BATCHES: Final = 1000

Until = TypeVar("Until")


async def end_holds(context: Context) -> int:
    """Deletes the claims of holds that have ended. Nothing depends on it: readers ignore them
    anyway."""
    return await _sweep(context, store.ENDED_CLAIMS, context.clock())


async def forget_holds(context: Context) -> int:
    """Deletes holds that ended a day ago. Until then a booking with one gets HoldExpired."""
    return await _sweep(context, store.ENDED_HOLDS, context.clock() - KEEP_HOLDS_FOR)


async def forget_form_drafts(context: Context) -> int:
    """Deletes drafts of booking forms that were left an hour ago and never sent."""
    return await _sweep(context, store.FORM_DRAFTS, context.clock())


async def forget_consents(context: Context) -> int:
    """Deletes calendar consents that ended an hour ago, given or not."""
    return await _sweep(context, store.CONSENTS, context.clock() - KEEP_CONSENTS_FOR)


async def forget_findings(context: Context) -> int:
    """Deletes calendar findings that were resolved three months ago; open ones stay."""
    return await _sweep(context, store.FINDINGS, context.clock() - KEEP_FINDINGS_FOR)


async def forget_answers(context: Context) -> int:
    """Deletes answers kept under an `Idempotency-Key` that are too old to be replayed."""
    return await _sweep(context, store.IDEMPOTENT_ANSWERS, context.clock() - ANSWER_KEPT_FOR)


async def forget_sign_in_sessions(context: Context) -> int:
    """Deletes sign-in sessions that have expired."""
    return await _in_batches(context, store.delete_sign_in_sessions, context.clock())


async def forget_sync_runs(context: Context) -> int:
    """Deletes sync runs that ended a month ago."""
    return await _sweep(context, store.SYNC_RUNS, context.clock() - KEEP_SYNC_RUNS_FOR)


async def forget_rate_windows(context: Context) -> int:
    """Deletes rate windows whose minute is over."""
    before = context.clock() - KEEP_RATE_WINDOWS_FOR
    return await _in_batches(context, store.delete_rate_windows, int(before.timestamp()))


async def forget_job_log(context: Context) -> int:
    """Deletes the log of jobs that ended a week ago, except those that are kept as failed."""
    return await _in_batches(context, store.delete_job_log, context.clock() - KEEP_JOB_LOG_FOR)


async def forget_deliveries(context: Context) -> int:
    """Deletes deliveries of webhooks and mails that are a month old, except those that still
    wait."""
    return await _sweep(context, store.DELIVERIES, context.clock() - KEEP_DELIVERIES_FOR)


async def forget_unwanted_deliveries(context: Context) -> int:
    """Deletes what waits for endpoints that were deleted, and its lanes."""
    lanes = await _sweep(context, store.UNWANTED_LANES, context.clock())
    return lanes + await _sweep(context, store.UNWANTED_DELIVERIES, context.clock())


async def forget_empty_lanes(context: Context) -> int:
    """Deletes lanes in which nothing waits; the next delivery there makes a new one."""
    until = context.clock() - KEEP_EMPTY_LANES_FOR
    return await _sweep(context, store.EMPTY_LANES, until)


async def forget_messages(context: Context) -> int:
    """Deletes the messages of mails that are three months old; the rows of the mails stay."""
    return await _sweep(context, store.MESSAGES, context.clock() - KEEP_MESSAGES_FOR)


async def forget_booking_links(context: Context) -> int:
    """Deletes links to bookings that ended a month ago."""
    until = context.clock() - KEEP_BOOKING_LINKS_FOR
    return await _sweep(context, store.BOOKING_LINKS, until)


async def forget_account_links(context: Context) -> int:
    """Deletes account links (password resets and invitations) that have expired."""
    return await _in_batches(context, store.delete_account_links, context.clock())


async def forget_unsent_forms(context: Context) -> int:
    """Deletes forms that users sent an hour ago, after their sign-in session had ended."""
    return await _in_batches(context, store.delete_unsent_forms, context.clock())


async def _sweep(context: Context, sweep: Sweep, until: datetime) -> int:
    """Deletes old rows organization by organization, each on a connection of its own, so that one
    that is blocked does not delay the others. Raises Unavailable at the end if any was blocked."""
    deleted = 0
    blocked = BlockedOrganizations(context)
    for _ in range(HOUSEKEEPING_BATCHES):
        async with context.database.connection() as tx:
            rows = await store.find_old(tx, sweep, until)
        batch = 0
        for organization_id, keys in rows.items():
            if organization_id not in blocked:
                batch += await _delete_of(context, blocked, organization_id, sweep, keys, until)
        deleted += batch
        if batch < store.ROWS_A_BATCH:
            break
    blocked.raise_first()
    return deleted


async def _delete_of(
    context: Context,
    blocked: BlockedOrganizations,
    organization_id: UUID,
    sweep: Sweep,
    keys: Keys,
    until: datetime,
) -> int:
    try:
        async with context.database.tenant_connection(organization_id) as tenant:
            return await store.delete_old(tenant, sweep, keys, until)
    except Unavailable as error:
        await blocked.add(organization_id, error)
        return 0


async def _in_batches(
    context: Context, delete: Callable[[Tx, Until], Awaitable[int]], until: Until
) -> int:
    """Deletes in batches, each a transaction of its own, so that no lock is held for long."""
    deleted = 0
    for _ in range(HOUSEKEEPING_BATCHES):
        async with context.database.connection() as tx:
            batch = await delete(tx, until)
        deleted += batch
        if batch < store.ROWS_A_BATCH:
            break
    return deleted
