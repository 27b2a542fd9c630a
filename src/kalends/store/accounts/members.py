"""The members of an organization as rows: users with their roles."""

from typing import Any, Final
from uuid import UUID

from msgspec import convert

from kalends.domain.access import ListedUser, Member, Role
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import find_one, page_of

_JOINED: Final = "memberships m JOIN users u ON u.id = m.user_id"
_MEMBER: Final = "u.id AS user_id, u.email, m.role, u.password_hash IS NOT NULL AS has_password"
_MEMBERS: Final = f"SELECT {_MEMBER} FROM {_JOINED} WHERE m.organization_id = $1"
_LISTED: Final = (
    "u.id, u.email, m.role, u.created_at,"
    " ARRAY(SELECT s.id FROM schedules s WHERE s.organization_id = $1 AND s.user_id = u.id"
    " AND s.deleted_at IS NULL ORDER BY s.id) AS schedule_ids"
)
USERS: Final = page_of(_JOINED, _LISTED, "m.organization_id = $1", order="id", parameters=1)
GET_USER: Final = f"SELECT {_LISTED} FROM {_JOINED} WHERE m.organization_id = $1 AND u.id = $2"
LIST: Final = f"""
SELECT {_MEMBER}, (
    SELECT s.photo FROM schedules s
    WHERE s.organization_id = $1 AND s.user_id = u.id
        AND s.photo IS NOT NULL AND s.deleted_at IS NULL
    ORDER BY s.id LIMIT 1
) AS photo
FROM {_JOINED} WHERE m.organization_id = $1 ORDER BY lower(u.email), u.id LIMIT $2
"""
GET: Final = _MEMBERS + " AND u.id = $2"
BY_EMAIL: Final = _MEMBERS + " AND lower(u.email) = lower($2)"
PROTECT: Final = """
SELECT user_id FROM memberships WHERE organization_id = $1 AND user_id = $2 FOR KEY SHARE
"""
COUNT_OWNERS: Final = """
SELECT count(*) FROM memberships WHERE organization_id = $1 AND role = 'owner'
"""
SET_ROLE: Final = "UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2"
DELETE: Final = "DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2"
# Looks at other organizations too, but only says whether the user belongs to one.
BELONGS_ELSEWHERE: Final = """
SELECT EXISTS (
    SELECT FROM memberships WHERE user_id = $2 AND NOT organization_id = ANY($1::uuid[])
)
"""


async def list_members(tenant: TenantConnection, limit: int) -> list[Member]:
    """The members, sorted by mail address."""
    return [_member(row) for row in await tenant.tx.fetch(LIST, tenant.organization_id, limit)]


async def list_users(
    tenant: TenantConnection, limit: int, offset: int
) -> tuple[list[ListedUser], int]:
    """A page in the order in which the users came to the installation, and the total. Their last
    sign-ins are not included."""
    rows = await tenant.tx.fetch(USERS, tenant.organization_id, limit, offset)
    return [_listed_user(row) for row in rows if row["id"] is not None], rows[0]["total"]


async def find_user(tenant: TenantConnection, user_id: UUID) -> ListedUser | None:
    """One user of the organization, without the last sign-in."""
    return await find_one(tenant, GET_USER, _listed_user, user_id)


async def find_member(tenant: TenantConnection, user_id: UUID) -> Member | None:
    return await find_one(tenant, GET, _member, user_id)


async def protect_member(tenant: TenantConnection, user_id: UUID) -> UUID | None:
    """The user's id, if the user is a member, who cannot be removed until the transaction ends."""
    id_: UUID | None = await tenant.tx.fetchval(PROTECT, tenant.organization_id, user_id)
    return id_


async def find_member_by_email(tenant: TenantConnection, email: str) -> Member | None:
    return await find_one(tenant, BY_EMAIL, _member, email)


async def count_owners(tenant: TenantConnection) -> int:
    count: int = await tenant.tx.fetchval(COUNT_OWNERS, tenant.organization_id)
    return count


async def set_role(tenant: TenantConnection, user_id: UUID, role: Role) -> None:
    await tenant.tx.execute(SET_ROLE, tenant.organization_id, user_id, role)


async def delete_member(tenant: TenantConnection, user_id: UUID) -> None:
    await tenant.tx.execute(DELETE, tenant.organization_id, user_id)


async def belongs_elsewhere(organization_ids: list[UUID], tx: Tx, user_id: UUID) -> bool:
    """Whether the user has a role in any organization but these."""
    elsewhere: bool = await tx.fetchval(BELONGS_ELSEWHERE, organization_ids, user_id)
    return elsewhere


def _listed_user(row: Any) -> ListedUser:
    return convert(dict(row), ListedUser)


def _member(row: Any) -> Member:
    return convert(dict(row), Member)
