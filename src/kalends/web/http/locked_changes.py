"""A change in the API's order of errors: what is missing or stale (404, 412) is reported before
what is wrong with the request (422)."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kalends.runtime.unit_of_work import UnitOfWork

Locked = TypeVar("Locked")
Changes = TypeVar("Changes")
R = TypeVar("R")

Lock = Callable[[UnitOfWork], Awaitable[Locked]]
Update = Callable[[UnitOfWork, Locked, Changes], Awaitable[R]]


def lock_parse_update(
    lock: Lock[Locked], parse: Callable[[], Changes], update: Update[Locked, Changes, R]
) -> Callable[[UnitOfWork], Awaitable[R]]:
    """One use case, so one transaction: locks, then parses, then changes what is locked.

    It raises what `lock` raises, then what `parse` raises, then what `update` raises.
    """

    async def use_case(work: UnitOfWork) -> R:
        locked = await lock(work)
        return await update(work, locked, parse())

    return use_case


def lock_update(
    lock: Lock[Locked], update: Update[Locked, Changes, R], changes: Changes
) -> Callable[[UnitOfWork], Awaitable[R]]:
    """The same where the changes are parsed already."""
    return lock_parse_update(lock, lambda: changes, update)
