"""Calendar syncs: a reading of each calendar of a connection that somebody has requested."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.states import SyncState


class CalendarSync(Struct, frozen=True, kw_only=True):
    """The results of a sync so far. For calendars whose reading failed, what was known stays."""

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
    """The results of one reading of a calendar."""

    events_changed: int = 0
    events_removed: int = 0
    has_failed: bool = False
