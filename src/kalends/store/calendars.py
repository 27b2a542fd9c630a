"""What is in the calendars of schedules, for the engine: read in one query, for one range."""

import sys
from array import array
from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.schedule import Schedule
from kalends.store.database import Tx
from kalends.store.rows import columns_of
from kalends.store.schedules import FIELDS as SCHEDULE_FIELDS
from kalends.store.schedules import schedule_from

MICROSECONDS: Final = 1_000_000
POSTGRES_EPOCH: Final = 946_684_800  # 2000-01-01 in epoch seconds


def _packed(*instants: str) -> str:
    """One `bytea` with the instants of all rows, one row after the other: 8 bytes each, in
    network order, microseconds since 2000."""
    return f"string_agg({' || '.join(f'timestamptz_send({i})' for i in instants)}, '')"


def _read(busy_ids: str, claims: str, bookings: str) -> str:
    """Two hundred bookings leave as one value: as rows, or as arrays of numbers, reading them
    takes longer than finding the slots. Ids are read where somebody asks for them."""
    return f"""
SELECT {columns_of(Schedule, "s")},
  busy.times, busy.ids, taken.times, taken.claims, taken.bookings
FROM schedules s
LEFT JOIN LATERAL (
    SELECT {_packed("b.start_time", "b.end_time")} AS times, {busy_ids} AS ids
    FROM busy_times b
    WHERE b.organization_id = $1 AND b.schedule_id = s.id
      AND tstzrange(b.start_time, b.end_time) && tstzrange($3, $4)) busy ON true
LEFT JOIN LATERAL (
    SELECT {_packed("lower(o.during)", "upper(o.during)", "o.starts_at")} AS times,
      {claims} AS claims, {bookings} AS bookings
    FROM occupancies o
    WHERE o.organization_id = $1 AND o.schedule_id = s.id AND o.during && tstzrange($3, $4)
      AND (o.expires_at IS NULL OR o.expires_at > $5)
      AND ($6::uuid IS NULL OR o.booking_id IS DISTINCT FROM $6)) taken ON true
WHERE s.organization_id = $1 AND s.id = ANY($2::uuid[]) AND s.deleted_at IS NULL
ORDER BY s.id
"""


class With(Enum):
    """What is read beside the times."""

    NOTHING = auto()
    CLAIMS = auto()
    IDS = auto()


READ: Final = {
    With.NOTHING: _read("NULL", "NULL", "NULL"),
    With.CLAIMS: _read("NULL", "array_agg(o.claim_id)", "NULL"),
    With.IDS: _read("array_agg(b.id)", "array_agg(o.claim_id)", "array_agg(o.booking_id)"),
}
# KEY SHARE keeps a schedule from being deleted (which takes FOR UPDATE) under a booking.
READ_TO_BOOK: Final = {beside: sql + "FOR KEY SHARE OF s" for beside, sql in READ.items()}
STARTS_OF_EVENT_TYPE: Final = """
SELECT coalesce(array_agg(extract(epoch FROM start_time)::bigint), '{}') FROM (
    SELECT start_time FROM bookings
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time >= $3 AND start_time < $4
      AND status IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND NOT conflict
      AND id IS DISTINCT FROM $6
    UNION ALL
    SELECT start_time FROM holds
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time >= $3 AND start_time < $4
      AND expires_at > $5) counted
"""
LOCK_EVENT_TYPE: Final = """
SELECT 1 FROM event_types WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE
"""


class Contents(Struct, frozen=True):
    """A schedule, and what meets a range: `(start, end)` in epoch seconds, of what is taken with
    the buffers; `starts` without them. Ids in the same order, empty if they were not read."""

    schedule: Schedule
    busy: list[tuple[int, int]]
    taken: list[tuple[int, int]]
    starts: list[int]
    busy_ids: Sequence[UUID] = ()
    claims: Sequence[UUID] = ()
    bookings: Sequence[UUID | None] = ()

    def busy_id_at(self, position: int) -> UUID | None:
        return self.busy_ids[position] if self.busy_ids else None


async def read_contents(
    organization_id: UUID,
    tx: Tx,
    schedule_ids: Sequence[UUID],
    span: tuple[datetime, datetime],
    now: datetime,
    leaving_out: UUID | None,
    *,
    beside: With,
    to_book: bool,
) -> list[Contents]:
    """The schedules that there are, by id, with all that meets `span`; holds that have ended by
    `now` are not in it, nor the booking that is left out. `to_book` keeps the schedules from
    being deleted until the transaction ends."""
    sql = READ_TO_BOOK[beside] if to_book else READ[beside]
    rows = await tx.fetch(sql, organization_id, schedule_ids, *span, now, leaving_out)
    return [_contents(row) for row in rows]


async def starts_of_event_type(
    organization_id: UUID,
    tx: Tx,
    event_type_id: UUID,
    span: tuple[datetime, datetime],
    now: datetime,
    leaving_out: UUID | None,
) -> list[int]:
    """When its bookings and live holds start that count for a limit, in epoch seconds."""
    starts: list[int] = await tx.fetchval(
        STARTS_OF_EVENT_TYPE, organization_id, event_type_id, *span, now, leaving_out
    )
    return starts


async def lock_event_type(organization_id: UUID, tx: Tx, event_type_id: UUID) -> None:
    """Locks it until the transaction ends; a statement of its own, before anything is counted."""
    await tx.execute(LOCK_EVENT_TYPE, organization_id, event_type_id)


def _contents(row: Any) -> Contents:
    values = list(row)
    busy, busy_ids, taken, claims, bookings = values[len(SCHEDULE_FIELDS) :]
    busy_at, taken_at = _unpacked(busy), _unpacked(taken)
    return Contents(
        schedule_from(values),
        list(zip(busy_at[0::2], busy_at[1::2], strict=True)),
        list(zip(taken_at[0::3], taken_at[1::3], strict=True)),
        taken_at[2::3],
        busy_ids or (),
        claims or (),
        bookings or (),
    )


def _unpacked(packed: bytes | None) -> list[int]:
    """Epoch seconds of what `_packed` made."""
    instants = array("q", packed or b"")
    if sys.byteorder == "little":
        instants.byteswap()
    return [instant // MICROSECONDS + POSTGRES_EPOCH for instant in instants]
