"""What is in the calendars of schedules, for the engine: read in one query, for one range."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.schedule import Schedule
from kalends.store.database import Tx
from kalends.store.rows import columns_of
from kalends.store.schedules import FIELDS as SCHEDULE_FIELDS
from kalends.store.schedules import schedule_from


def _seconds(column: str) -> str:
    return f"array_agg(extract(epoch FROM {column})::bigint)"


# Instants leave as arrays of epoch seconds: two hundred bookings are five values to decode.
READ: Final = f"""
SELECT {columns_of(Schedule, "s")},
  busy.begins, busy.ends, busy.ids,
  taken.begins, taken.ends, taken.starts, taken.claims, taken.bookings
FROM schedules s
LEFT JOIN LATERAL (
    SELECT {_seconds("b.start_time")} AS begins, {_seconds("b.end_time")} AS ends,
      array_agg(b.id) AS ids
    FROM busy_times b
    WHERE b.organization_id = $1 AND b.schedule_id = s.id
      AND tstzrange(b.start_time, b.end_time) && tstzrange($3, $4)) busy ON true
LEFT JOIN LATERAL (
    SELECT {_seconds("lower(o.during)")} AS begins, {_seconds("upper(o.during)")} AS ends,
      {_seconds("o.starts_at")} AS starts, array_agg(o.claim_id) AS claims,
      array_agg(o.booking_id) AS bookings
    FROM occupancies o
    WHERE o.organization_id = $1 AND o.schedule_id = s.id AND o.during && tstzrange($3, $4)
      AND (o.expires_at IS NULL OR o.expires_at > $5)
      AND ($6::uuid IS NULL OR o.booking_id IS DISTINCT FROM $6)) taken ON true
WHERE s.organization_id = $1 AND s.id = ANY($2::uuid[]) AND s.deleted_at IS NULL
ORDER BY s.id
"""
# KEY SHARE keeps a schedule from being deleted (which takes FOR UPDATE) under a booking.
READ_TO_BOOK: Final = READ + "FOR KEY SHARE OF s"
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
    """A schedule, and what meets a range: instants in epoch seconds, ids in the same order."""

    schedule: Schedule
    busy_begins: list[int]
    busy_ends: list[int]
    busy_ids: list[UUID]
    begins: list[int]
    ends: list[int]
    starts: list[int]
    claims: list[UUID]
    bookings: list[UUID | None]


async def read_contents(
    organization_id: UUID,
    tx: Tx,
    schedule_ids: Sequence[UUID],
    span: tuple[datetime, datetime],
    now: datetime,
    leaving_out: UUID | None,
    *,
    to_book: bool,
) -> list[Contents]:
    """The schedules that there are, by id, with all that meets `span`; holds that have ended by
    `now` are not in it, nor the booking that is left out. `to_book` keeps the schedules from
    being deleted until the transaction ends."""
    sql = READ_TO_BOOK if to_book else READ
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
    count = len(SCHEDULE_FIELDS)
    return Contents(schedule_from(values), *(value or [] for value in values[count:]))
