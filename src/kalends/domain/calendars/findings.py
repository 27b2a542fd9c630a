"""Findings: what was seen in a calendar elsewhere that somebody has to decide about."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class FindingKind(StrEnum):
    """`MOVED` and `DELETED` are events of ours; `UNWRITABLE` is one that cannot be written."""

    MOVED = "moved"
    DELETED = "deleted"
    UNWRITABLE = "unwritable"


class Resolution(StrEnum):
    """`FOLLOW`: the booking moves as its event did. `RESTORE`: the event is written again as the
    booking is. `CANCEL`: the booking is cancelled. `DISMISS`: all stays as it is."""

    FOLLOW = "follow"
    RESTORE = "restore"
    CANCEL = "cancel"
    DISMISS = "dismiss"


class CalendarFinding(Struct, frozen=True, kw_only=True):
    """What was seen, and how it was settled. The event was to be from `was_from` until `was_until`,
    and is from `is_from` until `is_until`, where it is somewhere. A session has no `booking_id`."""

    id: UUID
    kind: FindingKind
    booking_id: UUID | None
    schedule_id: UUID
    calendar_id: UUID
    subject_id: UUID
    seen_at: datetime
    was_from: datetime | None
    was_until: datetime | None
    is_from: datetime | None
    is_until: datetime | None
    reason: str | None
    resolution: Resolution | None = None
    resolved_at: datetime | None = None
