"""Looking at all organizations for what is due: seldom, for what was due to somebody who was
killed, and when somebody notifies without saying of whom."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final
from uuid import UUID

from kalends.jobs.back_off import BackOff
from kalends.jobs.turns import Turns
from kalends.runtime.lanes import find_owners_of_due
from kalends.runtime.unit_of_work import Context

LOOK_SECONDS: Final = 2.0
# Who notifies without saying of whom, as servers of the release before do, does so often.
GATHER_SECONDS: Final = 0.02


class Lookout:
    """For one channel. `put` is told of the organizations in which something is due."""

    def __init__(
        self, context: Context, channel: str, turns: Turns, put: Callable[[UUID, float], None]
    ) -> None:
        self._context = context
        self._channel = channel
        self._turns = turns
        self._put = put
        self._is_wanted = asyncio.Event()
        self._back_off = BackOff(f"looks for deliveries by {channel}")

    def look_soon(self) -> None:
        self._is_wanted.set()

    async def run(self) -> None:
        """Whatever makes it fail, also at the start, stops none of those that are told of."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._is_wanted.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._is_wanted.clear()
            try:
                await self._look()
            except Exception as error:
                self._back_off.failed(error)
                await asyncio.sleep(self._back_off.pause())
            else:
                self._back_off.succeeded()

    async def _look(self) -> None:
        """At all organizations but those that fail. Raises Unavailable."""
        failing = self._turns.failing
        for organization_id in await find_owners_of_due(self._context, self._channel, failing):
            self._put(organization_id, monotonic())
