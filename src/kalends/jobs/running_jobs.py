"""The jobs that run in a process, and how organizations share its places for them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

from kalends.jobs.shares import share_left
from kalends.store.database import RowHeld

# For this long after a job failed on a locked row, its organization runs one job at a time.
BLOCKED_SECONDS: Final = 30.0
BLOCKED_PAUSE: Final = timedelta(seconds=5)
# How long a job waits if its organization has no place for another one that asks the same.
CROWDED_PAUSE: Final = timedelta(seconds=15)
# If one of those has just ended that took less than this, it waits for its turn instead, this long.
MOVING_SECONDS: Final = 1.0
LOOK_AGAIN_SECONDS: Final = 0.2


@dataclass
class RunningJobs:
    """The jobs that run in this process, so that they can be cancelled when it ends."""

    most_asking: int
    """How many jobs that ask the same may run at once: see `Job.asks`."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _asking: Counter[str] = field(default_factory=Counter)
    _asking_of: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    _moved_at: dict[tuple[str, UUID], float] = field(default_factory=dict)
    _waiting: Counter[str] = field(default_factory=Counter)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _count: Counter[UUID] = field(default_factory=Counter)
    _blocked_until: dict[UUID, float] = field(default_factory=dict)

    def is_full(self, asks: str) -> bool:
        """Whether the places for jobs that ask the same are all taken, or one waits for its turn
        already."""
        return self._asking[asks] >= self.most_asking or self._waiting[asks] > 0

    async def wait_for_turn(self, organization_id: UUID | None, asks: str | None) -> None:
        """Waits while the organization has no place for a job that asks this, as long as those that
        run are short. So they run one after the other, without going back to the queue each time.
        Nobody waits for long ones: meanwhile no job of others that asks this is taken."""
        if organization_id is None or asks is None:
            return
        self._waiting[asks] += 1
        try:
            while self._is_crowded(organization_id, asks) and self._moves(organization_id, asks):
                self._ended.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                        await self._ended.wait()
        finally:
            self._waiting[asks] -= 1

    @contextmanager
    def admit(self, organization_id: UUID | None, asks: str | None = None) -> Iterator[timedelta]:
        """Yields how long a job of the organization has to wait: zero if it may run now, and it is
        counted while the block runs. An organization that is blocked by a locked row runs one job
        at a time, so that places and connections stay free for others. Of the jobs that ask the
        same it may run half of what other organizations leave, so that a host that hangs leaves
        places, too."""
        if wait := self._wait_of(organization_id, asks):
            yield wait
            return
        began = monotonic()
        self._note(organization_id, asks, 1)
        try:
            yield timedelta(0)
        except RowHeld:
            if organization_id is not None:
                self._blocked_until[organization_id] = monotonic() + BLOCKED_SECONDS
            raise
        finally:
            self._note(organization_id, asks, -1, is_short=monotonic() - began < MOVING_SECONDS)

    def _wait_of(self, organization_id: UUID | None, asks: str | None) -> timedelta:
        if organization_id is None:
            return timedelta(0)
        if self._is_blocked(organization_id) and self._count[organization_id]:
            return BLOCKED_PAUSE
        is_crowded = asks is not None and self._is_crowded(organization_id, asks)
        return CROWDED_PAUSE if is_crowded else timedelta(0)

    def _is_crowded(self, organization_id: UUID, asks: str) -> bool:
        """Whether the organization runs all jobs that it may of those that ask this; it may run
        one in any case."""
        held = self._asking_of[asks, organization_id]
        return held > 0 and share_left(self.most_asking - self._asking[asks], held) <= 0

    def _moves(self, organization_id: UUID, asks: str) -> bool:
        """Whether one of these jobs that was short has ended just now, or the first one begun."""
        return monotonic() - self._moved_at[asks, organization_id] < MOVING_SECONDS

    def _note(
        self, organization_id: UUID | None, asks: str | None, more: int, *, is_short: bool = False
    ) -> None:
        """Adds to the counts of running jobs, and drops those that become zero."""
        counters: list[tuple[Counter[Any], Any]] = [(self._count, organization_id)]
        if asks is not None:
            counters += [(self._asking, asks), (self._asking_of, (asks, organization_id))]
        for counter, key in counters:
            counter[key] += more
            if not counter[key]:
                del counter[key]
        if more < 0:
            self._ended.set()
        if asks is not None and organization_id is not None:
            self._note_move((asks, organization_id), is_short=is_short)

    def _note_move(self, key: tuple[str, UUID], *, is_short: bool) -> None:
        """Keeps nothing of an organization that runs none any more."""
        if not self._asking_of[key]:
            self._moved_at.pop(key, None)
        elif is_short or key not in self._moved_at:
            self._moved_at[key] = monotonic()

    def _is_blocked(self, organization_id: UUID) -> bool:
        if self._blocked_until.get(organization_id, 0) > monotonic():
            return True
        self._blocked_until.pop(organization_id, None)
        return False

    def cancel(self) -> None:
        """Cancels all of them; each puts its job back into the queue."""
        for task in self.tasks:
            task.cancel()
