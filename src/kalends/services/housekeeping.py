"""What nobody needs any more goes, by timetable, in batches so small that nobody notices."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from kalends.runtime.idempotency import ANSWER_KEPT_FOR
from kalends.runtime.unit_of_work import Context
from kalends.store import housekeeping as store
from kalends.store.database import Tx

KEEP_JOB_LOG_FOR: Final = timedelta(days=7)
KEEP_HOLDS_FOR: Final = timedelta(days=1)
KEEP_DELIVERIES_FOR: Final = timedelta(days=30)
KEEP_EMPTY_LANES_FOR: Final = timedelta(minutes=5)
KEEP_MESSAGES_FOR: Final = timedelta(days=90)
KEEP_BOOKING_LINKS_FOR: Final = timedelta(days=30)
KEEP_SYNC_RUNS_FOR: Final = timedelta(days=30)
KEEP_RATE_WINDOWS_FOR: Final = timedelta(minutes=2)
# What is left over is the next run's: one that never ends would hold up a stop.
HOUSEKEEPING_BATCHES: Final = 1000

Until = TypeVar("Until")


async def end_holds(context: Context) -> int:
    """Deletes the occupancies of holds that have ended. Nothing depends on it: an ended hold
    is out of the way already. Returns how many went, as all of these do."""
    return await _in_batches(context, store.delete_ended_holds, context.clock())


async def forget_holds(context: Context) -> int:
    """Forgets holds that ended a day ago: until then, booking with one says that it has ended."""
    return await _in_batches(context, store.delete_holds, context.clock() - KEEP_HOLDS_FOR)


async def forget_form_drafts(context: Context) -> int:
    """Forgets what was typed on the booking pages an hour ago and never sent."""
    return await _in_batches(context, store.delete_form_drafts, context.clock())


async def forget_answers(context: Context) -> int:
    """Forgets answers kept by `Idempotency-Key` that are too old to be given again."""
    return await _in_batches(context, store.delete_answers, context.clock() - ANSWER_KEPT_FOR)


async def forget_sessions(context: Context) -> int:
    """Forgets sessions that have expired."""
    return await _in_batches(context, store.delete_sessions, context.clock())


async def forget_sync_runs(context: Context) -> int:
    """Forgets sync runs that ended long ago."""
    return await _in_batches(context, store.delete_sync_runs, context.clock() - KEEP_SYNC_RUNS_FOR)


async def forget_rate_windows(context: Context) -> int:
    """Forgets counts of minutes that are over."""
    before = context.clock() - KEEP_RATE_WINDOWS_FOR
    return await _in_batches(context, store.delete_rate_windows, int(before.timestamp()))


async def forget_job_log(context: Context) -> int:
    """Forgets the outcomes of jobs a week ago, but not of those that are kept as failed."""
    return await _in_batches(context, store.delete_job_log, context.clock() - KEEP_JOB_LOG_FOR)


async def forget_deliveries(context: Context) -> int:
    """Forgets deliveries of webhooks a month ago, but not those that still wait."""
    return await _in_batches(
        context, store.delete_deliveries, context.clock() - KEEP_DELIVERIES_FOR
    )


async def forget_unwanted_deliveries(context: Context) -> int:
    """Forgets what waits for endpoints that are no more, and the lanes it waits in."""
    lanes = await _in_batches(context, store.delete_unwanted_lanes, context.clock())
    return lanes + await _in_batches(context, store.delete_unwanted_deliveries, context.clock())


async def forget_empty_lanes(context: Context) -> int:
    """Forgets lanes in which nothing waits; the next event of the booking makes a new one."""
    until = context.clock() - KEEP_EMPTY_LANES_FOR
    return await _in_batches(context, store.delete_empty_lanes, until)


async def forget_messages(context: Context) -> int:
    """Forgets the messages of mails three months ago; that there was a mail stays known."""
    return await _in_batches(context, store.delete_messages, context.clock() - KEEP_MESSAGES_FOR)


async def forget_booking_links(context: Context) -> int:
    """Forgets attendees' links to bookings that ended a month ago."""
    until = context.clock() - KEEP_BOOKING_LINKS_FOR
    return await _in_batches(context, store.delete_booking_links, until)


async def forget_account_links(context: Context) -> int:
    """Forgets links to reset a password, and invitations, that have expired."""
    return await _in_batches(context, store.delete_account_links, context.clock())


async def _in_batches(
    context: Context, delete: Callable[[Tx, Until], Awaitable[int]], until: Until
) -> int:
    """Each batch is a transaction of its own, so that no lock is held for long."""
    deleted = 0
    for _ in range(HOUSEKEEPING_BATCHES):
        async with context.database.connection() as tx:
            batch = await delete(tx, until)
        deleted += batch
        if batch < store.ROWS_A_BATCH:
            break
    return deleted
