"""Calendar findings as rows, and the queries that open and end them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.findings import (
    NO_SPAN,
    CalendarFinding,
    FindingKind,
    FindingNames,
    Resolution,
)
from kalends.domain.calendars.links import CalendarLink
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import page_of, parameters

# The columns but those of the spans, each of which has two columns after the others.
PLAIN: Final = tuple(n for n in CalendarFinding.__struct_fields__ if n not in ("booked", "there"))
COLUMNS: Final = ", ".join((*PLAIN, "was_from", "was_until", "is_from", "is_until"))
# As long as a finding is open, the same observation updates it; the latest one counts.
INSERT: Final = f"""
INSERT INTO calendar_findings (organization_id, {COLUMNS})
VALUES ({parameters(1, len(PLAIN) + 5)})
ON CONFLICT (organization_id, subject_id, kind, coalesce(calendar_id, subject_id),
    coalesce(schedule_id, subject_id)) WHERE resolved_at IS NULL
DO UPDATE SET is_from = excluded.is_from, is_until = excluded.is_until, reason = excluded.reason
RETURNING xmax = 0
"""
# The condition for users who see only own things: findings on own schedules, and of own accounts.
SEEN: Final = """($2::uuid[] IS NULL OR schedule_id = ANY($2) OR (schedule_id IS NULL AND EXISTS (
    SELECT FROM calendar_connections c WHERE c.organization_id = $1
        AND c.id = calendar_findings.connection_id AND c.user_id = $3)))"""
LIST: Final = page_of(
    "calendar_findings",
    COLUMNS,
    f"organization_id = $1 AND {SEEN} AND (resolved_at IS NULL) = $4",
    order="id DESC",
    parameters=4,
)
OF_BOOKING: Final = (
    f"SELECT {COLUMNS} FROM calendar_findings WHERE organization_id = $1 AND booking_id = $2"
    " ORDER BY id DESC LIMIT $3"
)
NAMES: Final = """
SELECT f.id, b.attendee_name, s.name, k.name, c.account FROM calendar_findings f
LEFT JOIN bookings b ON b.organization_id = $1 AND b.id = f.booking_id
LEFT JOIN schedules s ON s.organization_id = $1 AND s.id = f.schedule_id
LEFT JOIN calendars k ON k.organization_id = $1 AND k.id = f.calendar_id
LEFT JOIN calendar_connections c ON c.organization_id = $1 AND c.id = f.connection_id
WHERE f.organization_id = $1 AND f.id = ANY($2::uuid[])
"""
# One statement counts both, as an event leaves the first number in the moment it enters the second.
COUNT_DOUBTED: Final = """
SELECT (SELECT count(*) FROM calendar_links
        WHERE organization_id = $1 AND calendar_id = $2 AND missed_at IS NOT NULL)
     + (SELECT count(*) FROM calendar_findings
        WHERE organization_id = $1 AND calendar_id = $2 AND resolved_at IS NULL AND seen_at > $3
            AND kind IN ('moved', 'deleted'))
"""
GET_TO_CHANGE: Final = (
    f"SELECT {COLUMNS} FROM calendar_findings WHERE organization_id = $1 AND {SEEN} AND id = $4"
    " FOR NO KEY UPDATE"
)
RESOLVE: Final = """
UPDATE calendar_findings SET resolution = $3, resolved_at = $4
WHERE organization_id = $1 AND id = $2
"""
# Those who report about the same account wait for one another, so that only one sends a mail.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('findings ' || $1::uuid::text, 0))"
WAS_SEEN: Final = """
SELECT EXISTS (SELECT FROM calendar_findings
    WHERE organization_id = $1 AND kind = $2 AND calendar_id IS NOT DISTINCT FROM $3::uuid
        AND connection_id IS NOT DISTINCT FROM $4::uuid AND id <> $5 AND seen_at > $6)
"""
END: Final = """
UPDATE calendar_findings SET resolved_at = $3
WHERE organization_id = $1 AND subject_id = $2 AND resolved_at IS NULL
    AND ($4::uuid IS NULL OR calendar_id = $4) AND ($5::uuid IS NULL OR schedule_id = $5)
    AND kind <> 'overlap'
"""
# The condition for busy pieces of events that are not ours, in a calendar that a schedule reads.
_LIES_OVER: Final = """u.reads AND e.own_id IS NULL
    AND (u.tentative_blocks OR NOT e.is_tentative)
    AND (u.all_day_blocks OR NOT e.is_all_day)
    AND (u.out_of_office_blocks OR NOT e.is_out_of_office)
    AND e.start_time < b.end_time AND e.end_time > b.start_time"""
OVERLAPS: Final = f"""
SELECT DISTINCT ON (b.start_time, b.id, u.schedule_id) b.id, u.schedule_id,
    b.start_time, b.end_time, e.start_time, e.end_time
FROM schedule_calendars u
JOIN calendar_busy e ON e.organization_id = $1 AND e.calendar_id = $2 AND e.key = ANY($3::bytea[])
JOIN occupancies o ON o.organization_id = $1 AND o.schedule_id = u.schedule_id
    AND o.during && tstzrange(e.start_time, e.end_time)
JOIN bookings b ON b.organization_id = $1 AND b.id = o.booking_id
WHERE u.organization_id = $1 AND u.calendar_id = $2 AND b.start_time > $4
    AND b.status IN ('PENDING', 'CONFIRMED') AND {_LIES_OVER}
ORDER BY b.start_time, b.id, u.schedule_id, e.start_time LIMIT $5
"""
OWNERS: Final = """
SELECT DISTINCT organization_id FROM calendar_findings
WHERE resolved_at IS NULL AND organization_id > $1
ORDER BY organization_id LIMIT $2
"""
# Findings that nobody has to decide any more: the booking is over, has begun or has moved, or
# nothing overlaps it any more.
END_BY_FACTS: Final = f"""
UPDATE calendar_findings f SET resolved_at = $2
WHERE f.organization_id = $1 AND f.resolved_at IS NULL AND f.booking_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM bookings b WHERE b.organization_id = $1 AND b.id = f.booking_id
    AND b.status IN ('PENDING', 'CONFIRMED') AND b.start_time > $2
    AND f.schedule_id = ANY(b.schedule_ids)
    AND (f.kind <> 'overlap' OR EXISTS (
      SELECT FROM schedule_calendars u
      JOIN calendar_busy e ON e.organization_id = $1 AND e.calendar_id = u.calendar_id
      WHERE u.organization_id = $1 AND u.calendar_id = f.calendar_id
        AND u.schedule_id = f.schedule_id
        AND e.start_time > $2::timestamptz - interval '1 day' AND {_LIES_OVER})))
"""


class FindingsSeen(Struct, frozen=True):
    """Which findings a caller sees: all, or those on these schedules and of the user's accounts."""

    only_schedules: Sequence[UUID] | None
    only_user_id: UUID | None


class Overlap(Struct, frozen=True):
    """A booking on a schedule, and the event in a calendar that overlaps it."""

    booking_id: UUID
    schedule_id: UUID
    booked: tuple[datetime, datetime]
    there: tuple[datetime, datetime]


async def put_finding(tenant: TenantConnection, finding: CalendarFinding) -> bool:
    """Writes the finding, or updates the open one about the same; returns whether it is new."""
    values = [getattr(finding, name) for name in PLAIN]
    spans = *(finding.booked or NO_SPAN), *(finding.there or NO_SPAN)
    is_new: bool = await tenant.tx.fetchval(INSERT, tenant.organization_id, *values, *spans)
    return is_new


async def list_findings(
    tenant: TenantConnection, seen: FindingsSeen, is_open: bool, limit: int, offset: int
) -> tuple[list[CalendarFinding], int]:
    """A page of findings, the latest first, and the total."""
    whose = seen.only_schedules, seen.only_user_id
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, *whose, is_open, limit, offset)
    return [_finding_from(row) for row in rows if row["id"] is not None], rows[0]["total"]


async def list_findings_of_booking(
    tenant: TenantConnection, booking_id: UUID, limit: int
) -> list[CalendarFinding]:
    """All findings about the booking's events, the latest first."""
    rows = await tenant.tx.fetch(OF_BOOKING, tenant.organization_id, booking_id, limit)
    return [_finding_from(row) for row in rows]


async def name_findings(
    tenant: TenantConnection, finding_ids: Sequence[UUID]
) -> dict[UUID, FindingNames]:
    """The names of what the findings are about."""
    rows = await tenant.tx.fetch(NAMES, tenant.organization_id, finding_ids)
    return {row[0]: FindingNames(*row[1:]) for row in rows}


async def count_doubted(tenant: TenantConnection, calendar_id: UUID, since: datetime) -> int:
    """How many events of ours in the calendar are suspicious, or were reported since then and are
    still open."""
    total: int = await tenant.tx.fetchval(COUNT_DOUBTED, tenant.organization_id, calendar_id, since)
    return total


async def find_finding_to_change(
    tenant: TenantConnection, seen: FindingsSeen, finding_id: UUID
) -> CalendarFinding | None:
    """The finding, locked until the transaction ends."""
    whose = seen.only_schedules, seen.only_user_id
    row = await tenant.tx.fetchrow(GET_TO_CHANGE, tenant.organization_id, *whose, finding_id)
    return None if row is None else _finding_from(row)


async def resolve_finding(tenant: TenantConnection, finding: CalendarFinding) -> None:
    await tenant.tx.execute(
        RESOLVE, tenant.organization_id, finding.id, finding.resolution, finding.resolved_at
    )


async def was_seen_since(
    tenant: TenantConnection, finding: CalendarFinding, since: datetime
) -> bool:
    """Whether there has been another finding of the kind, in the same calendar or account, since
    then. A lock until the transaction ends lets only one caller at a time find out."""
    f = finding
    await tenant.tx.execute(LOCK, f.connection_id)
    what = f.kind, f.calendar_id, f.connection_id, f.id, since
    found: bool = await tenant.tx.fetchval(WAS_SEEN, tenant.organization_id, *what)
    return found


async def end_findings(tenant: TenantConnection, subject_id: UUID, now: datetime) -> None:
    """Ends the findings about events of the subject, except overlaps, which are about others'."""
    await tenant.tx.execute(END, tenant.organization_id, subject_id, now, None, None)


async def end_findings_of(tenant: TenantConnection, link: CalendarLink, now: datetime) -> None:
    """Ends the findings about the link's event."""
    what = link.subject_id, now, link.calendar_id, link.schedule_id
    await tenant.tx.execute(END, tenant.organization_id, *what)


async def list_overlaps(
    tenant: TenantConnection,
    calendar_id: UUID,
    keys: Collection[bytes],
    now: datetime,
    limit: int,
) -> list[Overlap]:
    """The future bookings that these events of the calendar overlap, by start."""
    what = calendar_id, list(keys), now, limit
    rows = await tenant.tx.fetch(OVERLAPS, tenant.organization_id, *what)
    return [Overlap(row[0], row[1], (row[2], row[3]), (row[4], row[5])) for row in rows]


async def list_owners_of_open(tx: Tx, after: UUID, limit: int) -> list[UUID]:
    """The next organizations with open findings, by id, after the given one."""
    return [row[0] for row in await tx.fetch(OWNERS, after, limit)]


async def end_by_facts(tenant: TenantConnection, now: datetime) -> int:
    """Ends the findings that nobody has to decide any more; returns how many."""
    done = await tenant.tx.execute(END_BY_FACTS, tenant.organization_id, now)
    return int(done.rpartition(" ")[2])


def _finding_from(row: Any) -> CalendarFinding:
    values = dict(zip(PLAIN, row, strict=False))
    values["kind"] = FindingKind(values["kind"])
    values["resolution"] = values["resolution"] and Resolution(values["resolution"])
    booked = _span(row["was_from"], row["was_until"])
    return CalendarFinding(**values, booked=booked, there=_span(row["is_from"], row["is_until"]))


def _span(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime] | None:
    return None if start is None or end is None else (start, end)
