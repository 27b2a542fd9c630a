"""The dispatcher: leases due lanes, has the first delivery of each sent and its outcome recorded.
It serves every channel in the same way.

The lanes are the queue: a job for each delivery would cost more than the delivery itself
(docs/decisions/0009). Each statement concerns one organization. Notifications and earlier outcomes
tell which organizations have something due; the lookout scans all of them, seldom, for what a
killed process has left.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

import structlog
from msgspec import Struct

from kalends.jobs.agenda import DueOrganizations
from kalends.jobs.back_off import BackOff
from kalends.jobs.channels import Channel, channels_of
from kalends.jobs.in_flight import InFlight
from kalends.jobs.lookout import Lookout
from kalends.jobs.recorder import Recorder
from kalends.jobs.shares import places_for
from kalends.jobs.turns import AT_ONCE, Turns
from kalends.runtime.unit_of_work import Context
from kalends.store.jobs import queue_connection
from kalends.store.notifier import NOTIFIED, organizations_of
from kalends.store.outbox.lanes import DueLane, Leased, Postponed
from kalends.store.outbox.recording import DeliveryOutcome

log = structlog.get_logger("kalends.jobs")

# The main loop checks what is due at least this often.
LONGEST_WAIT_SECONDS: Final = 2.0
# Leasing for an organization reserves places for at most this long, so that a slow one gives way.
PLACES_KEPT_SECONDS: Final = 1.0
# After a notification, a failing organization is not tried sooner than this.
FAILING_AGAIN_SECONDS: Final = 1.0
# An organization that has had no place for this long gets some even if few are free: then this part
# of the channel's `least_room` is enough.
LONGEST_WITHOUT_SECONDS: Final = 1.0
PART_AFTER_WAITING: Final = 1 / 8
FINISH_WITHIN: Final = timedelta(seconds=5)


async def dispatch(context: Context) -> None:
    """Delivers until cancelled, and starts again whenever the database comes back. Any number of
    processes may do this at once.

    When cancelled it leases no more, gives what is in flight five seconds, and releases the rest.
    """
    back_off = BackOff("deliveries")
    while True:
        try:
            async with queue_connection(context.database.parameters) as connection:
                await _serve(connection, context, channels_of(context), back_off.succeeded)
        except Exception as error:
            # Whatever is wrong (database away, restarting, not migrated yet): deliveries wait.
            back_off.failed(error.exceptions[0] if isinstance(error, ExceptionGroup) else error)
        await asyncio.sleep(back_off.pause())


async def _serve(
    connection: Any,
    context: Context,
    channels: Mapping[str, Channel],
    on_started: Callable[[], None],
) -> None:
    """Runs a dispatcher for each channel: one that hangs does not delay the others."""
    dispatchers = [
        Dispatcher(connection, context, name, channel) for name, channel in channels.items()
    ]
    for dispatcher in dispatchers:
        await dispatcher.listen()
    async with asyncio.TaskGroup() as running:
        for dispatcher in dispatchers:
            running.create_task(dispatcher.run(on_started))


class _Leasing(Struct, frozen=True):
    """Leasing for one organization that is under way, and the places that it reserves."""

    task: asyncio.Task[None]
    places: int
    began: float


class Dispatcher:
    """Serves one channel, for as long as its listening connection lasts."""

    def __init__(self, connection: Any, context: Context, name: str, channel: Channel) -> None:
        self._connection = connection
        self._context = context
        self._name = name
        self._channel = channel
        self._woken = asyncio.Event()
        self._lost = False
        self._agenda = DueOrganizations()
        self._turns = Turns(name)
        self._recorder = Recorder(context, channel, self._turns, self._free_places, self._put)
        self._in_flight = InFlight(context, self._turns, channel.lease, self._start, self._put)
        self._lookout = Lookout(context, name, self._turns, self._put)
        self._leasing: dict[UUID, _Leasing] = {}
        # Organizations with something due for which there was no place.
        self._crowded_out: set[UUID] = set()
        # Those of which too little of their share was left: looked at again whenever the main loop
        # wakes, since a lease that ends may give places back, too.
        self._short: set[UUID] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._came_too_late: list[DueLane] = []

    async def listen(self) -> None:
        """Subscribes to the notifications of the channel."""
        self._connection.add_termination_listener(self._mark_lost)
        await self._connection.add_listener(NOTIFIED[self._name], self._hear)

    async def run(self, on_started: Callable[[], None]) -> None:
        """Delivers until cancelled. Raises ConnectionError when the connection is lost."""
        on_started()
        self._lookout.look_soon()
        background = [
            asyncio.create_task(work()) for work in (self._lookout.run, self._in_flight.renew)
        ]
        for task in background:
            task.add_done_callback(self._mark_lost)
        try:
            while not self._lost:
                self._woken.clear()
                self._lease_due()
                await self._wait()
        finally:
            await self._stop(background)
        for task in background:
            if not task.cancelled():
                task.result()
        raise ConnectionError("the connection was lost")

    def _mark_lost(self, _: Any) -> None:
        self._lost = True
        self._woken.set()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        """Handles a notification, which names organizations or, from the previous release, none."""
        organizations = organizations_of(payload)
        if organizations is None:
            self._lookout.look_soon()
        for organization_id in organizations or ():
            self._put(organization_id, monotonic())

    def _put(self, organization_id: UUID, at: float) -> None:
        """Notes that the organization has something due at that time, and wakes the main loop."""
        if self._turns.is_failing(organization_id):
            at = max(at, monotonic() + FAILING_AGAIN_SECONDS)
        self._agenda.put(organization_id, at)
        self._woken.set()

    def _lease_due(self) -> None:
        """Starts leasing for one due organization after the other, while there is room."""
        for short in self._short:
            self._agenda.put(short, monotonic())
        self._short.clear()
        while (
            len(self._leasing) < AT_ONCE
            and (room := self._count_places()) >= self._least_room()
            and (organization_id := self._take_due()) is not None
        ):
            places = self._places_for(organization_id, room)
            if not places:
                self._short.add(organization_id)
                continue
            task = asyncio.create_task(self._lease(organization_id, places))
            self._leasing[organization_id] = _Leasing(task, places, monotonic())

    def _least_room(self) -> int:
        """How many places have to be free before any are leased. That is the channel's
        `least_room`, so that one statement leases many; fewer once an organization has waited for a
        second, since the other places may be occupied for long."""
        least = self._channel.least_room
        if not self._channel.halves or monotonic() - self._first_at() < LONGEST_WITHOUT_SECONDS:
            return least
        return max(1, int(least * PART_AFTER_WAITING))

    def _places_for(self, organization_id: UUID, room: int) -> int:
        """How many of the free places the organization may take."""
        if self._channel.halves:
            held = self._in_flight.count_of(organization_id)
            return places_for(room, held, self._channel.least_room)
        has_others = self._first_at() <= monotonic()
        return max(room // 2, self._channel.least_room) if has_others else room

    def _take_due(self) -> UUID | None:
        first = self._agenda.first(self._is_passed_over)
        if first is None or first.at > monotonic():
            return None
        self._agenda.remove(first.organization_id)
        return first.organization_id

    def _first_at(self) -> float:
        first = self._agenda.first(self._is_passed_over)
        return float("inf") if first is None else first.at

    def _is_passed_over(self, organization_id: UUID) -> bool:
        """Whether the organization has to wait: one leasing at a time for each organization, and
        one for all failing ones together."""
        return organization_id in self._leasing or (
            self._turns.is_failing(organization_id)
            and any(self._turns.is_failing(id_) for id_ in self._leasing)
        )

    def _count_places(self) -> int:
        return self._channel.most - len(self._in_flight) - self._count_kept_places()

    def _count_kept_places(self) -> int:
        since = monotonic() - PLACES_KEPT_SECONDS
        return sum(lease.places for lease in self._leasing.values() if lease.began > since)

    async def _lease(self, organization_id: UUID, places: int) -> None:
        """Leases lanes of one organization, starts their deliveries, and notes when it is due
        again."""
        leased_at = monotonic()
        taken = len(self._in_flight) + self._count_kept_places() - places
        in_flight = self._in_flight.lanes
        leased = Leased([], is_all=True)
        try:
            async with self._turns.turn(organization_id):
                leased = await self._channel.lease_lanes(organization_id, places, in_flight, taken)
        except Exception:  # noted and logged by the turn
            self._agenda.put(organization_id, monotonic() + self._turns.pause(organization_id))
        del self._leasing[organization_id]
        self._woken.set()
        if leased.again_after is not None:
            self._put(organization_id, monotonic() + leased.again_after)
        if leased.lanes:
            self._take_on(leased.lanes, leased_at)
        if leased.is_all:
            return
        if leased.lanes:
            self._put(organization_id, monotonic())
        else:
            self._crowded_out.add(organization_id)

    def _take_on(self, lanes: Sequence[DueLane], leased_at: float) -> None:
        """Starts delivering lanes that were just leased; after the connection is lost, keeps them
        for release."""
        if self._lost:
            self._came_too_late += lanes
            return
        # A delivery that is in flight, or waits to be recorded, must not be sent again: recording
        # its outcome moves its lane on.
        tried = self._recorder.tried_ids | {lane.delivery_id for lane in self._in_flight.lanes}
        untried = [lane for lane in lanes if lane.delivery_id not in tried]
        for lane in untried:
            self._in_flight.add(lane, leased_at)
        for batch in self._channel.in_batches(untried):
            self._start(self._deliver(batch))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, lanes: Sequence[DueLane]) -> None:
        """Has the channel deliver a batch, and passes each outcome to the recorder."""
        settled: set[int] = set()

        def settle(outcome: DeliveryOutcome | Postponed) -> None:
            settled.add(id(outcome.lane))
            self._recorder.add(outcome)

        try:
            # A try must be able to end before the lease of its lane does.
            if lanes[0].lease.seconds_left() > self._channel.needs.total_seconds():
                await self._channel.deliver(lanes, settle)
        except Exception:
            # An unexpected error in one batch must not stop the others: its lanes come back when
            # their leases are over.
            log.exception("delivery failed", destination=str(lanes[0].destination_id))
        # What is not settled is not released either: its lease may be over, and another process
        # may have the lane.
        self._free_places([lane for lane in lanes if id(lane) not in settled])

    async def _wait(self) -> None:
        """Waits until an organization is due and there is room for it, or until woken."""
        has_places = self._count_places() >= self._least_room()
        at = self._first_at() if has_places and len(self._leasing) < AT_ONCE else float("inf")
        longest = PLACES_KEPT_SECONDS if self._leasing else LONGEST_WAIT_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(max(min(at - monotonic(), longest), 0.0)):
                await self._woken.wait()

    def _free_places(self, lanes: Sequence[DueLane]) -> set[int]:
        """Frees the places of these lanes; returns the `id()` of those that had one."""
        freed = self._in_flight.remove(lanes)
        if freed:
            now = monotonic()
            for organization_id in self._crowded_out:
                self._put(organization_id, now)
            self._crowded_out.clear()
            self._woken.set()
        return freed

    async def _stop(self, background: Sequence[asyncio.Task[None]]) -> None:
        """Gives what is in flight some seconds to finish, cancels the rest, records outcomes, and
        releases the lanes."""
        self._lost = True
        for task in background:
            task.cancel()
        under_way = [*self._tasks, *(leasing.task for leasing in self._leasing.values())]
        if under_way:
            await asyncio.wait(under_way, timeout=FINISH_WITHIN.total_seconds())
        tasks = [*background, *self._tasks, *(leasing.task for leasing in self._leasing.values())]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self._channel.stop()
        await self._recorder.stop([*self._in_flight.lanes, *self._came_too_late])
