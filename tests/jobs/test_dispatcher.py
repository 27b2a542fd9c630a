"""Which organizations the dispatcher gives places to."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from kalends.jobs.dispatcher import Dispatcher
from kalends.runtime.unit_of_work import Context
from kalends.store.jobs import queue_connection
from kalends.store.notifier import NOTIFIED
from kalends.store.outbox.lanes import DueLane, Lease, Leased, Postponed
from kalends.store.outbox.recording import DeliveryOutcome, Recorded


class HungHosts:
    """A channel in which every organization has any number of lanes due, whose hosts all hang until
    they are told to answer."""

    most = 16
    least_room = 6
    halves = True
    lease = timedelta(minutes=1)
    needs = timedelta(0)

    def __init__(self) -> None:
        self.in_flight: Counter[UUID] = Counter()
        self.answer = asyncio.Event()

    async def lease_lanes(
        self, organization_id: UUID, room: int, in_flight: Collection[Any], taken: int
    ) -> Leased:
        lease = Lease(datetime.now(UTC), monotonic() + 60)
        ids = ((uuid4(), uuid4(), uuid4()) for _ in range(room))
        lanes = [
            DueLane(organization_id, destination, lane, lease, delivery, tries=0)
            for destination, lane, delivery in ids
        ]
        return Leased(lanes, is_all=False)

    def in_batches(self, lanes: Sequence[DueLane]) -> Iterable[Sequence[DueLane]]:
        return ([lane] for lane in lanes)

    async def deliver(
        self, lanes: Sequence[DueLane], settle: Callable[[DeliveryOutcome | Postponed], None]
    ) -> None:
        self.in_flight[lanes[0].organization_id] += len(lanes)
        await self.answer.wait()

    async def record(self, organization_id: UUID, outcomes: Sequence[Any]) -> Recorded:
        raise AssertionError("nothing is settled")

    def note_health(self, outcomes: Sequence[Any]) -> None: ...

    async def stop(self) -> None: ...


async def test_few_places_go_to_those_that_hold_none(context: Context) -> None:
    """Each organization has half of what is left, also where that is little."""
    organizations, hosts = [uuid4() for _ in range(3)], HungHosts()
    async with queue_connection(context.database.parameters) as connection:
        dispatcher = Dispatcher(connection, context, "webhook", hosts)
        await dispatcher.listen()
        running = asyncio.create_task(dispatcher.run(lambda: None))
        for number, organization_id in enumerate(organizations, start=1):
            async with context.database.connection() as tx:
                notify = "SELECT pg_notify($1, $2)"
                await tx.execute(notify, NOTIFIED["webhook"], str(organization_id))
            async with asyncio.timeout(30):
                while len(hosts.in_flight) < number:
                    await asyncio.sleep(0.01)
        assert [hosts.in_flight[one] for one in organizations] == [8, 4, 2]
        running.cancel()
        hosts.answer.set()
        await asyncio.gather(running, return_exceptions=True)
