"""Holds: time that is kept for some minutes for somebody who is booking."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class Hold(Struct, frozen=True):
    """A stored hold, its fields in the order of the columns."""

    id: UUID
    schedule_id: UUID
    schedule_ids: list[UUID]
    event_type_id: UUID | None
    start_time: datetime
    end_time: datetime
    expires_at: datetime
    created_at: datetime
