"""Self-service links as rows: they open one booking without an account. Only the SHA-256 of a token
is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.tenant_tokens import TokenKey
from kalends.store.database import TenantConnection, Tx

INSERT: Final = """
INSERT INTO booking_links (token_hash, organization_id, booking_id, created_at)
VALUES ($1, $2, $3, $4)
"""
# A mark leads to the latest booking that was made with it.
MARK: Final = f"""{INSERT.rstrip()}
ON CONFLICT (organization_id, token_hash)
DO UPDATE SET booking_id = excluded.booking_id, created_at = excluded.created_at
"""
LOCK: Final = "SELECT pg_advisory_xact_lock($1)"
DELETE: Final = "DELETE FROM booking_links WHERE organization_id = $1 AND booking_id = $2"
FIND: Final = "SELECT booking_id FROM booking_links WHERE organization_id = $1 AND token_hash = $2"
# For tokens from before migration 0018, which do not name their organization.
FIND_OLD: Final = "SELECT organization_id, booking_id FROM booking_links WHERE token_hash = $1"


async def insert_link(
    tenant: TenantConnection, token_hash: bytes, booking_id: UUID, now: datetime
) -> None:
    await tenant.tx.execute(INSERT, token_hash, tenant.organization_id, booking_id, now)


async def insert_marks(
    tenant: TenantConnection, marks: Sequence[bytes], booking_id: UUID, now: datetime
) -> None:
    """Links the booking to marks, which are hashes that no token has, so that they find it."""
    for mark in sorted(marks):
        await tenant.tx.execute(MARK, mark, tenant.organization_id, booking_id, now)


async def lock_marks(tx: Tx, marks: Sequence[bytes]) -> None:
    """Locks each of the marks until the transaction ends, so that one goes on at a time."""
    for key in sorted(int.from_bytes(mark[:8], signed=True) for mark in marks):
        await tx.execute(LOCK, key)


async def delete_links(tenant: TenantConnection, booking_id: UUID) -> None:
    """Deletes all links and marks of the booking, so that none given out before opens it."""
    await tenant.tx.execute(DELETE, tenant.organization_id, booking_id)


async def find_link(tx: Tx, key: TokenKey) -> tuple[UUID, UUID] | None:
    """The organization and the booking that the token opens."""
    if key.organization_id is None:
        return await _find_old_link(tx, key.token_hash)
    booking_id = await find_marked(TenantConnection(key.organization_id, tx), key.token_hash)
    return None if booking_id is None else (key.organization_id, booking_id)


async def find_marked(tenant: TenantConnection, mark: bytes) -> UUID | None:
    """The booking to which the hash of a token, or a mark, leads."""
    booking_id: UUID | None = await tenant.tx.fetchval(FIND, tenant.organization_id, mark)
    return booking_id


async def _find_old_link(tx: Tx, token_hash: bytes) -> tuple[UUID, UUID] | None:
    row = await tx.fetchrow(FIND_OLD, token_hash)
    return None if row is None else (row[0], row[1])
