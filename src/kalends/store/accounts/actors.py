"""What those are called who changed something: users by their address, keys by their name."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection

# Users belong to the installation. Which of them are asked for, the organization's events say.
USERS: Final = "SELECT id, email FROM users WHERE id = ANY($1::uuid[])"
KEYS: Final = """
SELECT id, coalesce(name, '…' || last_four) FROM api_keys
WHERE organization_id = $1 AND id = ANY($2::uuid[])
"""


async def name_actors(
    tenant: TenantConnection, user_ids: Sequence[UUID], key_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """The names of those that there are."""
    rows = await tenant.tx.fetch(KEYS, tenant.organization_id, key_ids)
    if user_ids:
        rows += await tenant.tx.fetch(USERS, user_ids)
    return {row[0]: row[1] for row in rows}
