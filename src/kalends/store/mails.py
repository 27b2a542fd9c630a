"""Mails as rows; messages are sealed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.mail import Mail
from kalends.store.database import Tx
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
WRITE: Final = """
UPDATE mails SET subject = $3, message = $4
WHERE organization_id = $1 AND id = $2 AND message IS NULL RETURNING 1
"""
SET_STATE: Final = """
UPDATE mails SET state = $3, error = $4, done_at = $5
WHERE organization_id = $1 AND id = $2 AND state IN ('queued', 'failed')
"""


async def find_mail(organization_id: UUID, tx: Tx, mail_id: UUID) -> Mail | None:
    row = await tx.fetchrow(GET, organization_id, mail_id)
    return None if row is None else Mail(*row)


async def list_mails(
    organization_id: UUID, tx: Tx, booking_id: UUID | None, limit: int, offset: int
) -> tuple[list[Mail], int]:
    """A page, the latest first, of all or of one booking's; and how many there are."""
    rows = await tx.fetch(LIST, organization_id, booking_id, limit, offset)
    return [Mail(*row[:-1]) for row in rows if row["id"] is not None], rows[0]["total"]


async def insert_mail(organization_id: UUID, tx: Tx, mail: Mail) -> None:
    await tx.execute(INSERT, organization_id, *structs.astuple(mail))


async def write_message(
    organization_id: UUID, tx: Tx, mail_id: UUID, subject: str, message: bytes
) -> bool:
    """Keeps the message, so that each try sends the same; False where there is one already."""
    written = await tx.fetchval(WRITE, organization_id, mail_id, subject, message)
    return written is not None


async def set_state(
    organization_id: UUID, tx: Tx, mail_id: UUID, state: str, error: str | None, now: datetime
) -> None:
    """What became of it. What was sent or kept stays so."""
    await tx.execute(SET_STATE, organization_id, mail_id, state, error, now)
