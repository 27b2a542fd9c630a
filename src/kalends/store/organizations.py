"""Organizations, their users and roles, as rows."""

from typing import Any, Final
from uuid import UUID

from kalends.domain.access import Mode, Organization, Role
from kalends.store.database import Tx
from kalends.store.rows import columns_of, parameters

FIELDS: Final = Organization.__struct_fields__
COLUMNS: Final = columns_of(Organization)
SETUP_LOCK: Final = "SELECT pg_advisory_xact_lock(7021811024229)"

INSERT: Final = f"INSERT INTO organizations ({COLUMNS}) VALUES ({parameters(1, len(FIELDS))})"
INSERT_COUNTER: Final = "INSERT INTO event_counters (organization_id) VALUES ($1)"
GET: Final = f"SELECT {COLUMNS} FROM organizations WHERE id = $1"
BY_NAME: Final = f"SELECT {COLUMNS} FROM organizations WHERE mode = 'live' AND name = $1"
ADD_MEMBER: Final = """
INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, $3)
ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role
"""


async def lock_setup(tx: Tx) -> None:
    """Lets one set-up run at a time, over all organizations, until the transaction ends."""
    await tx.execute(SETUP_LOCK)


async def has_organizations(tx: Tx) -> bool:
    """Whether anything was ever set up here."""
    some: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM organizations)")
    return some


async def find_organization(organization_id: UUID, tx: Tx) -> Organization | None:
    row = await tx.fetchrow(GET, organization_id)
    return None if row is None else _organization(row)


async def find_organization_named(tx: Tx, name: str) -> Organization | None:
    """The live organization of that name: one of the queries that find it."""
    row = await tx.fetchrow(BY_NAME, name)
    return None if row is None else _organization(row)


async def is_slug_taken(tx: Tx, slug: str) -> bool:
    taken: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM organizations WHERE slug = $1)", slug
    )
    return taken


async def insert_organization(tx: Tx, organization: Organization) -> None:
    """The organization and its event counter."""
    await tx.execute(INSERT, *(getattr(organization, name) for name in FIELDS))
    await tx.execute(INSERT_COUNTER, organization.id)


async def add_member(organization_id: UUID, tx: Tx, user_id: UUID, role: Role) -> None:
    """Gives the user that role in the organization, whatever it had there."""
    await tx.execute(ADD_MEMBER, organization_id, user_id, role)


def _organization(row: Any) -> Organization:
    values = dict(zip(FIELDS, row, strict=True))
    return Organization(**(values | {"mode": Mode(values["mode"])}))
