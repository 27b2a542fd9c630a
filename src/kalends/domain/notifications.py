"""What a user is mailed: news about bookings on the own schedules, and the day's agenda."""

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Notification(StrEnum):
    """What a user wants to be mailed, or does not."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    REASSIGNED = "reassigned"


class UserNotifications(Struct, frozen=True, kw_only=True):
    """A user's choice in an organization. `agenda_at` is wall-clock time in the user's zone; None
    is no agenda. `agenda_due_at` is when to look next whether it is time, `agenda_sent_on` the
    last day that is settled."""

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
    """A member as mail knows it. `zone` is the name of the user's zone: the user's own choice, else
    that of its first schedule, else the organization's. `locale` is BCP 47."""

    email: str
    locale: str | None
    zone: str
    notifications: UserNotifications
