"""Changes whose errors come in the API's order: a thing that is missing or stale (404, 412) is
reported before what is wrong with the request (422)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.web.http.call import Call

Locked = TypeVar("Locked")
Changes = TypeVar("Changes")
R = TypeVar("R")

Lock = Callable[[UnitOfWork], Awaitable[Locked]]
Update = Callable[[UnitOfWork, Locked, Changes], Awaitable[R]]


def lock_parse_update(
    lock: Lock[Locked], parse: Callable[[], Changes], update: Update[Locked, Changes, R]
) -> Callable[[UnitOfWork], Awaitable[R]]:
    """One use case, and so one transaction, that locks a thing, parses the changes, and then
    updates the thing. Errors of `lock` come before those of `parse`, and these before `update`'s.
    """

    async def use_case(work: UnitOfWork) -> R:
        locked = await lock(work)
        return await update(work, locked, parse())

    return use_case


def lock_update(
    lock: Lock[Locked], update: Update[Locked, Changes, R], changes: Changes
) -> Callable[[UnitOfWork], Awaitable[R]]:
    """Like `lock_parse_update`, for changes that are parsed already."""
    return lock_parse_update(lock, lambda: changes, update)


async def answer_patch(
    call: Call,
    prefix: str,
    lock: Callable[[UnitOfWork, UUID, IfMatch], Awaitable[Locked]],
    parse: Callable[[bytes], Changes],
    update: Update[Locked, Changes, R],
    render: Callable[[R], HttpAnswer],
) -> HttpAnswer:
    """Answers a PATCH of the thing whose id, with that prefix, is in the path.

    A body that is not JSON (400) is reported before a thing that is missing or stale (404, 412),
    and that before what is wrong with the changes (422).
    """
    body = await call.raw_json()
    thing_id, if_match = call.id(prefix), call.if_match

    async def lock_named(work: UnitOfWork) -> Locked:
        return await lock(work, thing_id, if_match)

    return await call.change(render, lock_parse_update(lock_named, partial(parse, body), update))
