"""A sync that somebody has asked for: one reading of each calendar of a connection."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.states import SyncState


class CalendarSync(Struct, frozen=True, kw_only=True):
    """What it has brought so far. Of calendars that failed what was known stays."""

    id: UUID
    connection_id: UUID
    started_at: datetime
    calendars_total: int
    calendars_read: int
    calendars_failed: int
    events_changed: int
    events_removed: int
    is_running: bool

    @property
    def state(self) -> SyncState:
        return SyncState.RUNNING if self.is_running else SyncState.DONE


class ReadingCounts(Struct, frozen=True):
    """What one reading of a calendar has brought."""

    events_changed: int = 0
    events_removed: int = 0
    has_failed: bool = False
