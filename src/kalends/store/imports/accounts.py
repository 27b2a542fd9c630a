"""The accounts at a source that an organization has been connected to, as rows."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.imports.sources import AccountIdentity
from kalends.store.database import TenantConnection

# Account numbers are only unique within a server, so the server's URL or the person's mail address
# has to match too. An account may be known without its number, as its server did not tell that yet.
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
    """The account with that number, at the same server or of the same person, if it is known."""
    id_: UUID | None = await tenant.tx.fetchval(
        FIND, tenant.organization_id, identity.number, base_url, identity.email
    )
    return id_


async def find_account_at(tenant: TenantConnection, base_url: str) -> UUID | None:
    """The latest account at that server, for a server that does not identify the account."""
    id_: UUID | None = await tenant.tx.fetchval(FIND_AT, tenant.organization_id, base_url)
    return id_


async def put_account(
    tenant: TenantConnection,
    account_id: UUID,
    identity: AccountIdentity | None,
    base_url: str,
    now: datetime,
) -> None:
    """Writes the account as it was seen last."""
    number, email = (identity.number, identity.email) if identity else (None, None)
    await tenant.tx.execute(PUT, tenant.organization_id, account_id, base_url, number, email, now)
