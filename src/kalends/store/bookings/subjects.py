"""The bookings of a subject, which is one booking, or all seats of an event type at one start."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.booking import Booking
from kalends.store.bookings.bookings import COLUMNS, booking_from
from kalends.store.database import TenantConnection

BOOKING: Final = f"SELECT {COLUMNS} FROM bookings WHERE organization_id = $1 AND id = $2"
SEATS: Final = f"""
SELECT {COLUMNS} FROM bookings
WHERE organization_id = $1 AND event_type_id = $2 AND start_time = $3 AND source <> 'calcom'
ORDER BY id
"""


async def list_bookings_of_subject(
    tenant: TenantConnection,
    booking_id: UUID | None,
    event_type_id: UUID | None,
    starts_at: datetime | None,
) -> list[Booking]:
    """The bookings of a subject; imported bookings are not among the seats."""
    if booking_id is None:
        rows = await tenant.tx.fetch(SEATS, tenant.organization_id, event_type_id, starts_at)
    else:
        rows = await tenant.tx.fetch(BOOKING, tenant.organization_id, booking_id)
    return [booking_from(row) for row in rows]
