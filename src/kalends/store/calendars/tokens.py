"""The tokens of connections, as sealed bytes, and who is getting new ones.

They stand beside the rest of the row, and no other statement writes them: whoever changes a
connection meanwhile brings no older token back. The lease goes by the database's clock, which is
the same for all.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection
from kalends.store.rows import is_so

GET: Final = """
SELECT tokens, tokens_version, generation,
    coalesce(tokens_leased_until > clock_timestamp(), false)
FROM calendar_connections WHERE organization_id = $1 AND id = $2
"""
LEASE: Final = """
UPDATE calendar_connections
SET tokens_leased_by = $4, tokens_leased_until = clock_timestamp() + $5
WHERE organization_id = $1 AND id = $2 AND tokens_version = $3
    AND (tokens_leased_until IS NULL OR tokens_leased_until <= clock_timestamp())
RETURNING true
"""
# Who was overtaken, as its lease was over, has an older token than the one that stands there.
STORE: Final = """
UPDATE calendar_connections SET tokens = $5, tokens_version = tokens_version + 1,
    tokens_leased_by = NULL, tokens_leased_until = NULL
WHERE organization_id = $1 AND id = $2 AND tokens_version = $3 AND tokens_leased_by = $4
RETURNING true
"""
RELEASE: Final = """
UPDATE calendar_connections SET tokens_leased_by = NULL, tokens_leased_until = NULL
WHERE organization_id = $1 AND id = $2 AND tokens_leased_by = $3
"""
REPLACE: Final = """
UPDATE calendar_connections SET tokens = $3, tokens_version = tokens_version + 1,
    tokens_leased_by = NULL, tokens_leased_until = NULL
WHERE organization_id = $1 AND id = $2
"""


class StoredTokens(Struct, frozen=True):
    """`sealed` is None where there are none. `is_leased`: somebody is getting new ones."""

    sealed: bytes | None
    version: int
    generation: int
    is_leased: bool


async def find_tokens(tenant: TenantConnection, connection_id: UUID) -> StoredTokens | None:
    """None where there is no such connection."""
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, connection_id)
    return None if row is None else StoredTokens(*row)


async def lease_tokens(
    tenant: TenantConnection, connection_id: UUID, version: int, holder: UUID, lease: timedelta
) -> bool:
    """Whether the holder may get new ones, for so long, in the place of those of that version."""
    return await is_so(tenant, LEASE, connection_id, version, holder, lease)


async def store_tokens(
    tenant: TenantConnection, connection_id: UUID, version: int, holder: UUID, sealed: bytes
) -> bool:
    """Writes what the holder has got; False where somebody was quicker."""
    return await is_so(tenant, STORE, connection_id, version, holder, sealed)


async def release_tokens(tenant: TenantConnection, connection_id: UUID, holder: UUID) -> None:
    """The holder has got none."""
    await tenant.tx.execute(RELEASE, tenant.organization_id, connection_id, holder)


async def replace_tokens(tenant: TenantConnection, connection_id: UUID, sealed: bytes) -> None:
    """Those of a new consent: what is being got for the old ones is dropped."""
    await tenant.tx.execute(REPLACE, tenant.organization_id, connection_id, sealed)
