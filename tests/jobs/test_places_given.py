"""How the dispatcher gives its places to organizations, on a channel whose lanes are in memory."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

import pytest
from msgspec import Raw

from kalends.domain.webhook import State
from kalends.jobs import dispatcher as dispatcher_module
from kalends.jobs.dispatcher import Dispatcher
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import DueLane, Lease, Leased
from kalends.store.outbox.recording import DeliveryOutcome, Recorded

UNTIL = datetime(2099, 5, 1, tzinfo=UTC)
LANES = 60


class LanesInMemory:
    """A channel whose deliveries hang where the organization is one of `hung`."""

    most = 200
    least_room = 50
    halves = True
    lease = timedelta(minutes=1)
    needs = timedelta(0)

    def __init__(self) -> None:
        self.due = Counter[UUID]()
        self.hung: set[UUID] = set()
        self.tried = Counter[UUID]()
        self.ended: defaultdict[UUID, asyncio.Event] = defaultdict(asyncio.Event)

    async def lease_lanes(
        self, organization_id: UUID, room: int, in_flight: Collection[DueLane], taken: int
    ) -> Leased:
        await asyncio.sleep(0)
        number = min(room, self.due[organization_id])
        self.due[organization_id] -= number
        lanes = [
            DueLane(organization_id, uuid4(), uuid4(), Lease(UNTIL), uuid4(), 0)
            for _ in range(number)
        ]
        return Leased(lanes, is_all=number < room)

    def in_batches(self, lanes: Sequence[DueLane]) -> Iterator[Sequence[DueLane]]:
        return ([lane] for lane in lanes)

    async def deliver(
        self, lanes: Sequence[DueLane], settle: Callable[[DeliveryOutcome], None]
    ) -> None:
        self.tried[lanes[0].organization_id] += 1
        if lanes[0].organization_id in self.hung:
            await asyncio.Event().wait()
        (lane,), delivered, attempt = lanes, State.DELIVERED, Raw(b"[]")
        settle(DeliveryOutcome(lane=lane, state=delivered, attempt=attempt, again_after=None))

    async def record(self, organization_id: UUID, outcomes: Sequence[DeliveryOutcome]) -> Recorded:
        self.ended[organization_id].set()
        return Recorded([], [], [])

    def note_health(self, outcomes: Sequence[DeliveryOutcome]) -> None: ...

    async def stop(self) -> None: ...


@asynccontextmanager
async def running(context: Context, channel: LanesInMemory) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(None, context, "webhook", channel)
    task = asyncio.create_task(dispatcher.run(lambda: None))
    await asyncio.sleep(0)
    try:
        yield dispatcher
    finally:
        # What hangs is not waited for.
        for one in [*dispatcher._tasks, task]:
            one.cancel()
        await asyncio.gather(task, return_exceptions=True)


def hear(dispatcher: Dispatcher, *organizations: UUID) -> None:
    for organization_id in organizations:
        dispatcher._put(organization_id, monotonic())


async def test_others_are_served_where_two_organizations_hang(context: Context) -> None:
    """Though of what is left less than `least_room` is for one more."""
    channel, free = LanesInMemory(), uuid4()
    channel.hung = {uuid4(), uuid4()}
    channel.due = Counter(dict.fromkeys(channel.hung, LANES) | {free: 1})
    async with running(context, channel) as dispatcher:
        hear(dispatcher, *channel.hung, free)
        async with asyncio.timeout(2):
            await channel.ended[free].wait()


async def test_places_that_a_lease_gives_back_are_taken_at_once(context: Context) -> None:
    """What two organizations were due is taken by other processes, and a third, whose lanes hang,
    is due meanwhile."""
    channel, some = LanesInMemory(), uuid4()
    channel.hung, channel.due = {some}, Counter({some: 40})
    async with running(context, channel) as dispatcher:
        hear(dispatcher, some)
        async with asyncio.timeout(2):
            while channel.tried[some] < 40:
                await asyncio.sleep(0)
            channel.due[some] = 10
            hear(dispatcher, uuid4(), uuid4(), some)
            while channel.tried[some] < 50:
                await asyncio.sleep(0.01)


async def test_few_places_are_given_away_after_a_while(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though more could be leased at once when others come free."""
    monkeypatch.setattr(dispatcher_module, "LONGEST_WITHOUT_SECONDS", 0.0)
    channel, free = LanesInMemory(), uuid4()
    channel.hung = {uuid4() for _ in range(3)}
    channel.due = Counter(dict.fromkeys(channel.hung, 2 * LANES) | {free: 1})
    async with running(context, channel) as dispatcher:
        async with asyncio.timeout(2):
            for hung in channel.hung:
                hear(dispatcher, hung)
                while not channel.tried[hung]:
                    await asyncio.sleep(0.01)
            hear(dispatcher, free)
            await channel.ended[free].wait()
