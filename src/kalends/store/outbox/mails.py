"""Mails as rows; messages are sealed."""

from collections.abc import Sequence
from datetime import datetime
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
LOCK: Final = f"""
SELECT {COLUMNS} FROM mails WHERE organization_id = $1 AND id = ANY($2::uuid[])
    AND state IN ('queued', 'failed')
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
UNSENT: Final = """
SELECT count(*) FROM mails WHERE organization_id = $1 AND id = ANY($2::uuid[])
    AND state IN ('queued', 'failed')
"""
WRITE: Final = """
UPDATE mails SET subject = w.subject, message = w.message
FROM unnest($2::uuid[], $3::text[], $4::bytea[]) AS w (id, subject, message)
WHERE mails.organization_id = $1 AND mails.id = w.id
"""
SET_STATE: Final = """
UPDATE mails SET state = $3, error = $4, done_at = $5
WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND state IN ('queued', 'failed')
"""


# The last mail to each audience about a booking; a mail that withdraws an invitation is about the
# one before.
LAST_MAILS: Final = """
SELECT DISTINCT ON (m.audience) m.audience, m.recipient, m.kind, e.data
FROM mails m
JOIN events e ON e.organization_id = m.organization_id AND e.number = m.event_number
WHERE m.organization_id = $1 AND m.booking_id = $2 AND m.event_number < $3
    AND m.kind <> 'withdrawn'
ORDER BY m.audience, m.event_number DESC
"""
LATEST: Final = 2**63 - 1


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


async def find_last_mails(
    tenant: TenantConnection, booking_id: UUID, before: int = LATEST
) -> dict[str, LastMail]:
    """By audience: the last mail about an event of the booking, before the one of that number."""
    rows = await tenant.tx.fetch(LAST_MAILS, tenant.organization_id, booking_id, before)
    return {row["audience"]: LastMail(row["recipient"], row["kind"], row["data"]) for row in rows}


async def insert_mail(tenant: TenantConnection, mail: Mail) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(mail))


async def lock_unsent(tenant: TenantConnection, mail_ids: Sequence[UUID]) -> list[Mail]:
    """Those of the mails that are still to be sent, locked until the transaction ends; none that
    somebody else has locked."""
    return [Mail(*row) for row in await tenant.tx.fetch(LOCK, tenant.organization_id, mail_ids)]


async def count_unsent(tenant: TenantConnection, mail_ids: Sequence[UUID]) -> int:
    """How many of the mails are still to be sent, locked or not."""
    count: int = await tenant.tx.fetchval(UNSENT, tenant.organization_id, mail_ids)
    return count


async def write_messages(tenant: TenantConnection, written: Sequence[Mail]) -> None:
    """Keeps the messages, so that each try sends the same; the caller holds the locks."""
    columns = zip(*((m.id, m.subject, m.message) for m in written), strict=True)
    await tenant.tx.execute(WRITE, tenant.organization_id, *map(list, columns))


async def set_state(
    tenant: TenantConnection, mail_ids: Sequence[UUID], state: str, error: str | None, now: datetime
) -> None:
    """Their outcome. What was sent or kept stays so."""
    await tenant.tx.execute(SET_STATE, tenant.organization_id, mail_ids, state, error, now)
