"""Scans all organizations for due lanes: now and then, for what a killed process has left, and
after a notification that names no organization."""

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
# Servers of the previous release notify without an organization, and often: one scan for many.
GATHER_SECONDS: Final = 0.02


class Lookout:
    """The lookout of one channel. It calls `put` for each organization with something due."""

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
        """Scans until cancelled. A scan that fails is tried again after a pause; deliveries for
        organizations that are known from notifications go on meanwhile."""
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
        """Scans all organizations but those that are failing. Raises Unavailable."""
        failing = self._turns.failing
        for organization_id in await find_owners_of_due(self._context, self._channel, failing):
            self._put(organization_id, monotonic())
