"""Schedules: the people, rooms and machines that can be booked, with hours and busy times."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.policies import CalendarPolicy
from kalends.domain.colors import Color

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class WindowText(Struct, frozen=True):
    """Times of day `HH:MM`; an end at or before the start is on the next day."""

    start: str
    end: str


# Windows by weekday name, and by day `YYYY-MM-DD`: one or a list, stored as the client gave them.
Availability = Mapping[str, WindowText | list[WindowText]]
Overrides = Mapping[str, WindowText | list[WindowText]]


class BookingLimits(Struct, frozen=True, omit_defaults=True):
    """Limits of a schedule. `max_per_day` counts starts on a day of the schedule's zone; the notice
    is in elapsed hours."""

    max_per_day: int | None = None
    min_notice_hours: float | None = None


class ScheduleRules(Struct, frozen=True, kw_only=True):
    """What an organization sets on a schedule.

    `availability` None is always open, an empty one never. `user_id` is the member to whom it
    belongs; None is a room or a machine. Attendees see `public_name`, or `name` if that is None. A
    `slug` or `color` of None is assigned when the schedule is created.
    """

    name: str
    description: str | None = None
    timezone: str = "UTC"
    availability: Availability | None = None
    overrides: Overrides = {}
    booking_limits: BookingLimits = BookingLimits()
    is_active: bool = True
    user_id: UUID | None = None
    slug: str | None = None
    public_name: str | None = None
    color: Color | None = None
    calendar_policy: CalendarPolicy = CalendarPolicy()

    @property
    def shown_name(self) -> str:
        """The name that attendees see."""
        return self.public_name or self.name


class Schedule(ScheduleRules, frozen=True, kw_only=True):
    """A stored schedule."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int
    # The path of its picture in URLs: the owner and the picture's name.
    photo: str | None = None


class BusyTime(Struct, frozen=True, kw_only=True, gc=False):
    """Time that cannot be booked and is no booking."""

    id: UUID
    schedule_id: UUID
    start_time: datetime
    end_time: datetime
    reason: str | None
    created_at: datetime


class ListedBusyTime(BusyTime, frozen=True, kw_only=True, gc=False):
    """A busy time in a list: one that was entered, or a busy piece of a calendar elsewhere, at most
    a day long. A busy piece has a `calendar_id`, no reason, an id of its own that no busy time has,
    and `created_at` is when it was read."""

    calendar_id: UUID | None = None
