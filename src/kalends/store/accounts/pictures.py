"""An organization's pictures, as rows."""

from datetime import datetime
from typing import Final

from kalends.domain.access import Organization
from kalends.domain.pictures import PICTURES_KEPT, Picture
from kalends.store.database import TenantConnection

FIND: Final = "SELECT content FROM pictures WHERE organization_id = $1 AND name = $2"
# A picture that is uploaded again counts as the latest.
INSERT: Final = """
INSERT INTO pictures (organization_id, name, content, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organization_id, name) DO UPDATE SET created_at = excluded.created_at
"""
# The names of pictures that something shows.
_USED: Final = """
    SELECT split_part(photo, '/', 2) FROM schedules
    WHERE organization_id = $1 AND photo IS NOT NULL AND deleted_at IS NULL
    UNION ALL SELECT logo FROM organizations WHERE id = $1 AND logo IS NOT NULL"""
FORGET: Final = f"""
DELETE FROM pictures WHERE organization_id = $1 AND name IN (
    SELECT name FROM pictures WHERE organization_id = $1 AND name NOT IN ({_USED})
    ORDER BY created_at DESC, name OFFSET $2)
"""
DELETE_UNUSED: Final = f"""
DELETE FROM pictures WHERE organization_id = $1 AND name = $2 AND name NOT IN ({_USED})
"""
SET_LOGO: Final = "UPDATE organizations SET logo = $2, updated_at = $3, version = $4 WHERE id = $1"


async def find_picture(tenant: TenantConnection, name: str) -> bytes | None:
    content: bytes | None = await tenant.tx.fetchval(FIND, tenant.organization_id, name)
    return content


async def insert_picture(tenant: TenantConnection, picture: Picture, now: datetime) -> None:
    """Writes the picture. Of those that nothing shows any more, only the latest are kept. The
    caller holds the organization's lock."""
    organization_id = tenant.organization_id
    await tenant.tx.execute(INSERT, organization_id, picture.name, picture.content, now)
    await tenant.tx.execute(FORGET, organization_id, PICTURES_KEPT)


async def delete_unused_picture(tenant: TenantConnection, name: str) -> None:
    """Deletes the picture, unless something shows it."""
    await tenant.tx.execute(DELETE_UNUSED, tenant.organization_id, name)


async def set_logo(tenant: TenantConnection, after: Organization) -> None:
    """Writes the organization's logo and version. The caller holds its lock."""
    await tenant.tx.execute(
        SET_LOGO, tenant.organization_id, after.logo, after.updated_at, after.version
    )
