"""The agenda of an organization: bookings and busy times in a span of days, and the number of
bookings that wait for a confirmation."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kalends.domain.agenda import AgendaBooking, AgendaScope, MailedBooking
from kalends.domain.booking import Status
from kalends.domain.schedule import BusyTime
from kalends.domain.spans import Span
from kalends.store.bookings.lists import DURING
from kalends.store.database import TenantConnection, fetch_planned
from kalends.store.rows import columns_of

_ON_SCHEDULE: Final = (
    "($4::uuid[] IS NULL OR b.schedule_ids && $4)"
    " AND ($5::uuid[] IS NULL OR NOT b.schedule_ids <@ $5)"
)
# A dict, as calling the enum costs ten times as much, and a week has many rows.
_STATUS_NAMED: Final = {status.value: status for status in Status}
_SEEN: Final = "($3::uuid[] IS NULL OR b.schedule_ids && $3)"
_NOT_CANCELLED: Final = "b.status <> 'CANCELLED'"
# Bookings that began before the span and last into it are found by an index over their whole time.
BETWEEN: Final = f"""
SELECT {columns_of(AgendaBooking)} FROM (
    SELECT b.* FROM bookings b
    WHERE b.organization_id = $1 AND b.start_time >= $2 AND b.start_time < $3
      AND {_NOT_CANCELLED} AND {_ON_SCHEDULE}
    UNION ALL
    (SELECT b.* FROM bookings b
    WHERE b.organization_id = $1 AND b.start_time < $2 AND {DURING} @> $2::timestamptz
      AND {_NOT_CANCELLED} AND {_ON_SCHEDULE} OFFSET 0)
) b ORDER BY start_time, id LIMIT $6
"""
BUSY: Final = f"""
SELECT {columns_of(BusyTime)} FROM busy_times
WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[])
  AND tstzrange(start_time, end_time) && tstzrange($3, $4)
ORDER BY start_time, id LIMIT $5
"""
PENDING: Final = f"""
SELECT count(*) + (
    SELECT count(*) FROM bookings b
    WHERE b.organization_id = $1 AND b.status = 'PENDING' AND b.start_time < $2
      AND {DURING} @> $2::timestamptz AND {_SEEN})
FROM bookings b WHERE b.organization_id = $1 AND b.status = 'PENDING' AND b.start_time >= $2
  AND {_SEEN}
"""

_OF_USER: Final = """
    b.schedule_ids && ARRAY(
        SELECT id FROM schedules WHERE organization_id = $1 AND user_id = $4)
    AND b.status IN ('CONFIRMED', 'PENDING', 'COMPLETED')"""
OF_USER: Final = f"""
SELECT b.id, b.status, b.start_time, b.end_time, coalesce(b.title, t.name), b.attendee_name,
    b.attendee_phone, b.location, b.location_type
FROM (
    SELECT b.* FROM bookings b
    WHERE b.organization_id = $1 AND b.start_time >= $2 AND b.start_time < $3 AND {_OF_USER}
    UNION ALL
    (SELECT b.* FROM bookings b
    WHERE b.organization_id = $1 AND b.start_time < $2 AND {DURING} @> $2::timestamptz
      AND {_OF_USER} OFFSET 0)
) b LEFT JOIN event_types t ON t.organization_id = $1 AND t.id = b.event_type_id
ORDER BY b.start_time, b.id LIMIT $5
"""


async def list_of_user(
    tenant: TenantConnection, user_id: UUID, span: tuple[datetime, datetime], limit: int
) -> list[MailedBooking]:
    """The bookings on the user's schedules that overlap the span, sorted by start; without those
    that were cancelled or are no-shows."""
    arguments = tenant.organization_id, *span, user_id, limit
    return [MailedBooking(*row) for row in await tenant.tx.fetch(OF_USER, *arguments)]


async def list_between(
    tenant: TenantConnection, span: Span, scope: AgendaScope, limit: int
) -> list[AgendaBooking]:
    """The bookings that overlap the span, sorted by start; without cancelled ones."""
    arguments = tenant.organization_id, *span, scope.among, scope.passed_over, limit
    rows = await fetch_planned(tenant.tx, BETWEEN, *arguments)
    return [_booking_from(row) for row in rows]


async def list_busy_between(
    tenant: TenantConnection, schedule_ids: Sequence[UUID], span: Span, limit: int
) -> list[BusyTime]:
    """The busy times of these schedules that overlap the span, sorted by start."""
    rows = await tenant.tx.fetch(BUSY, tenant.organization_id, schedule_ids, *span, limit)
    return [BusyTime(**dict(row)) for row in rows]


async def count_pending(
    tenant: TenantConnection, now: datetime, schedule_ids: Collection[UUID] | None
) -> int:
    """How many bookings wait to be confirmed and have not ended, on these schedules or, for None,
    on any."""
    arguments = tenant.organization_id, now, None if schedule_ids is None else list(schedule_ids)
    count: int = await tenant.tx.fetchval(PENDING, *arguments)
    return count


def _booking_from(row: Any) -> AgendaBooking:
    id_, schedule_id, schedule_ids, status, *rest = row
    return AgendaBooking(id_, schedule_id, schedule_ids, _STATUS_NAMED[status], *rest)
