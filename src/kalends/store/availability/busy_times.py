"""Busy times as rows."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.schedule import BusyTime, ListedBusyTime
from kalends.domain.spans import OpenSpan, Span
from kalends.store.availability.calendars_elsewhere import makes_busy
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, insert_into, page_of, struct_from

COLUMNS: Final = columns_of(BusyTime)

LIST: Final = page_of(
    "busy_times",
    COLUMNS,
    "organization_id = $1 AND schedule_id = $2"
    " AND ($3::timestamptz IS NULL OR end_time > $3)"
    " AND ($4::timestamptz IS NULL OR start_time < $4)",
    order="start_time, id",
    parameters=4,
)
# Busy pieces of calendars elsewhere, as slots see them. An id is made from where a piece is.
ELSEWHERE: Final = f"""
SELECT md5(e.calendar_id::text || encode(e.key, 'hex') || extract(epoch FROM e.start_time))::uuid
    AS id, u.schedule_id, e.start_time, e.end_time, NULL::text AS reason,
    coalesce(k.last_synced_at, k.created_at) AS created_at, e.calendar_id
FROM schedule_calendars u
JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
JOIN calendar_busy e ON e.organization_id = $1 AND e.calendar_id = u.calendar_id
WHERE u.organization_id = $1 AND u.schedule_id = ANY($2::uuid[]) AND u.reads
  AND ($3::timestamptz IS NULL OR
    (e.start_time > $3 - interval '1 day' AND e.end_time > $3))
  AND ($4::timestamptz IS NULL OR e.start_time < $4)
  AND {makes_busy()}
"""
ENTERED: Final = f"""
SELECT {COLUMNS}, NULL::uuid AS calendar_id FROM busy_times
WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[])
  AND ($3::timestamptz IS NULL OR end_time > $3)
  AND ($4::timestamptz IS NULL OR start_time < $4)
"""
LIST_ALL: Final = page_of(
    f"({ENTERED} UNION ALL {ELSEWHERE}) listed",
    columns_of(ListedBusyTime),
    "true",
    order="start_time, id",
    parameters=4,
)
LIST_ELSEWHERE: Final = (
    f"SELECT {columns_of(ListedBusyTime)} FROM ({ELSEWHERE}) e ORDER BY start_time, id LIMIT $5"
)
INSERT: Final = insert_into("busy_times", BusyTime)
DELETE: Final = """
DELETE FROM busy_times WHERE organization_id = $1 AND schedule_id = $2 AND id = $3
"""


async def list_busy_times(
    tenant: TenantConnection, schedule_id: UUID, span: OpenSpan, limit: int, offset: int
) -> tuple[list[BusyTime], int]:
    """The busy times that overlap the span: a page sorted by start, then id, and the total."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, schedule_id, *span, limit, offset)
    listed = [busy_time_from(row) for row in rows if row["id"] is not None]
    return listed, rows[0]["total"]


async def list_all_busy_times(
    tenant: TenantConnection, schedule_id: UUID, span: OpenSpan, limit: int, offset: int
) -> tuple[list[ListedBusyTime], int]:
    """Like `list_busy_times`, with the busy pieces of the calendars that the schedule reads."""
    rows = await tenant.tx.fetch(
        LIST_ALL, tenant.organization_id, [schedule_id], *span, limit, offset
    )
    return [_listed_from(row) for row in rows if row["id"] is not None], rows[0]["total"]


async def list_busy_elsewhere(
    tenant: TenantConnection, schedule_ids: Sequence[UUID], span: Span, limit: int
) -> list[ListedBusyTime]:
    """The busy pieces that overlap the span, of the calendars that the schedules read; by start."""
    rows = await tenant.tx.fetch(LIST_ELSEWHERE, tenant.organization_id, schedule_ids, *span, limit)
    return [_listed_from(row) for row in rows]


async def insert_busy_time(tenant: TenantConnection, busy_time: BusyTime) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(busy_time))


async def delete_busy_time(tenant: TenantConnection, schedule_id: UUID, busy_time_id: UUID) -> bool:
    """Deletes the busy time; False if the schedule has none with that id."""
    done = await tenant.tx.execute(DELETE, tenant.organization_id, schedule_id, busy_time_id)
    return not done.endswith(" 0")


def _listed_from(row: Any) -> ListedBusyTime:
    return struct_from(ListedBusyTime, row)


def busy_time_from(row: Any) -> BusyTime:
    return struct_from(BusyTime, row)
