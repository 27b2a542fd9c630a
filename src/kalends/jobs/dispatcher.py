"""The dispatcher: takes lanes that are due, sends what is first in each, records the
outcomes, many at once and in few statements.

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
from kalends.store.notifier import DELIVERIES_CHANNEL
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
DELIVERY_POLL_SECONDS: Final = 2.0
SHORTEST_POLL_SECONDS: Final = 0.02
# While what is due cannot be taken: its rows are locked, or its endpoint has enough.
LONGEST_POLL_OF_DUE_SECONDS: Final = 0.5
# Later than that a try would outlast the lease of its lane.
FRESH_FOR: Final = deliveries.LANE_LEASE - timedelta(seconds=deliveries.TIMEOUT_SECONDS)
FINISH_WITHIN: Final = timedelta(seconds=5)


async def dispatch(context: Context) -> None:
    """Delivers until cancelled, whatever happens to the database. Any number of processes may.

    When cancelled it takes no more, gives what is under way five seconds, and gives back the rest.
    """
    back_off = BackOff("deliveries")
    while True:
        try:
            async with queue_connection(context.database.parameters) as connection:
                await Dispatcher(connection, context).run(back_off.succeeded)
        except Exception as error:
            # Whatever it is (away, restarting, not migrated yet): what is due waits.
            back_off.failed(error)
        await asyncio.sleep(back_off.pause())


class Dispatcher:
    """The work of one listening connection, from connecting to losing it."""

    def __init__(self, connection: Any, context: Context) -> None:
        self._connection = connection
        self._context = context
        self._woken = asyncio.Event()
        self._lost = False
        self._in_flight: dict[asyncio.Task[None], DueLane] = {}
        self._in_flight_by_endpoint: Counter[UUID] = Counter()
        self._failing: set[UUID] = set()
        self._outcomes: list[DeliveryOutcome] = []
        self._blocked = BlockedOutcomes()
        self._health_updates = HealthUpdates(context)
        self._poll_of_due_seconds = SHORTEST_POLL_SECONDS
        self._done = asyncio.Event()
        self._leasing: asyncio.Task[list[DueLane]] | None = None

    async def run(self, on_started: Callable[[], None]) -> None:
        """Delivers until cancelled. Raises when the connection is lost, or anything else is."""
        self._connection.add_termination_listener(self._mark_lost)
        await self._connection.add_listener(DELIVERIES_CHANNEL, lambda *_: self._woken.set())
        recorder = asyncio.create_task(self._record())
        recorder.add_done_callback(self._mark_lost)
        try:
            while not self._lost:
                self._woken.clear()
                leased = await self._lease_lanes()
                on_started()
                if leased:
                    self._poll_of_due_seconds = SHORTEST_POLL_SECONDS
                else:
                    await self._wait()
        finally:
            await self._stop(recorder)
        if not recorder.cancelled():
            recorder.result()
        raise ConnectionError("the connection was lost")

    def _mark_lost(self, _: Any) -> None:
        self._lost = True
        self._woken.set()

    async def _lease_lanes(self) -> int:
        room = MOST_IN_FLIGHT - len(self._in_flight)
        if room < LEAST_ROOM:
            return 0
        leased_at = time.monotonic()
        leasing = deliveries.lease_due_lanes(self._context, room, self._find_full_endpoints(), CAPS)
        self._leasing = asyncio.create_task(leasing)
        # Who is cancelled here has leased lanes all the same, and gives them back at the end.
        lanes = await asyncio.shield(self._leasing)
        self._leasing = None
        tried = self._blocked.delivery_ids
        for lane in lanes:
            if lane.delivery_id in tried:
                continue  # it was tried, and its outcome moves the lane on
            self._count_in(lane)
            task = asyncio.create_task(self._deliver(lane, leased_at))
            self._in_flight[task] = lane
        return len(lanes)

    def _count_in(self, lane: DueLane) -> None:
        self._in_flight_by_endpoint[lane.endpoint_id] += 1
        if lane.failing_since is None:
            self._failing.discard(lane.endpoint_id)
        else:
            self._failing.add(lane.endpoint_id)

    def _find_full_endpoints(self) -> list[UUID]:
        """Endpoints that have as much under way as they may."""
        return [
            endpoint_id
            for endpoint_id, count in self._in_flight_by_endpoint.items()
            if count >= (CAPS.failing if endpoint_id in self._failing else CAPS.working)
        ]

    async def _deliver(self, lane: DueLane, leased_at: float) -> None:
        if time.monotonic() - leased_at > FRESH_FOR.total_seconds():
            # This process was stopped: others have the lane, and may be further than we know.
            self._free_places([lane])
            return
        try:
            self._outcomes.append(await deliveries.deliver(self._context, lane))
        except Exception:
            # What cannot even be tried (a secret sealed with another key) must not stop the rest:
            # its lane comes back when its lease is over.
            log.exception("delivery failed", endpoint=str(lane.endpoint_id))
            self._free_places([lane])
        self._done.set()

    async def _wait(self) -> None:
        """Until a notification comes, places come free, or something is due."""
        left = await deliveries.time_to_next(self._context)
        seconds = DELIVERY_POLL_SECONDS if left is None else left.total_seconds()
        if seconds <= 0:
            seconds = self._poll_of_due_seconds
            self._poll_of_due_seconds = min(2 * seconds, LONGEST_POLL_OF_DUE_SECONDS)
        seconds = min(max(seconds, SHORTEST_POLL_SECONDS), DELIVERY_POLL_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _record(self) -> None:
        """Records outcomes, as many at once as have gathered, for as long as it takes. One whose
        rows are locked is put aside, and makes room for others."""
        back_off = BackOff("outcomes of deliveries")
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._blocked.seconds_to_next()):
                    await self._done.wait()
            self._done.clear()
            await asyncio.sleep(GATHER_SECONDS)
            self._outcomes += self._blocked.take_due()
            while batch := self._outcomes[:MOST_RECORDED]:
                try:
                    held = await deliveries.record_outcomes(self._context, batch)
                except (Unavailable, RunAgain) as error:
                    back_off.failed(error)
                    await asyncio.sleep(back_off.pause())
                    continue
                back_off.succeeded()
                del self._outcomes[: len(batch)]
                self._blocked.settle(batch, held)
                in_flight = {id(lane) for lane in self._in_flight.values()}
                done = [outcome for outcome in batch if id(outcome.lane) in in_flight]
                self._free_places([outcome.lane for outcome in done])
                self._health_updates.add(done)

    def _free_places(self, lanes: list[DueLane]) -> None:
        """Their places are free."""
        done = {id(lane) for lane in lanes}
        self._in_flight = {
            task: lane for task, lane in self._in_flight.items() if id(lane) not in done
        }
        for lane in lanes:
            self._in_flight_by_endpoint[lane.endpoint_id] -= 1
        self._woken.set()

    async def _stop(self, recorder: asyncio.Task[None]) -> None:
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=FINISH_WITHIN.total_seconds())
        for task in self._in_flight:
            task.cancel()
        recorder.cancel()
        await asyncio.wait([recorder, *self._in_flight])
        await self._health_updates.stop()
        outcomes = self._outcomes + self._blocked.outcomes
        done = {id(outcome.lane) for outcome in outcomes}
        rest = [lane for lane in self._in_flight.values() if id(lane) not in done]
        try:
            if self._leasing is not None:
                rest += await self._leasing
            if outcomes:
                await deliveries.record_outcomes(self._context, outcomes)
            if rest:
                await deliveries.release_lanes(self._context, rest)
        except (Unavailable, RunAgain) as error:
            log.warning("deliveries come back when their lease is over", error=repr(error))
