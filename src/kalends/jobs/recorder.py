"""Records the outcomes of tries in batches, organization by organization, until it succeeds."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from kalends.jobs.blocked_outcomes import BlockedOutcomes
from kalends.jobs.channels import Channel
from kalends.jobs.turns import Turns
from kalends.runtime.lanes import release_lanes
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import DueLane, Postponed
from kalends.store.outbox.recording import DeliveryOutcome, Recorded

log = structlog.get_logger("kalends.jobs")

GATHER_SECONDS: Final = 0.003
MOST_RECORDED: Final = 200


@dataclass
class _Waiting:
    """What is to be recorded or released for one organization."""

    outcomes: list[DeliveryOutcome] = field(default_factory=list)
    postponed: list[Postponed] = field(default_factory=list)

    @property
    def lanes(self) -> list[DueLane]:
        return [one.lane for one in self.outcomes] + [one.lane for one in self.postponed]


@dataclass(eq=False)
class Recorder:
    """Records outcomes, and releases the lanes that were not tried. An outcome whose rows are
    locked is set aside, so that others are recorded.

    `free` frees the places of lanes and returns the `id()` of those that had one; `put` notes that
    an organization has something due, at a time of the clock `monotonic`.
    """

    context: Context
    channel: Channel
    turns: Turns
    free: Callable[[Sequence[DueLane]], Collection[int]]
    put: Callable[[UUID, float], None]
    _waiting: dict[UUID, _Waiting] = field(default_factory=dict, init=False)
    _tasks: dict[UUID, asyncio.Task[None]] = field(default_factory=dict, init=False)
    _blocked: BlockedOutcomes = field(default_factory=BlockedOutcomes, init=False)
    _retrying: asyncio.TimerHandle | None = field(default=None, init=False)

    @property
    def tried_ids(self) -> set[UUID | None]:
        """Deliveries that were tried and whose outcomes are not recorded yet."""
        waiting = (one.lane for each in self._waiting.values() for one in each.outcomes)
        return self._blocked.delivery_ids | {lane.delivery_id for lane in waiting}

    def add(self, settled: DeliveryOutcome | Postponed) -> None:
        """Queues an outcome to be recorded, or a postponed lane to be released; returns at once."""
        organization_id = settled.lane.organization_id
        waiting = self._waiting.setdefault(organization_id, _Waiting())
        if isinstance(settled, Postponed):
            waiting.postponed.append(settled)
        else:
            waiting.outcomes.append(settled)
        if organization_id not in self._tasks:
            self._tasks[organization_id] = asyncio.create_task(self._run(organization_id))

    async def stop(self, rest: Sequence[DueLane]) -> None:
        """Tries once to record what waits, and to release `rest`, the lanes still in flight."""
        if self._retrying:
            self._retrying.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in self._blocked.outcomes:
            self._of(outcome.lane).outcomes.append(outcome)
        settled = {id(lane) for waiting in self._waiting.values() for lane in waiting.lanes}
        for lane in rest:
            if id(lane) not in settled:
                self._of(lane).postponed.append(Postponed(lane))
        await asyncio.gather(*(self._end(*one) for one in self._waiting.items()))

    def _of(self, lane: DueLane) -> _Waiting:
        return self._waiting.setdefault(lane.organization_id, _Waiting())

    async def _run(self, organization_id: UUID) -> None:
        waiting = self._waiting[organization_id]
        await asyncio.sleep(GATHER_SECONDS)
        while waiting.outcomes or waiting.postponed:
            try:
                async with self.turns.turn(organization_id):
                    await self._record(organization_id, waiting)
                    await self._release(organization_id, waiting)
            except Exception:  # noted and logged by the turn
                await asyncio.sleep(self.turns.pause(organization_id))
        del self._waiting[organization_id], self._tasks[organization_id]

    async def _record(self, organization_id: UUID, waiting: _Waiting) -> None:
        batch = waiting.outcomes[:MOST_RECORDED]
        if not batch:
            return
        recorded = await self.channel.record(organization_id, batch)
        del waiting.outcomes[: len(batch)]
        self._blocked.settle(batch, recorded.held)
        self._retry_blocked_later()
        had_places = self.free([outcome.lane for outcome in batch])
        self.channel.note_health([one for one in batch if id(one.lane) in had_places])
        self._follow(organization_id, waiting, recorded)

    def _follow(self, organization_id: UUID, waiting: _Waiting, recorded: Recorded) -> None:
        now = monotonic()
        for outcome in recorded.waiting:
            after = outcome.again_after or timedelta(0)
            self.put(organization_id, now + after.total_seconds())
        # Another process had the lane and recorded it first. Releasing does nothing if it still has
        # the lane, and makes it due otherwise.
        waiting.postponed += (Postponed(outcome.lane) for outcome in recorded.late)

    async def _release(self, organization_id: UUID, waiting: _Waiting) -> None:
        batch = waiting.postponed[:MOST_RECORDED]
        if not batch:
            return
        await release_lanes(self.context, organization_id, batch)
        del waiting.postponed[: len(batch)]
        self.free([one.lane for one in batch])
        now = monotonic()
        for one in batch:
            self.put(organization_id, now + one.after.total_seconds())

    def _retry_blocked_later(self) -> None:
        if self._retrying:
            self._retrying.cancel()
        seconds = self._blocked.seconds_to_next()
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._retrying = loop.call_later(seconds, self._retry_blocked)

    def _retry_blocked(self) -> None:
        for outcome in self._blocked.take_due():
            self.add(outcome)
        self._retry_blocked_later()

    async def _end(self, organization_id: UUID, waiting: _Waiting) -> None:
        try:
            if waiting.outcomes:
                await self.channel.record(organization_id, waiting.outcomes)
            if waiting.postponed:
                await release_lanes(self.context, organization_id, waiting.postponed)
        except Exception as error:
            about = {"organization": str(organization_id), "error": repr(error)}
            log.warning("deliveries come back when their lease is over", **about)
