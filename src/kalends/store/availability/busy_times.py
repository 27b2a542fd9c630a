"""Busy times as rows."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.schedule import BusyTime
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, page_of, parameters

FIELDS: Final = BusyTime.__struct_fields__
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
INSERT: Final = (
    f"INSERT INTO busy_times (organization_id, {COLUMNS}) VALUES ({parameters(1, len(FIELDS) + 1)})"
)
DELETE: Final = """
DELETE FROM busy_times WHERE organization_id = $1 AND schedule_id = $2 AND id = $3
"""


async def list_busy_times(
    tenant: TenantConnection,
    schedule_id: UUID,
    span: tuple[datetime | None, datetime | None],
    limit: int,
    offset: int,
) -> tuple[list[BusyTime], int]:
    """Those that meet the span (None is an open end): a page by start, then id, and the total."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, schedule_id, *span, limit, offset)
    listed = [busy_time_from(row) for row in rows if row["id"] is not None]
    return listed, rows[0]["total"]


async def insert_busy_time(tenant: TenantConnection, busy_time: BusyTime) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(busy_time))


async def delete_busy_time(tenant: TenantConnection, schedule_id: UUID, busy_time_id: UUID) -> bool:
    """False where the schedule has no such busy time."""
    done = await tenant.tx.execute(DELETE, tenant.organization_id, schedule_id, busy_time_id)
    return not done.endswith(" 0")


def busy_time_from(row: Any) -> BusyTime:
    return BusyTime(**dict(zip(FIELDS, row, strict=False)))
