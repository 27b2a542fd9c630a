"""Finds out from a booking's events when its fields were last changed here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import json

from kalends.domain.booking import Booking
from kalends.domain.ids import time_of_id
from kalends.formats.bookings import show_booking
from kalends.formats.encoding import encode
from kalends.store.database import TenantConnection
from kalends.store.imports import imported_bookings
from kalends.store.imports.names import PROVIDER

MOST_HISTORY: Final = 100
# The paths of a booking's fields, by their names in `FIELD_GROUPS`, in its public JSON.
PATHS_IN_ANSWER: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "status": (("status",), ("cancellation_reason",)),
    "place": (("start_time",), ("end_time",), ("schedule_id",)),
    "title": (("title",),),
    "location": (("location",),),
    "location_type": (("location_type",),),
    "attendee_name": (("attendee", "name"),),
    "attendee_email": (("attendee", "email"),),
    "attendee_phone": (("attendee", "phone"),),
    "attendee_timezone": (("attendee", "timezone"),),
    "attendee_notes": (("attendee", "notes"),),
    "extras": (("metadata", PROVIDER),),
}


async def list_changed_after(
    tenant: TenantConnection, booking: Booking, names: Sequence[str], moment: datetime
) -> list[str]:
    """Those of the named fields that changed here after that time."""
    history = await imported_bookings.list_history(tenant, booking.id, MOST_HISTORY)
    current = json.decode(encode(show_booking(booking)))
    return [name for name in names if _changed_at(name, current, history, booking) > moment]


def _changed_at(
    name: str, current: Mapping[str, Any], history: Sequence[tuple[UUID, Any]], booking: Booking
) -> datetime:
    """The time of the first in the latest series of events that show the field as it is now."""
    value, since = _values_in(name, current), None
    for event_id, answer in history:
        if _values_in(name, answer) != value:
            break
        since = time_of_id(event_id)
    return since or booking.updated_at


def _values_in(name: str, answer: Any) -> list[Any]:
    values = []
    for path in PATHS_IN_ANSWER[name]:
        value = answer
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        values.append(value)
    return values
