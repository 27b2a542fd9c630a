"""Schedules as rows, and the locks that make bookings, absences and deletions wait for another."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.calendars.policies import CalendarPolicy
from kalends.domain.colors import Color
from kalends.domain.errors import SlugTaken
from kalends.domain.schedule import BookingLimits, Schedule, WindowText
from kalends.store.database import TenantConnection
from kalends.store.rows import (
    as_raw,
    columns_of,
    decode_json,
    find_one,
    find_several,
    insert_into,
    page_of,
    select_from,
    update_with_slug,
    values_of,
    values_with_json,
)

COLUMNS: Final = columns_of(Schedule)
JSON_COLUMNS: Final[Mapping[str, json.Decoder[Any]]] = {
    "availability": json.Decoder(dict[str, WindowText | list[WindowText]] | None),
    "overrides": json.Decoder(dict[str, WindowText | list[WindowText]]),
    "booking_limits": json.Decoder(BookingLimits),
    "calendar_policy": json.Decoder(CalendarPolicy),
}
# A dict, as calling the enum costs ten times as much, for each schedule of each query.
_COLOR_NAMED: Final = {color.value: color for color in Color}

GET: Final = select_from("schedules", Schedule, "id = $2 AND deleted_at IS NULL")
GET_ZONE: Final = "SELECT timezone FROM schedules WHERE organization_id = $1 AND id = $2"
PHOTOS: Final = """
SELECT id, photo FROM schedules
WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL AND photo IS NOT NULL
"""
GET_SEVERAL: Final = select_from(
    "schedules", Schedule, "id = ANY($2::uuid[]) AND deleted_at IS NULL"
)
GET_TO_CHANGE: Final = GET + " FOR NO KEY UPDATE"
GET_TO_DELETE: Final = GET + " FOR UPDATE"
LIST: Final = page_of(
    "schedules",
    COLUMNS,
    "organization_id = $1 AND deleted_at IS NULL AND is_active = $2"
    " AND ($3::uuid[] IS NULL OR id = ANY($3))",
    order="id",
    parameters=3,
)
INSERT: Final = (
    insert_into("schedules", Schedule)
    + " ON CONFLICT (organization_id, slug) WHERE deleted_at IS NULL DO NOTHING"
    " RETURNING slug, color"
)
DISOWN: Final = """
UPDATE schedules SET user_id = NULL, updated_at = $3, version = version + 1
WHERE organization_id = $1 AND user_id = $2
"""
DELETE: Final = "UPDATE schedules SET deleted_at = $3 WHERE organization_id = $1 AND id = $2"
KEEP: Final = """
SELECT id FROM schedules
WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL
ORDER BY id FOR KEY SHARE
"""
# An advisory lock of the organization, which bookings share until their transactions end, and which
# somebody who enters an absence takes alone. A row lock would not do: a transaction that wants it
# exclusively may wait for ever, as others that share it are let past. A statement over schedules
# takes the lock on the node where these are.
_GATE: Final = "hashtextextended('absences ' || $1::text, 0)"
PASSES_GATE: Final = f" AND pg_advisory_xact_lock_shared({_GATE}) IS NOT NULL"
KEEP_TO_BOOK: Final = KEEP.replace("ORDER BY", f"{PASSES_GATE} ORDER BY")
CLOSE: Final = KEEP.replace("ORDER BY", f" AND pg_advisory_xact_lock({_GATE}) IS NOT NULL ORDER BY")
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


class ScheduleUses(Struct, frozen=True):
    """What refers to a schedule: the name of an event type, or None, and whether bookings do."""

    event_type: str | None
    has_bookings: bool


async def find_photos(tenant: TenantConnection, schedule_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The photos of these schedules, by schedule; those without one are left out."""
    if not schedule_ids:
        return {}
    rows = await tenant.tx.fetch(PHOTOS, tenant.organization_id, schedule_ids)
    return {row["id"]: row["photo"] for row in rows}


async def list_schedules(
    tenant: TenantConnection,
    is_active: bool,
    limit: int,
    offset: int,
    only: Collection[UUID] | None = None,
) -> tuple[list[Schedule], int]:
    """A page in the order of creation, and the total; of all schedules or `only` of some."""
    ids = None if only is None else list(only)
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, is_active, ids, limit, offset)
    listed = []
    for row in rows:
        if row["id"] is not None:
            listed.append(schedule_from(row))
            await asyncio.sleep(0)  # lets other tasks run: decoding years of overrides takes long
    return listed, rows[0]["total"]


async def find_schedule(tenant: TenantConnection, schedule_id: UUID) -> Schedule | None:
    return await find_one(tenant, GET, schedule_from, schedule_id)


async def find_zone_name(tenant: TenantConnection, schedule_id: UUID) -> str | None:
    """The zone of the schedule, even if it was deleted, as it may still have future bookings."""
    name: str | None = await tenant.tx.fetchval(GET_ZONE, tenant.organization_id, schedule_id)
    return name


async def find_schedules(
    tenant: TenantConnection, schedule_ids: Sequence[UUID]
) -> dict[UUID, Schedule]:
    """Those of the schedules that exist, by id."""
    return await find_several(tenant, GET_SEVERAL, schedule_from, schedule_ids)


async def find_schedule_to_change(tenant: TenantConnection, schedule_id: UUID) -> Schedule | None:
    """The schedule, locked against other changes until the transaction ends."""
    return await find_one(tenant, GET_TO_CHANGE, schedule_from, schedule_id)


async def find_schedule_to_delete(tenant: TenantConnection, schedule_id: UUID) -> Schedule | None:
    """The schedule, locked against new references too; waits for those that are being made."""
    return await find_one(tenant, GET_TO_DELETE, schedule_from, schedule_id)


async def protect_schedules(tenant: TenantConnection, schedule_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the schedules that exist; they cannot be deleted until the transaction ends."""
    rows = await tenant.tx.fetch(KEEP, tenant.organization_id, schedule_ids)
    return {row["id"] for row in rows}


async def protect_active_schedules(
    tenant: TenantConnection, schedule_ids: Sequence[UUID]
) -> set[UUID]:
    """Those of the schedules that are active; they cannot be deleted until the transaction ends."""
    rows = await tenant.tx.fetch(KEEP_ACTIVE, tenant.organization_id, schedule_ids)
    return {row["id"] for row in rows}


async def protect_schedules_to_book(
    tenant: TenantConnection, schedule_ids: Sequence[UUID]
) -> list[UUID]:
    """Those of the schedules that exist, for booking them. They cannot be deleted until the
    transaction ends; absences that are being entered wait for this transaction, and it for them."""
    rows = await tenant.tx.fetch(KEEP_TO_BOOK, tenant.organization_id, schedule_ids)
    return [row[0] for row in rows]


async def close_to_bookings(tenant: TenantConnection, schedule_ids: Sequence[UUID]) -> list[UUID]:
    """Waits until nobody in the organization is booking, and lets nobody book until the transaction
    ends. Returns those of the schedules that exist, which cannot be deleted until then.

    It is a statement of its own, so that what is read after it includes all earlier bookings.
    """
    return [row[0] for row in await tenant.tx.fetch(CLOSE, tenant.organization_id, schedule_ids)]


async def find_uses(tenant: TenantConnection, schedule_id: UUID, now: datetime) -> ScheduleUses:
    """The uses of a schedule by event types, and by bookings that are PENDING or CONFIRMED and have
    not ended.

    It is a statement of its own after the lock, so that it sees what others have committed.
    """
    naming_it = as_raw([{"schedule_ids": [schedule_id]}])
    row = await tenant.tx.fetchrow(USED_BY, tenant.organization_id, schedule_id, naming_it, now)
    return ScheduleUses(row["event_type"], row["has_bookings"])


async def lock_schedules(tenant: TenantConnection, schedule_ids: Sequence[UUID]) -> None:
    """Locks the schedules, in the order of their ids, until the transaction ends.

    It is a statement of its own, so that what is counted after it sees what others have committed.
    """
    await tenant.tx.fetch(LOCK, tenant.organization_id, schedule_ids)


async def insert_schedule(tenant: TenantConnection, schedule: Schedule) -> Schedule:
    """Writes the schedule, and returns it with the slug and color that the database has assigned if
    it had none. Raises SlugTaken."""
    values = values_with_json(schedule, JSON_COLUMNS)
    row = await tenant.tx.fetchrow(INSERT, tenant.organization_id, *values.values())
    if row is None:
        raise SlugTaken(schedule.slug)
    return structs.replace(schedule, slug=row["slug"], color=Color(row["color"]))


async def update_schedule(tenant: TenantConnection, schedule: Schedule) -> None:
    """Writes the whole schedule; the caller holds its lock. Raises SlugTaken."""
    await update_with_slug(tenant, "schedules", values_with_json(schedule, JSON_COLUMNS))


async def disown_schedules(tenant: TenantConnection, user_id: UUID, now: datetime) -> None:
    """Makes the user's schedules nobody's."""
    await tenant.tx.execute(DISOWN, tenant.organization_id, user_id, now)


async def delete_schedule(tenant: TenantConnection, schedule_id: UUID, now: datetime) -> None:
    """Deletes the schedule softly: past bookings and event types still find it by its id."""
    await tenant.tx.execute(DELETE, tenant.organization_id, schedule_id, now)


def schedule_from(row: Any) -> Schedule:
    """The schedule in the first columns of a row."""
    values = values_of(Schedule, row)
    decode_json(values, JSON_COLUMNS)
    values["color"] = _COLOR_NAMED.get(values["color"])
    return Schedule(**values)
