"""Findings as rows."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.findings import CalendarFinding, FindingKind, Resolution
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, find_one, page_of, parameters

FIELDS: Final = CalendarFinding.__struct_fields__
COLUMNS: Final = columns_of(CalendarFinding)
# The same is one finding as long as it is open; what is seen last counts.
INSERT: Final = f"""
INSERT INTO calendar_findings (organization_id, {COLUMNS})
VALUES ({parameters(1, len(FIELDS) + 1)})
ON CONFLICT (organization_id, calendar_id, subject_id, schedule_id, kind)
    WHERE resolved_at IS NULL
DO UPDATE SET is_from = excluded.is_from, is_until = excluded.is_until, reason = excluded.reason
"""
LIST: Final = page_of(
    "calendar_findings",
    COLUMNS,
    "organization_id = $1 AND (resolved_at IS NULL) = $2",
    order="id DESC",
    parameters=2,
)
# In one statement: what is asked about leaves the first number in the moment that it enters the
# second.
COUNT_DOUBTED: Final = """
SELECT (SELECT count(*) FROM calendar_links
        WHERE organization_id = $1 AND calendar_id = $2 AND missed_at IS NOT NULL)
     + (SELECT count(*) FROM calendar_findings
        WHERE organization_id = $1 AND calendar_id = $2 AND resolved_at IS NULL AND seen_at > $3)
"""
GET_TO_CHANGE: Final = (
    f"SELECT {COLUMNS} FROM calendar_findings WHERE organization_id = $1 AND id = $2"
    " FOR NO KEY UPDATE"
)
RESOLVE: Final = """
UPDATE calendar_findings SET resolution = $3, resolved_at = $4
WHERE organization_id = $1 AND id = $2
"""


async def put_finding(tenant: TenantConnection, finding: CalendarFinding) -> None:
    """Writes it, or what is new of the open one about the same."""
    values = structs.astuple(finding)
    await tenant.tx.execute(INSERT, tenant.organization_id, *values)


async def list_findings(
    tenant: TenantConnection, is_open: bool, limit: int, offset: int
) -> tuple[list[CalendarFinding], int]:
    """A page, the latest first, and how many there are in all."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, is_open, limit, offset)
    return [_finding_from(row) for row in rows if row["id"] is not None], rows[0]["total"]


async def count_doubted(tenant: TenantConnection, calendar_id: UUID, since: datetime) -> int:
    """Of how many events of ours in the calendar it is not known whether they are as they were
    written, or somebody has been asked since then."""
    count: int = await tenant.tx.fetchval(COUNT_DOUBTED, tenant.organization_id, calendar_id, since)
    return count


async def find_finding_to_change(
    tenant: TenantConnection, finding_id: UUID
) -> CalendarFinding | None:
    """The finding, locked until the transaction ends."""
    return await find_one(tenant, GET_TO_CHANGE, _finding_from, finding_id)


async def resolve_finding(tenant: TenantConnection, finding: CalendarFinding) -> None:
    await tenant.tx.execute(
        RESOLVE, tenant.organization_id, finding.id, finding.resolution, finding.resolved_at
    )


def _finding_from(row: Any) -> CalendarFinding:
    values = dict(zip(FIELDS, row, strict=False))
    values["kind"] = FindingKind(values["kind"])
    values["resolution"] = (
        None if values["resolution"] is None else Resolution(values["resolution"])
    )
    return CalendarFinding(**values)
