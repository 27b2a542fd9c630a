"""Which organizations have something due in a channel, and when, as far as this process knows."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple
from uuid import UUID

# What is more is found by the look at all.
MOST_KNOWN: Final = 10_000


class DueOrganization(NamedTuple):
    """Of the clock `monotonic`, when the organization is to be served."""

    at: float
    organization_id: UUID


class DueOrganizations:
    """In the order of time; an organization is there once, at its earliest."""

    def __init__(self) -> None:
        self._at: dict[UUID, float] = {}
        self._entries: list[DueOrganization] = []

    def put(self, organization_id: UUID, at: float) -> None:
        """Has it served then, unless it is to be earlier."""
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
        """The earliest of those that are not passed over."""
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
