"""Limits concurrent requests: to two of a process, and one of an account.

Microsoft refuses more than four concurrent requests of an application (`ApplicationThrottled`),
whatever process they come from. So two processes never reach that limit; more of them may, and then
wait as long as the answer says.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

AT_ONCE: Final = 2


class RequestTurns:
    """The turns of one process, in the order of requests. A request that waits for its account does
    not take a place from other accounts."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        self._of_account: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, account: str) -> AsyncIterator[None]:
        """Waits for the turn of an account, which any text may identify, such as its token."""
        lock = self._of_account.setdefault(account, asyncio.Lock())
        async with lock, self._all:
            yield
