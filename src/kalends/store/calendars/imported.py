"""Future imported bookings, by which events that their source has written are recognized."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection
from kalends.store.imports.names import PROVIDER

MOST: Final = 5_000
LIST: Final = """
SELECT b.id, s.uid, b.start_time, b.end_time, b.schedule_ids && (
    SELECT coalesce(array_agg(u.schedule_id), '{}') FROM schedule_calendars u
    WHERE u.organization_id = $1 AND u.calendar_id = $2 AND u.reads) AS is_read_here
FROM calcom_seats s
JOIN bookings b ON b.organization_id = $1 AND b.id = s.booking_id
WHERE s.organization_id = $1 AND b.source = $3 AND b.start_time > $4
ORDER BY b.start_time, b.id LIMIT $5
"""


class ImportedBooking(Struct, frozen=True):
    """An imported booking. `uid` is that of its row; `is_read_here` says that one of its schedules
    reads the calendar."""

    id: UUID
    uid: str
    start_time: datetime
    end_time: datetime
    is_read_here: bool


async def list_imported_bookings(
    tenant: TenantConnection, calendar_id: UUID, since: datetime
) -> list[ImportedBooking]:
    """The first 5,000 that start after `since`, whatever their status is."""
    organization_id = tenant.organization_id
    rows = await tenant.tx.fetch(LIST, organization_id, calendar_id, PROVIDER, since, MOST)
    return [ImportedBooking(*row) for row in rows]
