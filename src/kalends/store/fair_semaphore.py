"""A semaphore that shares the pool fairly: no organization can take all connections for itself.

A locked row blocks every transaction that wants it, and each of these holds a connection while it
waits. So an organization may hold at most half of the pool while others want connections, and two
connections are reserved for finding out whose request it is.
"""

import asyncio
from collections import OrderedDict, deque
from contextlib import suppress
from time import monotonic
from typing import Final
from uuid import UUID

KEPT_FOR_LOOKUPS: Final = 2
# For so long after it wanted a connection, an organization counts as wanting one. So when it comes
# back, it finds half of the pool free.
OTHERS_COUNT_FOR_SECONDS: Final = 5.0

# The organization that the connection is for. None is for finding out the organization, and may use
# the connections reserved for that. The nil UUID, for callers without an organization, waits like
# any other, and halves nobody's share.
Holder = UUID | None
Waiter = asyncio.Future[None]


class FairSemaphore:
    """A semaphore of `size` places, shared fairly between organizations."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._most_at_work = size - min(KEPT_FOR_LOOKUPS, size // 2)
        self._half = max(1, size // 2)
        self._held: dict[Holder, int] = {}
        self._taken = 0
        self._waiting: OrderedDict[Holder, deque[Waiter]] = OrderedDict()
        self._seen: OrderedDict[UUID, float] = OrderedDict()

    async def acquire(self, holder: Holder) -> None:
        """Waits for a place, until the caller cancels it; `release` gives the place back."""
        self._note(holder)
        if not self._waiting.get(holder) and self._may_acquire(holder):
            self._hold(holder)
            return
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(holder, deque()).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # it got a place, but too late
                self.release(holder)
            else:
                self._forget(holder, waiter)
            raise

    def release(self, holder: Holder) -> None:
        """Gives the place back, and lets in the next of those that wait."""
        self._taken -= 1
        self._held[holder] -= 1
        if not self._held[holder]:
            del self._held[holder]
        if not self._waiting:
            return
        # One round may let in several: an organization at its half does not stop the next one.
        while any(self._let_in(waiting) for waiting in list(self._waiting)):
            pass

    def _let_in(self, holder: Holder) -> bool:
        """Lets in the longest waiting use of `holder`, which comes last in the next round then."""
        if not self._may_acquire(holder):
            return False
        waiters = self._waiting[holder]
        waiter = waiters.popleft()
        if waiters:
            self._waiting.move_to_end(holder)
        else:
            del self._waiting[holder]
        if not waiter.done():  # else it was cancelled, and its task has not run since
            self._hold(holder)
            waiter.set_result(None)
        return True

    def _hold(self, holder: Holder) -> None:
        self._taken += 1
        self._held[holder] = self._held.get(holder, 0) + 1

    def _may_acquire(self, holder: Holder) -> bool:
        if self._taken >= self._size:
            return False
        if holder is None:
            return True
        if self._taken - self._held.get(None, 0) >= self._most_at_work:
            return False
        return self._held.get(holder, 0) < self._half or not self._others_want(holder)

    def _others_want(self, holder: UUID) -> bool:
        if any(other not in (holder, None) for other in self._waiting):
            return True
        return any(other != holder for other in self._seen)

    def _note(self, holder: Holder) -> None:
        now = monotonic()
        while self._seen and next(iter(self._seen.values())) < now - OTHERS_COUNT_FOR_SECONDS:
            self._seen.popitem(last=False)
        if holder is not None and holder.int:
            self._seen[holder] = now
            self._seen.move_to_end(holder)

    def _forget(self, holder: Holder, waiter: Waiter) -> None:
        waiters = self._waiting.get(holder, deque())
        with suppress(ValueError):
            waiters.remove(waiter)
        if not waiters:
            self._waiting.pop(holder, None)
