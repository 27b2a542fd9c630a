"""The accounts by which an organization has links to calls made, as rows; secrets are sealed."""

from datetime import datetime
from typing import Any, Final

from kalends.domain.video_accounts import VideoAccounts
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, insert_into

COLUMNS: Final = columns_of(VideoAccounts)
FIELDS: Final = VideoAccounts.__struct_fields__
GET: Final = f"SELECT {COLUMNS} FROM video_accounts WHERE organization_id = $1"
LOCK: Final = f"{GET} FOR NO KEY UPDATE"
PUT: Final = (
    insert_into("video_accounts", VideoAccounts)
    + f" ON CONFLICT (organization_id) DO UPDATE SET ({COLUMNS}) ="
    f" ROW({', '.join(f'excluded.{name}' for name in FIELDS)})"
)
DELETE: Final = "DELETE FROM video_accounts WHERE organization_id = $1"
# Only keeps a token of the current account, and none that expires before the stored one.
KEEP_TOKEN: Final = """
UPDATE video_accounts SET zoom_token = $2, zoom_token_until = $3
WHERE organization_id = $1 AND updated_at = $4
    AND (zoom_token_until IS NULL OR zoom_token_until < $3 OR zoom_token IS NULL)
"""
FORGET_TOKEN: Final = """
UPDATE video_accounts SET zoom_token = NULL WHERE organization_id = $1 AND zoom_token = $2
"""


async def find_accounts(tenant: TenantConnection) -> VideoAccounts | None:
    return _accounts(await tenant.tx.fetchrow(GET, tenant.organization_id))


async def lock_accounts(tenant: TenantConnection) -> VideoAccounts | None:
    """The accounts, locked until the transaction ends."""
    return _accounts(await tenant.tx.fetchrow(LOCK, tenant.organization_id))


async def put_accounts(tenant: TenantConnection, accounts: VideoAccounts) -> None:
    values = (getattr(accounts, name) for name in FIELDS)
    await tenant.tx.execute(PUT, tenant.organization_id, *values)


async def delete_accounts(tenant: TenantConnection) -> None:
    await tenant.tx.execute(DELETE, tenant.organization_id)


async def keep_token(
    tenant: TenantConnection, accounts: VideoAccounts, token: bytes, until: datetime
) -> None:
    """Stores a sealed token of Zoom's, unless the account has been replaced meanwhile."""
    arguments = token, until, accounts.updated_at
    await tenant.tx.execute(KEEP_TOKEN, tenant.organization_id, *arguments)


async def forget_token(tenant: TenantConnection, token: bytes) -> None:
    """Deletes a token that was refused; a newer one stays."""
    await tenant.tx.execute(FORGET_TOKEN, tenant.organization_id, token)


def _accounts(row: Any) -> VideoAccounts | None:
    return None if row is None else VideoAccounts(*row)
