"""Who gets a connection next: a pool that no organization can take for itself.

A row that somebody holds blocks all that wants it, and each of those waits with a connection in its
hands. So one organization holds at most half of the pool while others want some, and two
connections are kept for asking who a request comes from.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from contextlib import suppress
from time import monotonic
from typing import Final
from uuid import UUID

KEPT_FOR_LOOKUPS: Final = 2
# Others count as wanting some for as long after they did: who comes back finds half of the pool.
OTHERS_COUNT_FOR_SECONDS: Final = 5.0

# None asks who it is for, and may take the connections that are kept for that. The organization of
# those who belong to none (all zeros) has turns like any other, and halves nobody's.
Who = UUID | None
Waiter = asyncio.Future[None]


class FairSemaphore:
    """Turns to hold one of `size` connections."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._most_at_work = size - min(KEPT_FOR_LOOKUPS, size // 2)
        self._half = max(1, size // 2)
        self._held: Counter[Who] = Counter()
        self._waiting: OrderedDict[Who, deque[Waiter]] = OrderedDict()
        self._seen: OrderedDict[UUID, float] = OrderedDict()

    async def enter(self, who: Who) -> None:
        """Waits for a turn, for as long as the caller lets it; `leave` gives it back."""
        self._note(who)
        if not self._waiting.get(who) and self._may_enter(who):
            self._held[who] += 1
            return
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # the turn came too late
                self.leave(who)
            else:
                self._forget(who, waiter)
            raise

    def leave(self, who: Who) -> None:
        """Gives the turn back; of those who wait, the next ones come in."""
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        # One round may let in several: where one waits for half of the pool, the next may not.
        while any(self._let_in(waiting) for waiting in list(self._waiting)):
            pass

    def _let_in(self, who: Who) -> bool:
        """The one who waits longest for `who`; whoever got a turn comes last in the next round."""
        if not self._may_enter(who):
            return False
        waiters = self._waiting[who]
        waiter = waiters.popleft()
        if waiters:
            self._waiting.move_to_end(who)
        else:
            del self._waiting[who]
        if not waiter.done():  # else its time is over, and its task was not told yet
            self._held[who] += 1
            waiter.set_result(None)
        return True

    def _may_enter(self, who: Who) -> bool:
        if self._held.total() >= self._size:
            return False
        if who is None:
            return True
        if self._held.total() - self._held[None] >= self._most_at_work:
            return False
        return self._held[who] < self._half or not self._others_want(who)

    def _others_want(self, who: UUID) -> bool:
        if any(other not in (who, None) for other in self._waiting):
            return True
        return any(other != who for other in self._seen)

    def _note(self, who: Who) -> None:
        now = monotonic()
        while self._seen and next(iter(self._seen.values())) < now - OTHERS_COUNT_FOR_SECONDS:
            self._seen.popitem(last=False)
        if who is not None and who.int:
            self._seen[who] = now
            self._seen.move_to_end(who)

    def _forget(self, who: Who, waiter: Waiter) -> None:
        waiters = self._waiting.get(who, deque())
        with suppress(ValueError):
            waiters.remove(waiter)
        if not waiters:
            self._waiting.pop(who, None)
