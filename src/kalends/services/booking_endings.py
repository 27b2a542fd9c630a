"""Ends bookings by timetable: cancels requests that nobody answered, and completes appointments
that are over.

Any number of processes may do this at once, beside people who change the same bookings. Each
booking is changed in a transaction of its own, in the version in which it was found, as an API key
changes it: the second to come changes nothing, and one change is one event, with all that follows
from it. An organization whose rows are locked is left for the next run, and blocks no other.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

from kalends.domain.booking import Booking, Status
from kalends.domain.errors import Stale, Unavailable
from kalends.domain.values import Instant
from kalends.runtime import unit_of_work
from kalends.runtime.blocked_organizations import BlockedOrganizations
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, UseCase
from kalends.scheduling.booking_changes import (
    BookingChanges,
    Cancellation,
    cancel_booking,
    get_changeable,
    update_booking,
)
from kalends.store.bookings import endings as store
from kalends.store.bookings.endings import DueEnding
from kalends.store.database import Tx

EXPIRED: Final = "expired"
ACTOR: Final = "kalends"
# The next run does the rest: an endless run would delay the shutdown.
ENDING_BATCHES: Final = 100


async def expire_pending(context: Context) -> int:
    """Cancels PENDING bookings whose start has passed, if their event type says so. Returns how
    many. If organizations were blocked, raises Unavailable after all others are done."""
    return await _end_all(context, store.list_to_expire, _expire)


async def complete_confirmed(context: Context) -> int:
    """Completes CONFIRMED bookings some time after their end, if their event type says so. Returns
    how many. If organizations were blocked, raises Unavailable after all others are done."""
    return await _end_all(context, store.list_to_complete, _complete)


async def _end_all(
    context: Context,
    list_due: Callable[[Tx, Instant, Sequence[UUID]], Awaitable[list[DueEnding]]],
    end: UseCase[[DueEnding], Booking],
) -> int:
    """Ends due bookings in batches, each booking in a transaction of its own, until there are no
    more or a batch makes no progress."""
    ended = 0
    blocked = BlockedOrganizations(context)
    for _ in range(ENDING_BATCHES):
        async with context.database.connection() as tx:
            due = await list_due(tx, context.clock(), blocked.organization_ids)
        blocked_before = len(blocked.organization_ids)
        ended_now = sum([await _end(context, ending, end, blocked) for ending in due])
        ended += ended_now
        has_news = ended_now or len(blocked.organization_ids) > blocked_before
        if len(due) < store.ENDINGS_A_BATCH or not has_news:
            break
    blocked.raise_first()
    return ended


async def _end(
    context: Context,
    due: DueEnding,
    end: UseCase[[DueEnding], Booking],
    blocked: BlockedOrganizations,
) -> bool:
    """Ends one booking. False if somebody has changed it meanwhile, or if its organization is
    blocked."""
    if due.organization_id in blocked:
        return False
    caller = Caller(organization_id=due.organization_id, mode=due.mode, actor=ACTOR, source=ACTOR)
    try:
        await unit_of_work.change(context, caller, end, due)
    except Stale:
        return False
    except Unavailable as error:
        await blocked.add(due.organization_id, error)
        return False
    return True


async def _expire(work: UnitOfWork, due: DueEnding) -> Booking:
    changeable = await get_changeable(work, due.booking_id, frozenset({due.version}))
    return await cancel_booking(work, changeable, Cancellation(reason=EXPIRED))


async def _complete(work: UnitOfWork, due: DueEnding) -> Booking:
    changeable = await get_changeable(work, due.booking_id, frozenset({due.version}))
    return await update_booking(work, changeable, BookingChanges(status=Status.COMPLETED))
