"""Calendar findings: what was seen in a calendar elsewhere and needs somebody's decision."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.links import CalendarLink
from kalends.domain.ids import new_id


class FindingKind(StrEnum):
    """`moved`, `deleted`: that happened to the event of a booking. `unwritable`: it cannot be
    written. `overlap`: another event overlaps a booking. `unreadable`: a calendar that is used
    could not be read for two hours. `reconnect`: the account needs somebody to sign in again."""

    MOVED = "moved"
    DELETED = "deleted"
    OVERLAP = "overlap"
    UNWRITABLE = "unwritable"
    UNREADABLE = "unreadable"
    RECONNECT = "reconnect"


class Resolution(StrEnum):
    """`follow`: the booking moves as its event did. `restore`: the event is written again as the
    booking is. `cancel`: the booking is cancelled. `dismiss`: all stays as it is."""

    FOLLOW = "follow"
    RESTORE = "restore"
    CANCEL = "cancel"
    DISMISS = "dismiss"


# Stands for a missing span.
NO_SPAN: Final = (None, None)
_DISMISS: Final = frozenset({Resolution.DISMISS})
# The possible resolutions of each kind; `UNREADABLE` and `RECONNECT` also end by themselves.
CHOICES: Final[Mapping[FindingKind, frozenset[Resolution]]] = {
    FindingKind.MOVED: _DISMISS | {Resolution.FOLLOW, Resolution.RESTORE},
    FindingKind.DELETED: _DISMISS | {Resolution.CANCEL, Resolution.RESTORE},
    FindingKind.OVERLAP: _DISMISS | {Resolution.CANCEL},
    FindingKind.UNWRITABLE: _DISMISS | {Resolution.RESTORE},
    FindingKind.UNREADABLE: _DISMISS,
    FindingKind.RECONNECT: _DISMISS,
}


class CalendarFinding(Struct, frozen=True, kw_only=True):
    """A finding, and how it was resolved; one that ended by itself has no `resolution`.

    `booked` is the time that the booking's event should have, `there` the time that it has, or that
    of the other event that overlaps the booking; None if it has none. The finding of a session has
    no `booking_id`, that of an `UNREADABLE` calendar no schedule, and that of an account to
    `RECONNECT` no calendar. `subject_id` is what it is about: at most one finding about a subject
    is open.
    """

    id: UUID
    kind: FindingKind
    booking_id: UUID | None = None
    schedule_id: UUID | None = None
    calendar_id: UUID | None = None
    connection_id: UUID | None = None
    subject_id: UUID
    seen_at: datetime
    booked: tuple[datetime, datetime] | None = None
    there: tuple[datetime, datetime] | None = None
    reason: str | None = None
    resolution: Resolution | None = None
    resolved_at: datetime | None = None

    @property
    def choices(self) -> frozenset[Resolution]:
        """The resolutions that are possible for this finding."""
        choices = CHOICES[self.kind]
        if self.there is None or self.booking_id is None:
            choices -= {Resolution.FOLLOW}
        return choices if self.booking_id is not None else choices - {Resolution.CANCEL}


class FindingNames(Struct, frozen=True):
    """The names of what a finding is about; None where it is not about such a thing."""

    attendee: str | None = None
    schedule: str | None = None
    calendar: str | None = None
    account: str | None = None


def finding_about(
    link: CalendarLink, kind: FindingKind, seen_at: datetime, reason: str | None
) -> CalendarFinding:
    """A new finding about one of our events, without its times, seen at `seen_at`."""
    return CalendarFinding(
        id=new_id(),
        kind=kind,
        booking_id=link.booking_id,
        schedule_id=link.schedule_id,
        calendar_id=link.calendar_id,
        subject_id=link.subject_id,
        seen_at=seen_at,
        reason=reason,
    )


def finding_of_account(
    connection_id: UUID,
    kind: FindingKind,
    seen_at: datetime,
    reason: str | None,
    calendar_id: UUID | None = None,
) -> CalendarFinding:
    """A new finding about an account, or about one of its calendars."""
    return CalendarFinding(
        id=new_id(),
        kind=kind,
        calendar_id=calendar_id,
        connection_id=connection_id,
        subject_id=calendar_id or connection_id,
        seen_at=seen_at,
        reason=reason,
    )
