"""A hold: time that is kept for somebody for some minutes, and ends by itself."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class Hold(Struct, frozen=True):
    """As it is stored, in the order of its columns."""

    id: UUID
    schedule_id: UUID
    schedule_ids: list[UUID]
    event_type_id: UUID | None
    start_time: datetime
    end_time: datetime
    expires_at: datetime
    created_at: datetime
