"""Mails as rows; messages are sealed."""

from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Raw, structs

from kalends.domain.mail import Mail
from kalends.store.database import TenantConnection, fetch_planned
from kalends.store.rows import columns_of, page_of, parameters

FIELDS: Final = Mail.__struct_fields__
COLUMNS: Final = columns_of(Mail)

GET: Final = f"SELECT {COLUMNS} FROM mails WHERE organization_id = $1 AND id = $2"
LIST: Final = page_of(
    "mails",
    COLUMNS,
    "organization_id = $1 AND ($2::uuid IS NULL OR booking_id = $2)",
    order="id DESC",
    parameters=2,
)
INSERT: Final = (
    f"INSERT INTO mails (organization_id, {COLUMNS}) VALUES ({parameters(1, len(FIELDS) + 1)})"
)

# The last mail to each audience about a booking; a mail that withdraws an invitation is about the
# one before.
LAST_MAILS: Final = """
SELECT DISTINCT ON (m.audience) m.audience, m.recipient, m.kind, e.data
FROM mails m
JOIN events e ON e.organization_id = m.organization_id AND e.number = m.event_number
WHERE m.organization_id = $1 AND m.booking_id = $2 AND m.kind <> 'withdrawn'
ORDER BY m.audience, m.event_number DESC
"""


class LastMail(NamedTuple):
    """The last mail to an audience about a booking: `data` is the booking's public JSON then."""

    recipient: str
    kind: str
    data: Raw


async def find_mail(tenant: TenantConnection, mail_id: UUID) -> Mail | None:
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, mail_id)
    return None if row is None else Mail(*row)


async def list_mails(
    tenant: TenantConnection, booking_id: UUID | None, limit: int, offset: int
) -> tuple[list[Mail], int]:
    """A page, the latest first, of all or of one booking's; and how many there are."""
    arguments = tenant.organization_id, booking_id, limit, offset
    rows = await fetch_planned(tenant.tx, LIST, *arguments)
    return [Mail(*row[:-1]) for row in rows if row["id"] is not None], rows[0]["total"]


async def find_last_mails(tenant: TenantConnection, booking_id: UUID) -> dict[str, LastMail]:
    """By audience: the last mail about the booking."""
    rows = await tenant.tx.fetch(LAST_MAILS, tenant.organization_id, booking_id)
    return {row["audience"]: LastMail(row["recipient"], row["kind"], row["data"]) for row in rows}


async def insert_mail(tenant: TenantConnection, mail: Mail) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(mail))
