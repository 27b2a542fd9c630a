"""Imported rows: each row that a source has shown, and the bookings that it became."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, Struct, json

from kalends.domain.booking import Booking
from kalends.domain.imports.merging import ImportedFields
from kalends.domain.imports.rows import RowState
from kalends.store.bookings.bookings import COLUMNS as BOOKING_COLUMNS
from kalends.store.bookings.bookings import booking_from
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, find_several


class KnownRow(Struct, frozen=True):
    """A row as it was last seen, and its outcome in the run that saw it last.

    `made_at` and `changed_at` are the source's times; `seen_at` is when the row was requested.
    `account_id` is the account that showed it first; None until that is known.
    """

    uid: str
    state: RowState
    reason: str | None
    digest: bytes
    made_at: datetime | None
    changed_at: datetime | None
    seen_at: datetime
    from_uid: str | None
    to_uid: str | None
    kept: bytes | None = None
    run_id: UUID | None = None
    outcome: str | None = None
    account_id: UUID | None = None


class SeatLink(Struct, frozen=True, kw_only=True):
    """The booking of a seat of a row, and what the source last showed of it. In an ordinary row the
    name of the seat is empty."""

    uid: str
    seat: str
    booking_id: UUID
    base: ImportedFields


FIELDS: Final = KnownRow.__struct_fields__
COLUMNS: Final = columns_of(KnownRow)
BASE: Final = json.Decoder(ImportedFields)
_TYPES: Final = ("text", "text", "text", "bytea", "timestamptz", "timestamptz", "timestamptz")
_ALL_TYPES: Final = (*_TYPES, "text", "text", "bytea", "uuid", "text", "uuid")
_CHANGED: Final = ", ".join(f"{name} = excluded.{name}" for name in FIELDS[1:])

# One import of an organization (a run's or a hook's) writes at a time, in one short transaction.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('calcom ' || $1::text, 0))"
FIND: Final = f"""
SELECT {COLUMNS} FROM calcom_rows
WHERE organization_id = $1 AND (uid = ANY($2::text[]) OR from_uid = ANY($2::text[]))
"""
FIND_LINKS: Final = """
SELECT uid, seat, booking_id, brought FROM calcom_seats
WHERE organization_id = $1 AND uid = ANY($2::text[])
"""
PUT: Final = f"""
INSERT INTO calcom_rows (organization_id, {COLUMNS})
SELECT $1, * FROM unnest({", ".join(f"${i + 2}::{t}[]" for i, t in enumerate(_ALL_TYPES))})
ON CONFLICT (organization_id, uid) DO UPDATE SET {_CHANGED}
"""
PUT_LINKS: Final = """
INSERT INTO calcom_seats (organization_id, uid, seat, booking_id, brought)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::uuid[], $5::json[])
ON CONFLICT (organization_id, uid, seat)
DO UPDATE SET booking_id = excluded.booking_id, brought = excluded.brought
"""
KEPT: Final = """
SELECT uid FROM calcom_rows
WHERE organization_id = $1 AND kept IS NOT NULL AND uid > $2
  AND (account_id IS NULL OR account_id = $4) ORDER BY uid LIMIT $3
"""
HAS_ROWS: Final = "SELECT EXISTS (SELECT FROM calcom_rows WHERE organization_id = $1)"
# In the order of the primary key: each batch begins after the previous one, and returns its end.
ADOPT: Final = """
WITH next AS (SELECT uid FROM calcom_rows WHERE organization_id = $1 AND uid > $3
    ORDER BY uid LIMIT $4),
adopted AS (UPDATE calcom_rows r SET account_id = $2
    FROM next WHERE r.organization_id = $1 AND r.uid = next.uid AND r.account_id IS NULL)
SELECT max(uid) FROM next
"""
OLDEST_UNSTAMPED: Final = """
SELECT min(made_at) FROM calcom_rows WHERE organization_id = $1 AND changed_at IS NULL
"""
BOOKINGS: Final = f"""
SELECT {BOOKING_COLUMNS} FROM bookings WHERE organization_id = $1 AND id = ANY($2::uuid[])
ORDER BY id
"""
LOCK_BOOKINGS: Final = BOOKINGS + " FOR NO KEY UPDATE"
HISTORY: Final = """
SELECT id, data FROM events WHERE organization_id = $1 AND booking_id = $2
ORDER BY number DESC LIMIT $3
"""


async def lock_imports(tenant: TenantConnection) -> None:
    """Locks the organization's imports until the transaction ends."""
    await tenant.tx.execute(LOCK, str(tenant.organization_id))


async def find_rows(tenant: TenantConnection, uids: Sequence[str]) -> list[KnownRow]:
    """The known ones of these rows, and of the rows that replaced them."""
    rows = await tenant.tx.fetch(FIND, tenant.organization_id, uids)
    return [KnownRow(row[0], RowState(row[1]), *row[2:]) for row in rows]


async def find_links(tenant: TenantConnection, uids: Sequence[str]) -> list[SeatLink]:
    rows = await tenant.tx.fetch(FIND_LINKS, tenant.organization_id, uids)
    return [SeatLink(uid=r[0], seat=r[1], booking_id=r[2], base=BASE.decode(r[3])) for r in rows]


async def put_rows(tenant: TenantConnection, rows: Sequence[KnownRow]) -> None:
    columns = ([getattr(row, name) for row in rows] for name in FIELDS)
    await tenant.tx.execute(PUT, tenant.organization_id, *columns)


async def put_links(tenant: TenantConnection, links: Sequence[SeatLink]) -> None:
    await tenant.tx.execute(
        PUT_LINKS,
        tenant.organization_id,
        [link.uid for link in links],
        [link.seat for link in links],
        [link.booking_id for link in links],
        [Raw(json.encode(link.base)) for link in links],
    )


async def list_kept(
    tenant: TenantConnection, account_id: UUID | None, after: str, limit: int
) -> list[str]:
    """The uids of the account's rows that will be tried again."""
    rows = await tenant.tx.fetch(KEPT, tenant.organization_id, after, limit, account_id)
    return [row[0] for row in rows]


async def has_rows(tenant: TenantConnection) -> bool:
    """Whether a source has ever shown a row."""
    has_any: bool = await tenant.tx.fetchval(HAS_ROWS, tenant.organization_id)
    return has_any


async def adopt_rows(
    tenant: TenantConnection, account_id: UUID, after: str, limit: int
) -> str | None:
    """Assigns to the account those of the next rows by uid that have none. Returns the last uid of
    these rows; None at the end."""
    last: str | None = await tenant.tx.fetchval(
        ADOPT, tenant.organization_id, account_id, after, limit
    )
    return last


async def find_oldest_unstamped(tenant: TenantConnection) -> datetime | None:
    """When the oldest row without a time of change was created at the source."""
    oldest: datetime | None = await tenant.tx.fetchval(OLDEST_UNSTAMPED, tenant.organization_id)
    return oldest


async def find_bookings(tenant: TenantConnection, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    return await find_several(tenant, BOOKINGS, booking_from, ids)


async def lock_bookings(tenant: TenantConnection, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    """The same, locked against other changes until the transaction ends."""
    return await find_several(tenant, LOCK_BOOKINGS, booking_from, ids)


async def list_history(
    tenant: TenantConnection, booking_id: UUID, limit: int
) -> list[tuple[UUID, Any]]:
    """A booking's events, the latest first: their ids (which contain their time), and the booking
    as it was then."""
    rows = await tenant.tx.fetch(HISTORY, tenant.organization_id, booking_id, limit)
    return [(row[0], json.decode(row[1])) for row in rows]
