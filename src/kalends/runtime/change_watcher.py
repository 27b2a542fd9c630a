"""Notifying those who watch an organization of changes in it.

One query a second for each process, for any number of watchers, and none while there are none: the
organizations' counters of events, which every change of a booking moves on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, NamedTuple
from uuid import UUID

from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context
from kalends.store.database import RunAgain
from kalends.store.outbox.events import read_counters

WATCH_SECONDS: Final = 1.0
MOST_WATCHERS: Final = 500


class Change(NamedTuple):
    """The number of the last event that was known before, and that of the last by now."""

    before: int
    number: int


class ChangeWatcher:
    """The watchers of one process, and the task that polls for them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._numbers: dict[UUID, int] = {}
        self._watchers: dict[UUID, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return sum(map(len, self._watchers.values())) >= MOST_WATCHERS

    async def changes(
        self, organization_id: UUID, after: int | None, longest_wait_seconds: float
    ) -> AsyncIterator[Change | None]:
        """How far the organization's events went on, each time that they have; None each time that
        the wait ends without a change. `after` is the number that is known."""
        woken = asyncio.Event()
        self._watchers.setdefault(organization_id, set()).add(woken)
        try:
            await self._poll(organization_id)
            self._start()
            last_number = self._numbers[organization_id] if after is None else after
            while True:
                if self._numbers[organization_id] == last_number:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), longest_wait_seconds)
                woken.clear()
                number = self._numbers[organization_id]
                yield Change(last_number, number) if number != last_number else None
                last_number = number
        finally:
            self._leave(organization_id, woken)

    def _leave(self, organization_id: UUID, woken: asyncio.Event) -> None:
        watchers = self._watchers[organization_id]
        watchers.discard(woken)
        if not watchers:
            del self._watchers[organization_id]
            self._numbers.pop(organization_id, None)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self._watchers:
            await asyncio.sleep(WATCH_SECONDS)
            # While the database is away nothing changes; watchers stay.
            with suppress(Unavailable, RunAgain):
                await self._poll(*self._watchers)

    async def _poll(self, *organization_ids: UUID) -> None:
        """Raises Unavailable."""
        async with self._context.database.connection() as tx:
            numbers = await read_counters(tx, organization_ids)
        for organization_id, number in numbers.items():
            if self._numbers.get(organization_id) != number:
                self._numbers[organization_id] = number
                for woken in self._watchers.get(organization_id, ()):
                    woken.set()
