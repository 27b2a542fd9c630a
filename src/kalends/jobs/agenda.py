"""A priority queue of the organizations in which this process knows something to be due."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple
from uuid import UUID

# Organizations beyond these are not remembered: the lookout finds them again.
MOST_KNOWN: Final = 10_000


class DueOrganization(NamedTuple):
    """When to serve an organization, by the clock `monotonic`."""

    at: float
    organization_id: UUID


class DueOrganizations:
    """Organizations in the order of time, each once, at its earliest time.

    A heap whose outdated entries are skipped when they surface, and cleared out now and then.
    """

    def __init__(self) -> None:
        self._at: dict[UUID, float] = {}
        self._entries: list[DueOrganization] = []

    def put(self, organization_id: UUID, at: float) -> None:
        """Notes that the organization is due then, unless it is due earlier already."""
        known = self._at.get(organization_id)
        if known is None and len(self._at) >= MOST_KNOWN:
            return
        if known is None or at < known:
            self._at[organization_id] = at
            heappush(self._entries, DueOrganization(at, organization_id))
            self._forget_outdated()

    def remove(self, organization_id: UUID) -> None:
        self._at.pop(organization_id, None)

    def first(self, is_passed_over: Callable[[UUID], bool]) -> DueOrganization | None:
        """The earliest organization that is not passed over; all stay in the queue."""
        passed_over: list[DueOrganization] = []
        due = None
        while self._entries and due is None:
            entry = heappop(self._entries)
            if self._at.get(entry.organization_id) != entry.at:
                continue
            passed_over.append(entry)
            if not is_passed_over(entry.organization_id):
                due = entry
        for entry in passed_over:
            heappush(self._entries, entry)
        return due

    def _forget_outdated(self) -> None:
        if len(self._entries) > 2 * len(self._at) + 100:
            self._entries = [DueOrganization(at, id_) for id_, at in self._at.items()]
            heapify(self._entries)
