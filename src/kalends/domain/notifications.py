"""A user's notification settings: mail about bookings on the user's schedules, and the agenda."""

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Notification(StrEnum):
    """The news that a user can switch on and off."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    REASSIGNED = "reassigned"


class UserNotifications(Struct, frozen=True, kw_only=True):
    """A user's settings in an organization. `agenda_at` is wall-clock time in the user's zone; None
    is no agenda. `agenda_due_at` is when to check next whether an agenda is due, `agenda_sent_on`
    the last day whose agenda was sent or skipped."""

    user_id: UUID
    requested: bool = True
    confirmed: bool = True
    rescheduled: bool = True
    cancelled: bool = True
    reassigned: bool = True
    agenda_at: time | None = None
    agenda_due_at: datetime | None = None
    agenda_sent_on: date | None = None

    def wants(self, notification: Notification) -> bool:
        wanted: bool = getattr(self, notification.value)
        return wanted


class NotifiedUser(Struct, frozen=True, kw_only=True):
    """A member as a reader of mail. `zone` is the user's choice, else that of the user's first
    schedule, else the organization's. `locale` is a language tag (BCP 47)."""

    email: str
    locale: str | None
    zone: str
    notifications: UserNotifications
