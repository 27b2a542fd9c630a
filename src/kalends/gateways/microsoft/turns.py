"""How many requests are under way at once: two of a process, and one of an account.

Microsoft refuses more than four at once of an application (`ApplicationThrottled`), in whichever
process they began. So two processes never meet that limit; more of them may, and then wait as long
as the answer says.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

AT_ONCE: Final = 2


class RequestTurns:
    """Of one process, in the order of asking. Who waits for an account takes no place of others."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        self._of_account: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, account: str) -> AsyncIterator[None]:
        """Waits for the turn of that account: whatever tells it from others, as its token does."""
        lock = self._of_account.setdefault(account, asyncio.Lock())
        async with lock, self._all:
            yield
