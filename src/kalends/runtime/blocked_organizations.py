"""Organizations that are blocked: somebody has locked a row of theirs that is needed."""

from uuid import UUID

from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context


class BlockedOrganizations:
    """Those that one run of timed work leaves for its next time, so that they block no others."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reasons: dict[UUID, Unavailable] = {}

    def __contains__(self, organization_id: UUID) -> bool:
        return organization_id in self._reasons

    @property
    def organization_ids(self) -> list[UUID]:
        return list(self._reasons)

    async def add(self, organization_id: UUID, reason: Unavailable) -> None:
        """Leaves the organization out from here on. Raises Unavailable where it is not the
        organization that waits, but the database that is away."""
        async with self._context.database.connection() as tx:
            await tx.execute("SELECT 1")
        self._reasons[organization_id] = reason

    def raise_first(self) -> None:
        """Raises what the first of them met, when all others are done."""
        for reason in self._reasons.values():
            raise reason
