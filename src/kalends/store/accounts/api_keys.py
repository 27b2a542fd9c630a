"""API keys as rows; only their SHA-256 is stored."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.access import ApiKey, Mode
from kalends.store.database import TenantConnection, Tx

COLUMNS: Final = (
    "k.id, k.organization_id, o.mode, k.name, k.scopes, k.last_four, k.rate_limited,"
    " k.created_at, k.expires_at"
)
# One of the few queries without an organization, as it finds the organization.
IDENTIFY: Final = f"""
SELECT {COLUMNS} FROM api_keys k JOIN organizations o ON o.id = k.organization_id
WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
"""
COUNT: Final = "SELECT count(*) FROM api_keys WHERE organization_id = $1 AND revoked_at IS NULL"
LIST: Final = f"""
SELECT {COLUMNS} FROM api_keys k JOIN organizations o ON o.id = k.organization_id
WHERE k.organization_id = $1 AND k.revoked_at IS NULL ORDER BY k.id LIMIT $2 OFFSET $3
"""
REVOKE: Final = """
UPDATE api_keys SET revoked_at = $3
WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id
"""
INSERT: Final = """
INSERT INTO api_keys (organization_id, id, name, key_hash, last_four, scopes, rate_limited,
    created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def identify_key(tx: Tx, key_hash: bytes) -> ApiKey | None:
    """The live key with that hash, whichever organization it belongs to."""
    row = await tx.fetchrow(IDENTIFY, key_hash)
    return None if row is None else _key(row)


async def insert_key(tenant: TenantConnection, key: ApiKey, key_hash: bytes) -> None:
    await tenant.tx.execute(
        INSERT,
        tenant.organization_id,
        key.id,
        key.name,
        key_hash,
        key.last_four,
        key.scopes,
        key.rate_limited,
        key.created_at,
        key.expires_at,
    )


async def list_keys(tenant: TenantConnection, limit: int, offset: int) -> tuple[list[ApiKey], int]:
    """A page of the keys that were not revoked, the oldest first, and the total."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, limit, offset)
    return [_key(row) for row in rows], await tenant.tx.fetchval(COUNT, tenant.organization_id)


async def revoke_key(tenant: TenantConnection, key_id: UUID, now: datetime) -> bool:
    """Revokes the key; False if there is none, or it was revoked before."""
    return await tenant.tx.fetchval(REVOKE, tenant.organization_id, key_id, now) is not None


def _key(row: tuple[object, ...]) -> ApiKey:
    values = dict(zip(ApiKey.__struct_fields__, row, strict=True))
    return ApiKey(**(values | {"mode": Mode(str(values["mode"]))}))  # type: ignore[arg-type]
