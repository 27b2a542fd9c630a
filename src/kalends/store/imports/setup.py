"""Which schedules and event types were imported, by their numbers at the source."""

from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection

FIND: Final = "SELECT calcom_id, our_id FROM calcom_plans WHERE organization_id = $1 AND kind = $2"
PUT: Final = """
INSERT INTO calcom_plans (organization_id, kind, calcom_id, our_id) VALUES ($1, $2, $3, $4)
"""


async def find_imported(tenant: TenantConnection, kind: str) -> dict[int, UUID]:
    """The imported things of that kind: our ids by the source's."""
    rows = await tenant.tx.fetch(FIND, tenant.organization_id, kind)
    return {row[0]: row[1] for row in rows}


async def put_imported(tenant: TenantConnection, kind: str, number: int, our_id: UUID) -> None:
    await tenant.tx.execute(PUT, tenant.organization_id, kind, number, our_id)
