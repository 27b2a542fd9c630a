"""An event: something that happened to a booking, as it stands in the log."""

from datetime import datetime
from uuid import UUID

from msgspec import Raw, Struct


class LoggedEvent(Struct, frozen=True):
    """Numbered in order within its organization. `data` is the booking as the API showed it right
    after, `sequence` how often it had changed by then."""

    number: int
    id: UUID
    type: str
    booking_id: UUID
    data: Raw
    sequence: int
    override: bool
    actor: str
    created_at: datetime
