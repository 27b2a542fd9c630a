"""An organization's pictures, as rows."""

from datetime import datetime
from typing import Final

from kalends.domain.pictures import PICTURES_KEPT, Picture
from kalends.store.database import TenantConnection

FIND: Final = "SELECT content FROM pictures WHERE organization_id = $1 AND name = $2"
# One that is given again is the latest.
INSERT: Final = """
INSERT INTO pictures (organization_id, name, content, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organization_id, name) DO UPDATE SET created_at = excluded.created_at
"""
FORGET: Final = """
DELETE FROM pictures WHERE organization_id = $1 AND name IN (
    SELECT name FROM pictures WHERE organization_id = $1
    ORDER BY created_at DESC, name OFFSET $2)
"""
SET_LOGO: Final = "UPDATE organizations SET logo = $2, updated_at = $3 WHERE id = $1"


async def find_picture(tenant: TenantConnection, name: str) -> bytes | None:
    content: bytes | None = await tenant.tx.fetchval(FIND, tenant.organization_id, name)
    return content


async def insert_picture(tenant: TenantConnection, picture: Picture, now: datetime) -> None:
    """Of those before, the latest are kept."""
    organization_id = tenant.organization_id
    await tenant.tx.execute(INSERT, organization_id, picture.name, picture.content, now)
    await tenant.tx.execute(FORGET, organization_id, PICTURES_KEPT)


async def set_logo(tenant: TenantConnection, name: str | None, now: datetime) -> None:
    """Its name; None takes it away. The caller holds the organization's lock."""
    await tenant.tx.execute(SET_LOGO, tenant.organization_id, name, now)
