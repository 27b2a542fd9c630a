"""Organizations and their memberships as rows."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from kalends.domain.access import Membership, Mode, Organization, OwnThings, Role
from kalends.domain.errors import Invalid, SlugTaken
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import columns_of, find_one, is_violated, parameters

FIELDS: Final = Organization.__struct_fields__
COLUMNS: Final = columns_of(Organization)
SETUP_LOCK: Final = "SELECT pg_advisory_xact_lock(7021811024229)"

INSERT: Final = f"INSERT INTO organizations ({COLUMNS}) VALUES ({parameters(1, len(FIELDS))})"
INSERT_COUNTER: Final = "INSERT INTO event_counters (organization_id) VALUES ($1)"
GET: Final = f"SELECT {COLUMNS} FROM organizations WHERE id = $1"
# The user's things include deleted schedules, as their bookings still exist.
GET_OWN: Final = f"""
SELECT {COLUMNS}, ARRAY(
    SELECT s.id FROM schedules s
    WHERE s.organization_id = $1 AND s.user_id = $2 ORDER BY s.id DESC LIMIT 1000) AS own,
  found.total, found.own_total
FROM organizations
CROSS JOIN LATERAL (
    SELECT count(*) AS total, count(*) FILTER (WHERE
        EXISTS (SELECT FROM schedules s
            WHERE s.organization_id = $1 AND s.id = f.schedule_id AND s.user_id = $2)
        OR (f.schedule_id IS NULL AND EXISTS (SELECT FROM calendar_connections c
            WHERE c.organization_id = $1 AND c.id = f.connection_id AND c.user_id = $2))
        ) AS own_total
    FROM (SELECT schedule_id, connection_id FROM calendar_findings
        WHERE organization_id = $1 AND resolved_at IS NULL LIMIT 100) f) found
WHERE id = $1
"""
BY_NAME: Final = f"SELECT {COLUMNS} FROM organizations WHERE mode = 'live' AND name = $1"
BY_SLUG: Final = f"SELECT {COLUMNS} FROM organizations WHERE slug = $1"
LIVE: Final = f"SELECT {COLUMNS} FROM organizations WHERE mode = 'live' ORDER BY id LIMIT $1"
LOCK: Final = f"{GET} FOR NO KEY UPDATE"
UPDATE: Final = """
UPDATE organizations SET name = $2, slug = $3, timezone = $4, notify_email = $5, updated_at = $6,
    country = $7, locale = $8, staff_may_edit_hours = $9, more_notify_emails = $10,
    accent_color = $11, website = $12, return_origins = $13, version = $14
WHERE id = $1
"""
# The memberships of a user in all organizations, from which a signed-in user chooses.
MEMBERSHIPS: Final = """
SELECT o.id, o.name, o.slug, o.mode, m.role
FROM memberships m JOIN organizations o ON o.id = m.organization_id
WHERE m.user_id = $1 ORDER BY o.name, o.mode, o.id
"""
ADMINS: Final = """
SELECT u.email, u.locale FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.organization_id = $1 AND m.role IN ('owner', 'admin') ORDER BY u.id
"""
READER: Final = """
SELECT u.email, u.locale FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.organization_id = $1 AND m.user_id = $2
"""
# The languages of members with one of these mail addresses.
FIND_LOCALES: Final = """
SELECT lower(u.email), u.locale FROM users u JOIN memberships m ON m.user_id = u.id
WHERE m.organization_id = $1 AND lower(u.email) IN (SELECT lower(a) FROM unnest($2::text[]) a)
"""
ADD_MEMBER: Final = """
INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, $3)
ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role
"""


async def lock_setup(tx: Tx) -> None:
    """Locks the set-up of the installation until the transaction ends; one runs at a time."""
    await tx.execute(SETUP_LOCK)


async def has_organizations(tx: Tx) -> bool:
    """Whether the installation has any organization."""
    some: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM organizations)")
    return some


async def find_organization(tenant: TenantConnection) -> Organization | None:
    return await find_one(tenant, GET, organization_from)


async def find_own(tenant: TenantConnection, user_id: UUID) -> OwnThings | None:
    """The organization, and the things in it that are the user's."""
    row = await tenant.tx.fetchrow(GET_OWN, tenant.organization_id, user_id)
    if row is None:
        return None
    organization = organization_from(row[: len(FIELDS)])
    return OwnThings(organization, frozenset(row["own"]), row["total"], row["own_total"])


async def find_organization_named(tx: Tx, name: str) -> Organization | None:
    """The live organization with that name."""
    row = await tx.fetchrow(BY_NAME, name)
    return None if row is None else organization_from(row)


async def find_organization_by_slug(tx: Tx, slug: str) -> Organization | None:
    row = await tx.fetchrow(BY_SLUG, slug)
    return None if row is None else organization_from(row)


async def list_live_organizations(tx: Tx, limit: int) -> list[Organization]:
    """The first live organizations, for an operator who names none."""
    return [organization_from(row) for row in await tx.fetch(LIVE, limit)]


async def lock_organization(tenant: TenantConnection) -> Organization | None:
    """The organization, locked against other changes until the transaction ends."""
    return await find_one(tenant, LOCK, organization_from)


async def update_organization(tx: Tx, organization: Organization) -> None:
    """Writes the whole organization. Raises SlugTaken, and Invalid if another live organization has
    the name."""
    o = organization
    try:
        await tx.execute(
            UPDATE,
            o.id,
            o.name,
            o.slug,
            o.timezone,
            o.notify_email,
            o.updated_at,
            o.country,
            o.locale,
            o.staff_may_edit_hours,
            o.more_notify_emails,
            o.accent_color,
            o.website,
            o.return_origins,
            o.version,
        )
    except asyncpg.UniqueViolationError as error:
        if is_violated(error, "organizations_name"):
            raise Invalid.field("name", "is taken by another organization") from None
        raise SlugTaken(o.slug) from None


async def list_memberships(tx: Tx, user_id: UUID) -> list[Membership]:
    rows = await tx.fetch(MEMBERSHIPS, user_id)
    return [
        Membership(
            organization_id=row["id"],
            name=row["name"],
            slug=row["slug"],
            mode=Mode(row["mode"]),
            role=Role(row["role"]),
        )
        for row in rows
    ]


async def list_admins(tenant: TenantConnection) -> list[tuple[str, str | None]]:
    """The mail addresses of owners and admins, each with its reader's language."""
    return [tuple(row) for row in await tenant.tx.fetch(ADMINS, tenant.organization_id)]


async def find_reader(tenant: TenantConnection, user_id: UUID) -> tuple[str, str | None] | None:
    """The mail address and the language of the member."""
    row = await tenant.tx.fetchrow(READER, tenant.organization_id, user_id)
    return None if row is None else (row["email"], row["locale"])


async def find_locales_of_addresses(
    tenant: TenantConnection, emails: Sequence[str]
) -> dict[str, str | None]:
    """The languages (BCP 47) that members with these mail addresses have chosen, by address in
    lower case."""
    return dict(await tenant.tx.fetch(FIND_LOCALES, tenant.organization_id, emails))


async def is_slug_taken(tx: Tx, slug: str) -> bool:
    taken: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM organizations WHERE slug = $1)", slug
    )
    return taken


async def insert_organization(tx: Tx, organization: Organization) -> None:
    """Writes the organization and its event counter."""
    await tx.execute(INSERT, *(getattr(organization, name) for name in FIELDS))
    await tx.execute(INSERT_COUNTER, organization.id)


async def add_member(tenant: TenantConnection, user_id: UUID, role: Role) -> None:
    """Gives the user the role in the organization, in place of an earlier one."""
    await tenant.tx.execute(ADD_MEMBER, tenant.organization_id, user_id, role)


def organization_from(row: Any) -> Organization:
    """The organization in a row with its columns in their order."""
    values = dict(zip(FIELDS, row, strict=True))
    return Organization(**(values | {"mode": Mode(values["mode"])}))
