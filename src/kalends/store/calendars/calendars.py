"""The calendars of connections as rows, and which schedules use them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.accounts import CalendarAccess, RemoteCalendar
from kalends.domain.calendars.connections import CalendarUse, ConnectedCalendar
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, find_one, find_several, select_from, values_of

COLUMNS: Final = columns_of(ConnectedCalendar)
USE_FIELDS: Final = CalendarUse.__struct_fields__
USE_COLUMNS: Final = columns_of(CalendarUse)

LIST: Final = select_from("calendars", ConnectedCalendar, "connection_id = $2 ORDER BY name, id")
LIST_ALL: Final = f"""
SELECT {COLUMNS} FROM calendars k WHERE organization_id = $1 AND ($2::uuid IS NULL OR EXISTS (
    SELECT FROM calendar_connections c
    WHERE c.organization_id = $1 AND c.id = k.connection_id AND c.user_id = $2))
ORDER BY name, id LIMIT 500
"""
GET: Final = select_from("calendars", ConnectedCalendar, "id = $2")
GET_SEVERAL: Final = select_from("calendars", ConnectedCalendar, "id = ANY($2::uuid[])")
COUNT: Final = (
    "SELECT connection_id, count(*) FROM calendars"
    " WHERE organization_id = $1 AND connection_id = ANY($2::uuid[]) GROUP BY 1"
)
PUT: Final = """
INSERT INTO calendars (organization_id, id, connection_id, remote_id, name, timezone, access,
    is_transparent, due_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
ON CONFLICT (organization_id, connection_id, remote_id) DO UPDATE SET
    name = excluded.name, timezone = excluded.timezone, access = excluded.access,
    is_transparent = excluded.is_transparent
"""
DELETE_OTHERS: Final = """
DELETE FROM calendars WHERE organization_id = $1 AND connection_id = $2
    AND remote_id <> ALL($3::text[])
"""
IS_USED: Final = """
SELECT EXISTS (SELECT FROM schedule_calendars WHERE organization_id = $1 AND calendar_id = $2)
"""
LIST_USES: Final = (
    f"SELECT {USE_COLUMNS} FROM schedule_calendars"
    " WHERE organization_id = $1 AND schedule_id = $2 ORDER BY calendar_id"
)
# Uses that are not in the list are deleted; unchanged rows are not written.
DELETE_USES: Final = (
    "DELETE FROM schedule_calendars WHERE organization_id = $1 AND schedule_id = $2"
)
DELETE_USES_OF_USER: Final = """
DELETE FROM schedule_calendars u USING calendars k, calendar_connections c
WHERE u.organization_id = $1 AND u.schedule_id = $2
  AND k.organization_id = $1 AND k.id = u.calendar_id
  AND c.organization_id = $1 AND c.id = k.connection_id AND c.user_id = $3
"""
DELETE_USES_OF_CONNECTION: Final = """
DELETE FROM schedule_calendars u USING calendars k
WHERE u.organization_id = $1 AND k.organization_id = $1 AND k.id = u.calendar_id
  AND k.connection_id = $2
"""
INSERT_USES: Final = f"""
INSERT INTO schedule_calendars (organization_id, schedule_id, {USE_COLUMNS})
SELECT $1, $2, * FROM unnest($3::uuid[], $4::boolean[], $5::boolean[], $6::boolean[],
    $7::boolean[], $8::boolean[])
"""
NOTE_READS: Final = """
UPDATE schedules s SET reads_calendars = EXISTS (
    SELECT FROM schedule_calendars u
    WHERE u.organization_id = $1 AND u.schedule_id = s.id AND u.reads)
WHERE s.organization_id = $1 AND s.id = ANY($2::uuid[])
"""
SCHEDULES_OF: Final = """
SELECT DISTINCT u.schedule_id FROM schedule_calendars u
JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
WHERE u.organization_id = $1 AND k.connection_id = $2
"""


async def list_calendars(tenant: TenantConnection, connection_id: UUID) -> list[ConnectedCalendar]:
    """The calendars of the connection, sorted by name."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, connection_id)
    return [_calendar_from(row) for row in rows]


async def list_all_calendars(
    tenant: TenantConnection, user_id: UUID | None
) -> list[ConnectedCalendar]:
    """The first 500 calendars by name, of the user's connections or, for None, of all."""
    rows = await tenant.tx.fetch(LIST_ALL, tenant.organization_id, user_id)
    return [_calendar_from(row) for row in rows]


async def is_used(tenant: TenantConnection, calendar_id: UUID) -> bool:
    """Whether a schedule reads or writes the calendar."""
    used: bool = await tenant.tx.fetchval(IS_USED, tenant.organization_id, calendar_id)
    return used


async def find_calendar(tenant: TenantConnection, calendar_id: UUID) -> ConnectedCalendar | None:
    return await find_one(tenant, GET, _calendar_from, calendar_id)


async def find_calendars(
    tenant: TenantConnection, calendar_ids: Sequence[UUID]
) -> dict[UUID, ConnectedCalendar]:
    """Those of the calendars that exist, by id."""
    return await find_several(tenant, GET_SEVERAL, _calendar_from, calendar_ids)


async def count_calendars(
    tenant: TenantConnection, connection_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """The number of calendars by connection; connections without any are left out."""
    rows = await tenant.tx.fetch(COUNT, tenant.organization_id, connection_ids)
    return dict(rows)


async def put_calendars(
    tenant: TenantConnection,
    connection_id: UUID,
    found: Sequence[tuple[UUID, RemoteCalendar]],
    now: datetime,
) -> None:
    """Writes the calendars that an account shows. New ones get the given ids and are due at once;
    known ones get their new names; those that are not shown any more are deleted, with their busy
    time."""
    shown = [calendar.url for _, calendar in found]
    await tenant.tx.execute(DELETE_OTHERS, tenant.organization_id, connection_id, shown)
    await add_calendars(tenant, connection_id, found, now)


async def add_calendars(
    tenant: TenantConnection,
    connection_id: UUID,
    found: Sequence[tuple[UUID, RemoteCalendar]],
    now: datetime,
) -> None:
    """Like `put_calendars`, but keeps calendars that are not shown, as a list may be incomplete."""
    for id_, calendar in found:
        await tenant.tx.execute(
            PUT,
            tenant.organization_id,
            id_,
            connection_id,
            calendar.url,
            calendar.name or calendar.url,
            calendar.zone,
            calendar.access.value,
            calendar.is_transparent,
            now,
        )


async def list_uses(tenant: TenantConnection, schedule_id: UUID) -> list[CalendarUse]:
    rows = await tenant.tx.fetch(LIST_USES, tenant.organization_id, schedule_id)
    return [CalendarUse(**dict(zip(USE_FIELDS, row, strict=True))) for row in rows]


async def replace_uses(
    tenant: TenantConnection, schedule_id: UUID, uses: Sequence[CalendarUse]
) -> None:
    """Replaces the schedule's uses of calendars; the caller holds the schedule's lock."""
    await tenant.tx.execute(DELETE_USES, tenant.organization_id, schedule_id)
    columns = [list(column) for column in zip(*map(structs.astuple, uses), strict=True)]
    if columns:
        await tenant.tx.execute(INSERT_USES, tenant.organization_id, schedule_id, *columns)
    await note_reading(tenant, [schedule_id])


async def delete_uses_of_user(tenant: TenantConnection, schedule_id: UUID, user_id: UUID) -> None:
    """Deletes the schedule's uses of the user's calendars; the caller holds the schedule's lock."""
    await tenant.tx.execute(DELETE_USES_OF_USER, tenant.organization_id, schedule_id, user_id)
    await note_reading(tenant, [schedule_id])


async def delete_uses_of_connection(tenant: TenantConnection, connection_id: UUID) -> None:
    """Deletes all uses of the connection's calendars."""
    await tenant.tx.execute(DELETE_USES_OF_CONNECTION, tenant.organization_id, connection_id)


async def note_reading(tenant: TenantConnection, schedule_ids: Sequence[UUID]) -> None:
    """Notes in the schedules whether they read calendars, for the queries that find slots."""
    await tenant.tx.execute(NOTE_READS, tenant.organization_id, schedule_ids)


async def list_schedules_of(tenant: TenantConnection, connection_id: UUID) -> list[UUID]:
    """The schedules that use calendars of the connection."""
    rows = await tenant.tx.fetch(SCHEDULES_OF, tenant.organization_id, connection_id)
    return [row[0] for row in rows]


def _calendar_from(row: Any) -> ConnectedCalendar:
    values = values_of(ConnectedCalendar, row)
    values["access"] = CalendarAccess(values["access"])
    return ConnectedCalendar(**values)
