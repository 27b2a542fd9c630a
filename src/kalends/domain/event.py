"""An event: something that happened to a booking, as it stands in the log."""

from datetime import datetime
from uuid import UUID

from msgspec import Raw, Struct


class LoggedEvent(Struct, frozen=True):
    """Numbered in order within its organization. `data` is the booking as the API showed it right
    after, `previous` the fields that changed, with their values before (None for events that were
    written without), `sequence` how often it had changed by then. `actor` is the id of a key or a
    user, or a word; `actor_name` its name then, None where it was not recorded."""

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
    """The same in a line of the log: without the booking as it was."""

    number: int
    id: UUID
    type: str
    booking_id: UUID
    actor: str
    actor_name: str | None
    created_at: datetime
