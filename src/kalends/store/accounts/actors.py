"""The names of actors: users by their mail address, API keys by their name."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection

# Users belong to the installation. The ids come from events of the organization.
USERS: Final = "SELECT id, email FROM users WHERE id = ANY($1::uuid[])"
KEYS: Final = """
SELECT id, coalesce(name, '…' || last_four) FROM api_keys
WHERE organization_id = $1 AND id = ANY($2::uuid[])
"""


async def name_actors(
    tenant: TenantConnection, user_ids: Sequence[UUID], key_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """The names of those actors that exist, by id."""
    rows = await tenant.tx.fetch(KEYS, tenant.organization_id, key_ids)
    if user_ids:
        rows += await tenant.tx.fetch(USERS, user_ids)
    return {row[0]: row[1] for row in rows}
