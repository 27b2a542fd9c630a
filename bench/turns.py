"""How long the event loop is kept from others."""

import asyncio
from collections.abc import Callable
from typing import Self


class LongestTurn:
    """Takes every turn of the event loop, and keeps the longest time between two, by that clock:
    by the one of the thread's processor time it is how long others wait on a machine of their
    own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.longest = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._task.cancel()

    async def _run(self) -> None:
        last = self._clock()
        while True:
            await asyncio.sleep(0)
            now = self._clock()
            self.longest, last = max(self.longest, now - last), now
