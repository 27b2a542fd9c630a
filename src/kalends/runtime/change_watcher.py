"""Notifies watchers, such as an open calendar page, of changes in an organization.

Each process polls the organizations' event counters, which every change of a booking increments:
one query a second for any number of watchers, and none without watchers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context
from kalends.store.database import RunAgain
from kalends.store.outbox.events import read_counters

WATCH_SECONDS: Final = 1.0
MOST_WATCHERS: Final = 500


class Change(NamedTuple):
    """The number of the last event known before, and of the last event now."""

    before: int
    number: int


class Watch:
    """What one watcher of an organization receives."""

    def __init__(
        self, last_number: Callable[[], int], known_number: int, woken: asyncio.Event
    ) -> None:
        self._last_number = last_number
        self._known_number = known_number
        self._woken = woken

    async def changes(self, longest_wait_seconds: float) -> AsyncIterator[Change | None]:
        """Yields a Change whenever there are new events, and None whenever the longest wait ends
        without any."""
        while True:
            if self._last_number() == self._known_number:
                with suppress(TimeoutError):
                    async with asyncio.timeout(longest_wait_seconds):
                        await self._woken.wait()
            self._woken.clear()
            before, self._known_number = self._known_number, self._last_number()
            is_new = self._known_number != before
            yield Change(before, self._known_number) if is_new else None


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

    @asynccontextmanager
    async def watch(self, organization_id: UUID, after: int | None) -> AsyncIterator["Watch"]:
        """A watch of the organization's events: from now on, or since the event number `after`, it
        misses none. Raises Unavailable."""
        woken = asyncio.Event()
        self._watchers.setdefault(organization_id, set()).add(woken)
        try:
            await self._poll(organization_id)
            self._start()
            numbers = partial(self._numbers.__getitem__, organization_id)
            yield Watch(numbers, numbers() if after is None else after, woken)
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
            # While the database does not answer nothing changes; the watchers stay.
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
