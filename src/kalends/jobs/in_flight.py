"""The lanes that one channel has in flight: leased, and not recorded yet; renews their leases."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

from kalends.jobs.turns import Turns
from kalends.runtime.lanes import renew_leases
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import DueLane

# This process stops acting on a lease so much earlier than its row says.
MARGIN: Final = timedelta(seconds=2)


@dataclass(eq=False)
class InFlight:
    """Lanes in flight, each of which occupies a place. `start` runs a coroutine in the background;
    `put` notes that an organization has something due, at a time of the clock `monotonic`."""

    context: Context
    turns: Turns
    lease: timedelta
    start: Callable[[Coroutine[Any, Any, None]], None]
    put: Callable[[UUID, float], None]
    _lanes: dict[int, DueLane] = field(default_factory=dict, init=False)
    _held: Counter[UUID] = field(default_factory=Counter, init=False)

    def __len__(self) -> int:
        return len(self._lanes)

    def count_of(self, organization_id: UUID) -> int:
        """How many places an organization holds."""
        return self._held[organization_id]

    @property
    def lanes(self) -> Collection[DueLane]:
        return self._lanes.values()

    def add(self, lane: DueLane, leased_at: float) -> None:
        """Adds a lane that was leased at that time of the clock `monotonic`."""
        self._count_on(lane, leased_at)
        self._lanes[id(lane)] = lane
        self._held[lane.organization_id] += 1

    def remove(self, lanes: Sequence[DueLane]) -> set[int]:
        """Frees their places; returns the `id()` of those that had one."""
        freed = [lane for lane in lanes if self._lanes.pop(id(lane), None) is not None]
        for lane in freed:
            self._held[lane.organization_id] -= 1
            if not self._held[lane.organization_id]:
                del self._held[lane.organization_id]
        return {id(lane) for lane in freed}

    async def renew(self) -> None:
        """Renews leases of which a third is over, so that a renewal that fails can be tried again
        in time. Runs until cancelled."""
        part = self.lease.total_seconds() / 3
        while True:
            await asyncio.sleep(part)
            old: defaultdict[UUID, list[DueLane]] = defaultdict(list)
            for lane in self._lanes.values():
                if lane.lease.seconds_left() < 2 * part:
                    old[lane.organization_id].append(lane)
            for organization_id, lanes in old.items():
                self.start(self._renew_leases(organization_id, lanes))

    async def _renew_leases(self, organization_id: UUID, lanes: Sequence[DueLane]) -> None:
        began = monotonic()
        try:
            async with self.turns.turn(organization_id):
                for lane in await renew_leases(self.context, organization_id, lanes, self.lease):
                    self._count_on(lane, began)
        except Exception:  # noted and logged by the turn; a try not renewed ends with its lease
            self.put(organization_id, began)

    def _count_on(self, lane: DueLane, leased_at: float) -> None:
        lane.lease.ours_until = leased_at + (self.lease - MARGIN).total_seconds()
