"""The dispatcher: takes lanes that are due, sends what is first in each, writes down what became
of it, many at once and in few statements.

A job a delivery would cost the queue more than the delivery itself (docs/decisions/0009); the
lanes are the queue.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from kalends.domain.errors import Unavailable
from kalends.jobs.back_off import BackOff
from kalends.jobs.blocked_outcomes import BlockedOutcomes
from kalends.jobs.health import HealthUpdates
from kalends.runtime import deliveries
from kalends.runtime.unit_of_work import Context
from kalends.store.database import RunAgain
from kalends.store.jobs import queue_connection
from kalends.store.notifier import DELIVERIES
from kalends.store.outbox.deliveries import Caps, DeliveryOutcome, DueLane

log = structlog.get_logger("kalends.jobs")

MOST_IN_FLIGHT: Final = 200
# An endpoint that hangs holds its places for ten seconds each: never all of them, and few once it
# is known to fail.
CAPS: Final = Caps(working=60, failing=8)
# So that one statement takes, or records, many.
LEAST_ROOM: Final = MOST_IN_FLIGHT // 4
GATHER_SECONDS: Final = 0.003
MOST_RECORDED: Final = 200
LOOK_SECONDS: Final = 2.0
SHORTEST_LOOK_SECONDS: Final = 0.02
# While what is due is not to be had, since somebody holds it, or its endpoint has enough.
LONGEST_LOOK_AT_DUE_SECONDS: Final = 0.5
# Later than that a try would outlast the lease of its lane.
FRESH: Final = deliveries.LANE_LEASE - timedelta(seconds=deliveries.TIMEOUT_SECONDS)
FINISH_WITHIN: Final = timedelta(seconds=5)


async def dispatch(context: Context) -> None:
    """Delivers until cancelled, whatever becomes of the database. Any number of processes may.

    When cancelled it takes no more, gives what is under way five seconds, and gives back the rest.
    """
    outage = BackOff("deliveries")
    while True:
        try:
            async with queue_connection(context.database.parameters) as connection:
                await Dispatcher(connection, context).work(outage.end)
        except Exception as error:
            # Whatever it is (away, restarting, not migrated yet): what is due waits.
            outage.begin(error)
        await asyncio.sleep(outage.pause())


class Dispatcher:
    """The work of one listening connection, from connecting to losing it."""

    def __init__(self, connection: Any, context: Context) -> None:
        self._connection = connection
        self._context = context
        self._rung = asyncio.Event()
        self._lost = False
        self._flights: dict[asyncio.Task[None], DueLane] = {}
        self._under_way: Counter[UUID] = Counter()
        self._failing: set[UUID] = set()
        self._outcomes: list[DeliveryOutcome] = []
        self._aside = BlockedOutcomes()
        self._judges = HealthUpdates(context)
        self._look_at_due_seconds = SHORTEST_LOOK_SECONDS
        self._landed = asyncio.Event()
        self._taking: asyncio.Task[list[DueLane]] | None = None

    async def work(self, begun: Callable[[], None]) -> None:
        """Delivers until cancelled. Raises when the connection is lost, or anything else is."""
        self._connection.add_termination_listener(self._lose)
        await self._connection.add_listener(DELIVERIES, lambda *_: self._rung.set())
        recorder = asyncio.create_task(self._record())
        recorder.add_done_callback(self._lose)
        try:
            while not self._lost:
                self._rung.clear()
                taken = await self._take()
                begun()
                if taken:
                    self._look_at_due_seconds = SHORTEST_LOOK_SECONDS
                else:
                    await self._wait()
        finally:
            await self._end(recorder)
        if not recorder.cancelled():
            recorder.result()
        raise ConnectionError("the connection was lost")

    def _lose(self, _: Any) -> None:
        self._lost = True
        self._rung.set()

    async def _take(self) -> int:
        room = MOST_IN_FLIGHT - len(self._flights)
        if room < LEAST_ROOM:
            return 0
        taken_at = time.monotonic()
        taking = deliveries.take_due(self._context, room, self._full(), CAPS)
        self._taking = asyncio.create_task(taking)
        # Who is cancelled here has taken lanes all the same, and gives them back at the end.
        lanes = await asyncio.shield(self._taking)
        self._taking = None
        tried = self._aside.delivery_ids
        for lane in lanes:
            if lane.delivery_id in tried:
                continue  # it was tried, and what became of it moves the lane on
            self._note(lane)
            flight = asyncio.create_task(self._fly(lane, taken_at))
            self._flights[flight] = lane
        return len(lanes)

    def _note(self, lane: DueLane) -> None:
        self._under_way[lane.endpoint_id] += 1
        if lane.failing_since is None:
            self._failing.discard(lane.endpoint_id)
        else:
            self._failing.add(lane.endpoint_id)

    def _full(self) -> list[UUID]:
        """Endpoints that have as much under way as they may."""
        return [
            endpoint_id
            for endpoint_id, count in self._under_way.items()
            if count >= (CAPS.failing if endpoint_id in self._failing else CAPS.working)
        ]

    async def _fly(self, lane: DueLane, taken_at: float) -> None:
        if time.monotonic() - taken_at > FRESH.total_seconds():
            # This process was stopped: others have the lane, and may be further than we know.
            self._forget([lane])
            return
        try:
            self._outcomes.append(await deliveries.deliver(self._context, lane))
        except Exception:
            # What cannot even be tried (a secret sealed with another key) must not stop the rest:
            # its lane comes back when its lease is over.
            log.exception("delivery failed", endpoint=str(lane.endpoint_id))
            self._forget([lane])
        self._landed.set()

    async def _wait(self) -> None:
        """Until somebody rings, places come free, or something is due."""
        left = await deliveries.time_to_next(self._context)
        seconds = LOOK_SECONDS if left is None else left.total_seconds()
        if seconds <= 0:
            seconds = self._look_at_due_seconds
            self._look_at_due_seconds = min(2 * seconds, LONGEST_LOOK_AT_DUE_SECONDS)
        seconds = min(max(seconds, SHORTEST_LOOK_SECONDS), LOOK_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()

    async def _record(self) -> None:
        """Writes outcomes down, as many at once as have gathered, for as long as it takes. What
        somebody holds is put aside, and makes room for others."""
        outage = BackOff("outcomes of deliveries")
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._aside.seconds_to_next()):
                    await self._landed.wait()
            self._landed.clear()
            await asyncio.sleep(GATHER_SECONDS)
            self._outcomes += self._aside.take_due()
            while batch := self._outcomes[:MOST_RECORDED]:
                try:
                    held = await deliveries.record(self._context, batch)
                except (Unavailable, RunAgain) as error:
                    outage.begin(error)
                    await asyncio.sleep(outage.pause())
                    continue
                outage.end()
                del self._outcomes[: len(batch)]
                self._aside.settle(batch, held)
                under_way = {id(lane) for lane in self._flights.values()}
                landed = [outcome for outcome in batch if id(outcome.lane) in under_way]
                self._forget([outcome.lane for outcome in landed])
                self._judges.hear(landed)

    def _forget(self, lanes: list[DueLane]) -> None:
        """Their places are free."""
        done = {id(lane) for lane in lanes}
        self._flights = {t: lane for t, lane in self._flights.items() if id(lane) not in done}
        for lane in lanes:
            self._under_way[lane.endpoint_id] -= 1
        self._rung.set()

    async def _end(self, recorder: asyncio.Task[None]) -> None:
        if self._flights:
            await asyncio.wait(self._flights, timeout=FINISH_WITHIN.total_seconds())
        for flight in self._flights:
            flight.cancel()
        recorder.cancel()
        await asyncio.wait([recorder, *self._flights])
        await self._judges.stop()
        outcomes = self._outcomes + self._aside.outcomes
        landed = {id(outcome.lane) for outcome in outcomes}
        rest = [lane for lane in self._flights.values() if id(lane) not in landed]
        try:
            if self._taking is not None:
                rest += await self._taking
            if outcomes:
                await deliveries.record(self._context, outcomes)
            if rest:
                await deliveries.give_back(self._context, rest)
        except (Unavailable, RunAgain) as error:
            log.warning("deliveries come back when their lease is over", error=repr(error))
