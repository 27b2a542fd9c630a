"""Holds as rows. The claim of a hold is rows of `occupancies` that expire by themselves."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.hold import Hold
from kalends.store.database import TenantConnection
from kalends.store.rows import insert_into, select_from

GET: Final = select_from("holds", Hold, "id = $2")
OF_VISITOR: Final = select_from(
    "holds", Hold, "visitor = $2 AND expires_at > $3 ORDER BY created_at, id"
)
GIVE: Final = "UPDATE holds SET visitor = $3 WHERE organization_id = $1 AND id = $2"
INSERT: Final = insert_into("holds", Hold)
END: Final = """
UPDATE holds SET expires_at = least(expires_at, $3) WHERE organization_id = $1 AND id = $2
"""
EXTEND: Final = """
UPDATE holds SET expires_at = $3
WHERE organization_id = $1 AND id = $2 AND expires_at > $4 AND expires_at < $3
RETURNING id
"""
EXTEND_OCCUPANCIES: Final = """
UPDATE occupancies SET expires_at = $3 WHERE organization_id = $1 AND hold_id = $2
"""
RELEASE: Final = "DELETE FROM occupancies WHERE organization_id = $1 AND hold_id = $2"
# If the hold has not expired, its occupancies become the booking's, without a gap between.
TAKE_OVER: Final = """
UPDATE occupancies SET hold_id = NULL, expires_at = NULL, booking_id = $3
WHERE organization_id = $1 AND hold_id = $2 AND expires_at > $4
RETURNING lower(during), upper(during)
"""


async def list_holds_of(tenant: TenantConnection, visitor: bytes, now: datetime) -> list[Hold]:
    """The holds of one visitor of the pages that have not expired, the oldest first."""
    rows = await tenant.tx.fetch(OF_VISITOR, tenant.organization_id, visitor, now)
    return [Hold(*row) for row in rows]


async def set_visitor(tenant: TenantConnection, hold_id: UUID, visitor: bytes) -> None:
    """Makes the hold a visitor's."""
    await tenant.tx.execute(GIVE, tenant.organization_id, hold_id, visitor)


async def find_hold(tenant: TenantConnection, hold_id: UUID) -> Hold | None:
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, hold_id)
    return None if row is None else Hold(*row)


async def insert_hold(tenant: TenantConnection, hold: Hold) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(hold))


async def end_hold(tenant: TenantConnection, hold_id: UUID, now: datetime) -> None:
    """Releases the hold's claim. Its row stays for a while, to show that it has ended."""
    await tenant.tx.execute(RELEASE, tenant.organization_id, hold_id)
    await tenant.tx.execute(END, tenant.organization_id, hold_id, now)


async def extend_hold(
    tenant: TenantConnection, hold_id: UUID, until: datetime, now: datetime
) -> None:
    """Lets a hold expire later; one that has expired already is not changed."""
    if await tenant.tx.fetch(EXTEND, tenant.organization_id, hold_id, until, now):
        await tenant.tx.execute(EXTEND_OCCUPANCIES, tenant.organization_id, hold_id, until)


async def take_over(
    tenant: TenantConnection, hold_id: UUID, booking_id: UUID, now: datetime
) -> tuple[datetime, datetime] | None:
    """Turns the claim of the hold into the booking's and returns its bounds, which include the
    buffers of the hold; None if the hold has ended."""
    claimed = await tenant.tx.fetch(TAKE_OVER, tenant.organization_id, hold_id, booking_id, now)
    if not claimed:
        return None
    await tenant.tx.execute(END, tenant.organization_id, hold_id, now)
    begins, ends = claimed[0]
    return begins, ends
