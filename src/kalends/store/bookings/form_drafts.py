"""Drafts of booking forms as rows: what a visitor has typed and not sent. Each visitor has one for
each form."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection

KEEP: Final = """
INSERT INTO form_drafts (organization_id, event_type_id, visitor, typed, expires_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organization_id, event_type_id, visitor)
DO UPDATE SET typed = excluded.typed, expires_at = excluded.expires_at
"""
FIND: Final = """
SELECT typed FROM form_drafts
WHERE organization_id = $1 AND event_type_id = $2 AND visitor = $3 AND expires_at > $4
"""
DELETE: Final = """
DELETE FROM form_drafts WHERE organization_id = $1 AND event_type_id = $2 AND visitor = $3
"""


async def save_draft(
    tenant: TenantConnection,
    event_type_id: UUID,
    visitor: bytes,
    typed: bytes,
    expires_at: datetime,
) -> None:
    """Writes the draft, in place of an earlier one."""
    await tenant.tx.execute(KEEP, tenant.organization_id, event_type_id, visitor, typed, expires_at)


async def find_draft(
    tenant: TenantConnection, event_type_id: UUID, visitor: bytes, now: datetime
) -> bytes | None:
    typed: bytes | None = await tenant.tx.fetchval(
        FIND, tenant.organization_id, event_type_id, visitor, now
    )
    return typed


async def delete_draft(tenant: TenantConnection, event_type_id: UUID, visitor: bytes) -> None:
    await tenant.tx.execute(DELETE, tenant.organization_id, event_type_id, visitor)
