"""A schedule: anything that can be booked, and when."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct

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
    """`availability` None means open at all times, an empty one never."""

    name: str
    description: str | None
    timezone: str
    availability: Availability | None
    overrides: Overrides
    booking_limits: BookingLimits
    is_active: bool


class Schedule(ScheduleRules, frozen=True, kw_only=True):
    """What can be booked: a person, a room, a machine."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


class BusyTime(Struct, frozen=True, kw_only=True, gc=False):
    """Time that cannot be booked and is no booking."""

    id: UUID
    schedule_id: UUID
    start_time: datetime
    end_time: datetime
    reason: str | None
    created_at: datetime
