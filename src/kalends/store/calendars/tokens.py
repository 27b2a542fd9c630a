"""The OAuth tokens of connections, as sealed bytes, and the lease of whoever refreshes them.

Tokens have columns of their own that no other statement writes. So whoever changes a connection
meanwhile cannot bring an older token back. The lease uses the database's clock, which is the same
for all processes.
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
# A holder whose lease ran out may have been overtaken: then its token is older than the stored one.
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
    """The tokens; `sealed` is None if there are none. `is_leased` says that somebody is refreshing
    them."""

    sealed: bytes | None
    version: int
    generation: int
    is_leased: bool


async def find_tokens(tenant: TenantConnection, connection_id: UUID) -> StoredTokens | None:
    """The tokens of the connection; None if there is no such connection."""
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, connection_id)
    return None if row is None else StoredTokens(*row)


async def lease_tokens(
    tenant: TenantConnection, connection_id: UUID, version: int, holder: UUID, lease: timedelta
) -> bool:
    """Whether the holder may refresh the tokens of that version, for as long as the lease lasts."""
    return await is_so(tenant, LEASE, connection_id, version, holder, lease)


async def store_tokens(
    tenant: TenantConnection, connection_id: UUID, version: int, holder: UUID, sealed: bytes
) -> bool:
    """Writes the holder's new tokens; False if somebody else has been faster."""
    return await is_so(tenant, STORE, connection_id, version, holder, sealed)


async def release_tokens(tenant: TenantConnection, connection_id: UUID, holder: UUID) -> None:
    """Ends the lease of a holder that has got no new tokens."""
    await tenant.tx.execute(RELEASE, tenant.organization_id, connection_id, holder)


async def replace_tokens(tenant: TenantConnection, connection_id: UUID, sealed: bytes) -> None:
    """Writes the tokens of a new consent; a refresh of the old ones under way is dropped."""
    await tenant.tx.execute(REPLACE, tenant.organization_id, connection_id, sealed)
