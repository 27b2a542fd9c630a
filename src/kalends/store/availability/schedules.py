"""Schedules and their busy times as rows."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.schedule import BookingLimits, Schedule, WindowText
from kalends.store.database import TenantConnection
from kalends.store.rows import as_raw, columns_of, find_one, find_several, page_of, parameters

FIELDS: Final = Schedule.__struct_fields__
COLUMNS: Final = columns_of(Schedule)
AVAILABILITY: Final = json.Decoder(dict[str, WindowText | list[WindowText]] | None)
OVERRIDES: Final = json.Decoder(dict[str, WindowText | list[WindowText]])
LIMITS: Final = json.Decoder(BookingLimits)
_CHANGEABLE: Final = tuple(f for f in FIELDS if f not in ("id", "created_at"))

GET: Final = (
    f"SELECT {COLUMNS} FROM schedules WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"
)
GET_ZONE: Final = "SELECT timezone FROM schedules WHERE organization_id = $1 AND id = $2"
GET_SEVERAL: Final = (
    f"SELECT {COLUMNS} FROM schedules"
    " WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL"
)
GET_TO_CHANGE: Final = GET + " FOR NO KEY UPDATE"
GET_TO_DELETE: Final = GET + " FOR UPDATE"
LIST: Final = page_of(
    "schedules",
    COLUMNS,
    "organization_id = $1 AND deleted_at IS NULL AND is_active = $2",
    order="id",
    parameters=2,
)
INSERT: Final = (
    f"INSERT INTO schedules (organization_id, {COLUMNS}) VALUES ({parameters(1, len(FIELDS) + 1)})"
)
UPDATE: Final = (
    f"UPDATE schedules SET ({', '.join(_CHANGEABLE)}) = ROW({parameters(3, len(_CHANGEABLE))})"
    " WHERE organization_id = $1 AND id = $2"
)
DELETE: Final = "UPDATE schedules SET deleted_at = $3 WHERE organization_id = $1 AND id = $2"
KEEP: Final = """
SELECT id FROM schedules
WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL
ORDER BY id FOR KEY SHARE
"""
KEEP_ACTIVE: Final = """
SELECT id FROM schedules
WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL AND is_active
ORDER BY id FOR KEY SHARE
"""
USED_BY: Final = """
SELECT
  (SELECT name FROM event_types
   WHERE organization_id = $1 AND deleted_at IS NULL AND requirements @> $3
   ORDER BY id LIMIT 1) AS event_type,
  EXISTS (SELECT FROM bookings
   WHERE organization_id = $1 AND status IN ('PENDING', 'CONFIRMED') AND end_time > $4
     AND (schedule_id = $2
          OR (cardinality(schedule_ids) > 1 AND schedule_ids @> ARRAY[$2]))) AS has_bookings
"""
LOCK: Final = """
SELECT 1 FROM schedules WHERE organization_id = $1 AND id = ANY($2::uuid[])
ORDER BY id FOR NO KEY UPDATE
"""


class Uses(Struct, frozen=True):
    """What points at a schedule: the name of an event type, and whether bookings do."""

    event_type: str | None
    has_bookings: bool


async def list_schedules(
    tenant: TenantConnection, is_active: bool, limit: int, offset: int
) -> tuple[list[Schedule], int]:
    """A page in the order of creation, and how many there are in all."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, is_active, limit, offset)
    listed = []
    for row in rows:
        if row["id"] is not None:
            listed.append(schedule_from(row))
            await asyncio.sleep(0)  # others get their turn: years of overrides take a while to read
    return listed, rows[0]["total"]


async def find_schedule(tenant: TenantConnection, schedule_id: UUID) -> Schedule | None:
    return await find_one(tenant, GET, schedule_from, schedule_id)


async def find_zone_name(tenant: TenantConnection, schedule_id: UUID) -> str | None:
    """The zone of the schedule, also of one that was deleted: bookings of it may be to come."""
    name: str | None = await tenant.tx.fetchval(GET_ZONE, tenant.organization_id, schedule_id)
    return name


async def find_schedules(
    tenant: TenantConnection, schedule_ids: Sequence[UUID]
) -> dict[UUID, Schedule]:
    """Those of the schedules that there are."""
    return await find_several(tenant, GET_SEVERAL, schedule_from, schedule_ids)


async def find_schedule_to_change(tenant: TenantConnection, schedule_id: UUID) -> Schedule | None:
    """The schedule, locked against other changes until the transaction ends."""
    return await find_one(tenant, GET_TO_CHANGE, schedule_from, schedule_id)


async def find_schedule_to_delete(tenant: TenantConnection, schedule_id: UUID) -> Schedule | None:
    """The schedule, locked also against new references to it: waits for those under way."""
    return await find_one(tenant, GET_TO_DELETE, schedule_from, schedule_id)


async def protect_schedules(tenant: TenantConnection, schedule_ids: Sequence[UUID]) -> set[UUID]:
    """Which of them there are; those are kept from being deleted until the transaction ends."""
    rows = await tenant.tx.fetch(KEEP, tenant.organization_id, schedule_ids)
    return {row["id"] for row in rows}


async def protect_active_schedules(
    tenant: TenantConnection, schedule_ids: Sequence[UUID]
) -> set[UUID]:
    """The same, of those that are active."""
    rows = await tenant.tx.fetch(KEEP_ACTIVE, tenant.organization_id, schedule_ids)
    return {row["id"] for row in rows}


async def find_uses(tenant: TenantConnection, schedule_id: UUID, now: datetime) -> Uses:
    """Event types, and bookings that are PENDING or CONFIRMED and have not ended.

    A statement of its own after the lock: it sees what others committed meanwhile.
    """
    naming_it = as_raw([{"schedule_ids": [schedule_id]}])
    row = await tenant.tx.fetchrow(USED_BY, tenant.organization_id, schedule_id, naming_it, now)
    return Uses(row["event_type"], row["has_bookings"])


async def lock_schedules(tenant: TenantConnection, schedule_ids: Sequence[UUID]) -> None:
    """Locks them, in the order of their ids, until the transaction ends.

    A statement of its own: what is counted afterwards sees what others committed meanwhile.
    """
    await tenant.tx.fetch(LOCK, tenant.organization_id, schedule_ids)


async def insert_schedule(tenant: TenantConnection, schedule: Schedule) -> None:
    values = _values(schedule)
    await tenant.tx.execute(INSERT, tenant.organization_id, *(values[name] for name in FIELDS))


async def update_schedule(tenant: TenantConnection, schedule: Schedule) -> None:
    """Writes the whole schedule; the caller holds its lock."""
    values = _values(schedule)
    changeable = (values[name] for name in _CHANGEABLE)
    await tenant.tx.execute(UPDATE, tenant.organization_id, schedule.id, *changeable)


async def delete_schedule(tenant: TenantConnection, schedule_id: UUID, now: datetime) -> None:
    """Softly: bookings and event types of the past still find it by its id."""
    await tenant.tx.execute(DELETE, tenant.organization_id, schedule_id, now)


def _values(schedule: Schedule) -> dict[str, Any]:
    values: dict[str, Any] = structs.asdict(schedule)
    if schedule.availability is not None:
        values["availability"] = as_raw(schedule.availability)
    values["overrides"] = as_raw(schedule.overrides)
    values["booking_limits"] = as_raw(schedule.booking_limits)
    return values


def schedule_from(row: Any) -> Schedule:
    """The schedule whose fields a row begins with."""
    values = dict(zip(FIELDS, row, strict=False))
    if values["availability"] is not None:
        values["availability"] = AVAILABILITY.decode(values["availability"])
    values["overrides"] = OVERRIDES.decode(values["overrides"])
    values["booking_limits"] = LIMITS.decode(values["booking_limits"])
    return Schedule(**values)
