"""A schedule: anything that can be booked, and when."""

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


# By weekday name, and by day `YYYY-MM-DD`: one window or several, kept as they were given.
Availability = Mapping[str, WindowText | list[WindowText]]
Overrides = Mapping[str, WindowText | list[WindowText]]


class BookingLimits(Struct, frozen=True, omit_defaults=True):
    """`max_per_day` counts starts on a day of the schedule's zone; notice in elapsed hours."""

    max_per_day: int | None = None
    min_notice_hours: float | None = None


class ScheduleRules(Struct, frozen=True, kw_only=True):
    """`availability` None means open at all times, an empty one never.

    `user_id` is the member whose schedule it is; None is a room's. Attendees see `public_name`,
    where it is None the name. A `slug` and `color` of None are given out when it is first written.
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
        """What attendees see."""
        return self.public_name or self.name


class Schedule(ScheduleRules, frozen=True, kw_only=True):
    """What can be booked: a person, a room, a machine."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int
    # Where its picture is: the owner and the name, as addresses have them.
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
    """One that was entered, or a piece of at most a day from a calendar elsewhere: then it has no
    reason, an id that is no busy time's, and was read when it was `created_at`."""

    calendar_id: UUID | None = None
