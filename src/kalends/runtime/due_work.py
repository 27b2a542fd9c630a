"""What is due by the clock: each in a transaction of its own."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from kalends.domain.access import Mode
from kalends.domain.errors import Unavailable
from kalends.runtime.blocked_organizations import BlockedOrganizations
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.store.accounts.notifications import DueUser
from kalends.store.bookings.reminders import DueReminder
from kalends.store.database import Tx

D = TypeVar("D", DueReminder, DueUser)
ListDue = Callable[[Tx, datetime, int, Sequence[UUID]], Awaitable[Sequence[D]]]
"""What is due at that moment, up to so many; nothing of the organizations that are named."""


async def change_each_due(
    context: Context,
    actor: str,
    at_once: int,
    list_due: ListDue[D],
    use_case: Callable[[UnitOfWork, D], Awaitable[bool | None]],
) -> int:
    """Runs the use case for each. Returns for how many it was done: False says that nothing had to
    be, None that somebody else is at it, whose it is then.

    An organization whose rows somebody holds is left for the next time, and holds up no other;
    raises Unavailable then, in the end.
    """
    done, blocked = 0, BlockedOrganizations(context)
    while True:
        async with context.database.connection() as tx:
            due = await list_due(tx, context.clock(), at_once, blocked.organization_ids)
        settled = 0
        for one in due:
            if one.organization_id in blocked:
                continue
            caller = Caller(one.organization_id, Mode(one.mode), actor, source=actor)
            try:
                outcome = await change(context, caller, use_case, one)
            except Unavailable as error:
                await blocked.add(one.organization_id, error)
                settled += 1
            else:
                settled += outcome is not None
                done += bool(outcome)
        if len(due) < at_once or not settled:
            blocked.raise_first()
            return done
