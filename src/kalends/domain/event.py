"""Events: what happened to bookings, as stored in the log."""

from datetime import datetime
from uuid import UUID

from msgspec import Raw, Struct


class LoggedEvent(Struct, frozen=True):
    """An event, numbered within its organization.

    `data` is the public JSON of the booking right after it; `previous` has the fields that changed,
    with their values before (None for old events, which were stored without); `sequence` is how
    often the booking had changed by then. `actor` is the id of a key or a user, or a word, and
    `actor_name` its name at that time, None if that was not recorded.
    """

    number: int
    id: UUID
    type: str
    booking_id: UUID
    data: Raw
    previous: Raw | None
    sequence: int
    override: bool
    actor: str
    actor_name: str | None
    created_at: datetime


class EventLine(Struct, frozen=True):
    """An event as a line of the log, without the data of the booking."""

    number: int
    id: UUID
    type: str
    booking_id: UUID
    actor: str
    actor_name: str | None
    created_at: datetime
