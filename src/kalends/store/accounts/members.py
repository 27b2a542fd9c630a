"""Who belongs to an organization, as rows."""

from typing import Any, Final
from uuid import UUID

from kalends.domain.access import Member, Role
from kalends.store.database import TenantConnection, Tx

_MEMBERS: Final = """
SELECT u.id, u.email, m.role, u.password_hash IS NOT NULL AS has_password
FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.organization_id = $1
"""
LIST: Final = _MEMBERS + " ORDER BY lower(u.email), u.id LIMIT $2"
GET: Final = _MEMBERS + " AND u.id = $2"
BY_EMAIL: Final = _MEMBERS + " AND lower(u.email) = lower($2)"
COUNT_OWNERS: Final = """
SELECT count(*) FROM memberships WHERE organization_id = $1 AND role = 'owner'
"""
SET_ROLE: Final = "UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2"
DELETE: Final = "DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2"
# Looks beyond the organization, to say only whether there is anything.
BELONGS_ELSEWHERE: Final = """
SELECT EXISTS (
    SELECT FROM memberships WHERE user_id = $2 AND NOT organization_id = ANY($1::uuid[])
)
"""


async def list_members(tenant: TenantConnection, limit: int) -> list[Member]:
    """Sorted by e-mail address."""
    return [_member(row) for row in await tenant.tx.fetch(LIST, tenant.organization_id, limit)]


async def find_member(tenant: TenantConnection, user_id: UUID) -> Member | None:
    return _member_or_none(await tenant.tx.fetchrow(GET, tenant.organization_id, user_id))


async def find_member_by_email(tenant: TenantConnection, email: str) -> Member | None:
    return _member_or_none(await tenant.tx.fetchrow(BY_EMAIL, tenant.organization_id, email))


async def count_owners(tenant: TenantConnection) -> int:
    count: int = await tenant.tx.fetchval(COUNT_OWNERS, tenant.organization_id)
    return count


async def set_role(tenant: TenantConnection, user_id: UUID, role: Role) -> None:
    await tenant.tx.execute(SET_ROLE, tenant.organization_id, user_id, role)


async def delete_member(tenant: TenantConnection, user_id: UUID) -> None:
    await tenant.tx.execute(DELETE, tenant.organization_id, user_id)


async def belongs_elsewhere(organization_ids: list[UUID], tx: Tx, user_id: UUID) -> bool:
    """Whether the user has a role anywhere but in these."""
    elsewhere: bool = await tx.fetchval(BELONGS_ELSEWHERE, organization_ids, user_id)
    return elsewhere


def _member_or_none(row: Any) -> Member | None:
    return None if row is None else _member(row)


def _member(row: Any) -> Member:
    return Member(
        user_id=row["id"],
        email=row["email"],
        role=Role(row["role"]),
        has_password=row["has_password"],
    )
