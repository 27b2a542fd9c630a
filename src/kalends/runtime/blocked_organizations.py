"""Keeps one blocked organization, with a locked row, from stopping timed work for all others."""

from uuid import UUID

from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context


class BlockedOrganizations:
    """The organizations that a run of timed work leaves for its next run, since somebody has locked
    a row that it needs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reasons: dict[UUID, Unavailable] = {}

    def __contains__(self, organization_id: UUID) -> bool:
        return organization_id in self._reasons

    @property
    def organization_ids(self) -> list[UUID]:
        return list(self._reasons)

    async def add(self, organization_id: UUID, reason: Unavailable) -> None:
        """Leaves the organization out from now on. Raises Unavailable if the database itself does
        not answer, so that the organization is not to blame."""
        async with self._context.database.connection() as tx:
            await tx.execute("SELECT 1")
        self._reasons[organization_id] = reason

    def raise_first(self) -> None:
        """Raises the error of the first blocked organization, if any, at the end of the run."""
        for reason in self._reasons.values():
            raise reason
