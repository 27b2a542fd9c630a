"""Runs work only while the lease of its lane lasts."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

from kalends.store.outbox.lanes import Lease

T = TypeVar("T")


class LeaseOver(Exception):
    """The lease is over: another process may have the lane."""


async def while_leased(lease: Lease, work: Coroutine[Any, Any, T]) -> T:
    """Returns what the work returns. Cancels it and raises LeaseOver when the lease is over, which
    may be renewed meanwhile."""
    if lease.seconds_left() <= 0:
        work.close()
        raise LeaseOver
    async with _Watch(lease):
        return await work


class _Watch:
    """Cancels the task inside the block when the lease is over, and turns that into LeaseOver. It
    uses a timer rather than a second task, which would cost too much for each mail."""

    __slots__ = ("_cancelling", "_is_over", "_lease", "_loop", "_task", "_timer")

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._is_over = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._lease.seconds_left(), self._check)

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._is_over or self._task.uncancel() > self._cancelling:
            return
        if isinstance(error, asyncio.CancelledError):
            raise LeaseOver from error

    def _check(self) -> None:
        if (seconds := self._lease.seconds_left()) > 0:
            self._timer = self._loop.call_later(seconds, self._check)
            return
        self._is_over = True
        self._task.cancel()
