"""Schedules and their busy times as rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json

from kalends.domain.schedule import BookingLimits, Schedule, Window
from kalends.store.database import Tx
from kalends.store.rows import as_raw, columns_of, parameters

FIELDS: Final = Schedule.__struct_fields__
COLUMNS: Final = columns_of(Schedule)
AVAILABILITY: Final = json.Decoder(dict[str, Window | list[Window]] | None)
OVERRIDES: Final = json.Decoder(dict[str, Window | list[Window]])
LIMITS: Final = json.Decoder(BookingLimits)

GET: Final = (
    f"SELECT {COLUMNS} FROM schedules"
    " WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"
)
INSERT: Final = (
    f"INSERT INTO schedules (organization_id, {COLUMNS}) VALUES ({parameters(1, len(FIELDS) + 1)})"
)
# KEY SHARE keeps a schedule from being deleted (which takes FOR UPDATE) under a booking.
FOR_BOOKING: Final = f"""
SELECT {columns_of(Schedule, "s")}, EXISTS (
    SELECT FROM busy_times b WHERE b.organization_id = $1 AND b.schedule_id = s.id
      AND tstzrange(b.start_time, b.end_time) && tstzrange($3, $4)) AS is_busy
FROM schedules s
WHERE s.organization_id = $1 AND s.id = ANY($2::uuid[]) AND s.deleted_at IS NULL
ORDER BY s.id FOR KEY SHARE OF s
"""
LOCK: Final = """
SELECT 1 FROM schedules WHERE organization_id = $1 AND id = ANY($2::uuid[])
ORDER BY id FOR NO KEY UPDATE
"""


class Bookable(Struct, frozen=True):
    """A schedule, and whether a busy time meets the span that was asked for."""

    schedule: Schedule
    is_busy: bool


async def find_schedule(organization_id: UUID, tx: Tx, schedule_id: UUID) -> Schedule | None:
    row = await tx.fetchrow(GET, organization_id, schedule_id)
    return None if row is None else _schedule(row)


async def find_for_booking(
    organization_id: UUID, tx: Tx, schedule_ids: Sequence[UUID], begins: datetime, ends: datetime
) -> dict[UUID, Bookable]:
    """The schedules with what stands in the way of `[begins, ends)`, kept from being deleted."""
    rows = await tx.fetch(FOR_BOOKING, organization_id, schedule_ids, begins, ends)
    return {row["id"]: Bookable(_schedule(row), row["is_busy"]) for row in rows}


async def lock_schedules(organization_id: UUID, tx: Tx, schedule_ids: Sequence[UUID]) -> None:
    """Locks them, in the order of their ids, until the transaction ends.

    A statement of its own: what is counted afterwards sees what others committed meanwhile.
    """
    await tx.fetch(LOCK, organization_id, schedule_ids)


async def insert_schedule(organization_id: UUID, tx: Tx, schedule: Schedule) -> None:
    values = [getattr(schedule, name) for name in FIELDS]
    for name in ("availability", "overrides", "booking_limits"):
        position = FIELDS.index(name)
        values[position] = None if values[position] is None else as_raw(values[position])
    await tx.execute(INSERT, organization_id, *values)


def _schedule(row: Any) -> Schedule:
    values = dict(zip(FIELDS, row, strict=False))
    if values["availability"] is not None:
        values["availability"] = AVAILABILITY.decode(values["availability"])
    values["overrides"] = OVERRIDES.decode(values["overrides"])
    values["booking_limits"] = LIMITS.decode(values["booking_limits"])
    return Schedule(**values)
