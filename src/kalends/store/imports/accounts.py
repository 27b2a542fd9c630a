"""The accounts that an organization was connected to."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.imports.sources import AccountIdentity
from kalends.store.database import TenantConnection

# Numbers are a server's own, so either its address or the person's has to be the same. A server
# may begin to say whose account it is: then its address was all that was known.
FIND: Final = """
SELECT id FROM calcom_accounts
WHERE organization_id = $1 AND (calcom_id = $2 AND (base_url = $3 OR email = $4)
    OR calcom_id IS NULL AND base_url = $3)
ORDER BY calcom_id IS NULL, base_url <> $3, id DESC LIMIT 1
"""
FIND_AT: Final = """
SELECT id FROM calcom_accounts WHERE organization_id = $1 AND base_url = $2 ORDER BY id DESC LIMIT 1
"""
PUT: Final = """
INSERT INTO calcom_accounts AS known (organization_id, id, base_url, calcom_id, email, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (organization_id, id) DO UPDATE SET base_url = excluded.base_url,
    calcom_id = coalesce(excluded.calcom_id, known.calcom_id),
    email = coalesce(excluded.email, known.email)
"""


async def find_account(
    tenant: TenantConnection, identity: AccountIdentity, base_url: str
) -> UUID | None:
    """The account with that number, at the same server or of the same person."""
    id_: UUID | None = await tenant.tx.fetchval(
        FIND, tenant.organization_id, identity.number, base_url, identity.email
    )
    return id_


async def find_account_at(tenant: TenantConnection, base_url: str) -> UUID | None:
    """The latest account at that server, which does not say whose it is."""
    id_: UUID | None = await tenant.tx.fetchval(FIND_AT, tenant.organization_id, base_url)
    return id_


async def put_account(
    tenant: TenantConnection,
    account_id: UUID,
    identity: AccountIdentity | None,
    base_url: str,
    now: datetime,
) -> None:
    """Writes the account down, as it was met last."""
    number, email = (identity.number, identity.email) if identity else (None, None)
    await tenant.tx.execute(PUT, tenant.organization_id, account_id, base_url, number, email, now)
