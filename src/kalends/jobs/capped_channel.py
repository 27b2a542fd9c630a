"""A channel that caps the tries in flight for each destination, lower for one that fails, so that
it does not take the places of others."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import CappedLane, Caps, Leased

Lane = TypeVar("Lane", bound=CappedLane)
LeaseDue = Callable[[Context, UUID, int, Sequence[UUID], Caps], Awaitable[Sequence[Lane]]]
"""Leases due lanes of an organization: at most that many, none to the destinations listed."""


class CappedChannel(Generic[Lane]):
    """See `Channel`. A batch is a single lane."""

    halves: bool = True

    def __init__(self, context: Context, lease_due: LeaseDue[Lane], caps: Caps) -> None:
        self._context = context
        self._lease_due = lease_due
        self._caps = caps

    async def lease_lanes(
        self, organization_id: UUID, room: int, in_flight: Collection[Lane], taken: int
    ) -> Leased:
        caps = self._caps
        own = [lane for lane in in_flight if lane.organization_id == organization_id]
        lanes = await self._lease_due(self._context, organization_id, room, _full(own, caps), caps)
        has_places = len(lanes) < room and not _full([*own, *lanes], caps)
        return Leased(lanes, is_all=has_places)

    def in_batches(self, lanes: Sequence[Lane]) -> Iterator[Sequence[Lane]]:
        return ([lane] for lane in lanes)


def _full(in_flight: Collection[CappedLane], caps: Caps) -> list[UUID]:
    """The destinations that have reached their cap, which depends on whether they fail."""
    counts = Counter(lane.destination_id for lane in in_flight)
    failing = {lane.destination_id: lane.failing_since is not None for lane in in_flight}
    return [
        destination_id
        for destination_id, count in counts.items()
        if count >= (caps.failing if failing[destination_id] else caps.working)
    ]
