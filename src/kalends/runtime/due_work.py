"""Runs timed work, such as reminders, for each due item in a transaction of its own."""

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
"""Lists what is due at that moment, up to a number, except for the organizations listed."""


async def change_each_due(
    context: Context,
    actor: str,
    at_once: int,
    list_due: ListDue[D],
    use_case: Callable[[UnitOfWork, D], Awaitable[bool | None]],
) -> int:
    """Runs the use case for each due item, in pages of `at_once`, and returns how many it changed.

    The use case returns True if it changed something, False if nothing had to be done, and None if
    another process is working on the item. An organization with a locked row is left for the next
    run and does not delay the others; at the end its Unavailable is raised.
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
