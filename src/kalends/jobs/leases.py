"""Acting on a lease, as long as it is ours."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

from kalends.store.outbox.lanes import Lease

T = TypeVar("T")


class LeaseOver(Exception):
    """Others may act by now."""


async def while_leased(lease: Lease, work: Coroutine[Any, Any, T]) -> T:
    """What the work answers. It is broken off when the lease is over, which may have been renewed
    meanwhile: then LeaseOver is raised."""
    if lease.seconds_left() <= 0:
        work.close()
        raise LeaseOver
    async with _Watch(lease):
        return await work


class _Watch:
    """Cancels the task within when the lease is over, and raises LeaseOver for it. Not a task of
    its own that is waited for: each mail has one."""

    __slots__ = ("_cancelling", "_is_over", "_lease", "_loop", "_task", "_timer")

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._is_over = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._lease.seconds_left(), self._look)

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._is_over or self._task.uncancel() > self._cancelling:
            return
        if isinstance(error, asyncio.CancelledError):
            raise LeaseOver from error

    def _look(self) -> None:
        if (seconds := self._lease.seconds_left()) > 0:
            self._timer = self._loop.call_later(seconds, self._look)
            return
        self._is_over = True
        self._task.cancel()
