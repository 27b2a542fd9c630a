"""The public JSON of a schedule and of its busy times."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from kalends.domain import ids
from kalends.domain.schedule import WEEKDAYS, Availability, BookingLimits, BusyTime, Schedule


class TimeWindow(Struct, frozen=True):
    """Times of day on the wall clock of the schedule; `24:00` is the end of the day, and an end
    before the start is on the next day."""

    start: Annotated[str, Meta(examples=["09:00"])]
    end: Annotated[str, Meta(examples=["17:00"])]


class ScheduleLimits(Struct, frozen=True):
    """What is not limited is left out."""

    max_per_day: (
        Annotated[int, Meta(description="Bookings that start on one day of the schedule's zone.")]
        | UnsetType
    ) = UNSET
    min_notice_hours: (
        Annotated[float, Meta(description="Hours between now and the start of a new booking.")]
        | UnsetType
    ) = UNSET


class ScheduleBody(Struct, frozen=True):
    """Anything that can be booked: a person, a room, a machine."""

    id: Annotated[str, Meta(examples=["sch_0352lF5NnllfIJ66lPpfc3"])]
    name: Annotated[str, Meta(examples=["Room 1"])]
    description: str | None
    timezone: Annotated[str, Meta(description="IANA name.", examples=["Europe/Berlin"])]
    availability: Annotated[
        dict[str, TimeWindow | list[TimeWindow]] | None,
        Meta(
            description="By weekday; null is open at all times, `{}` never.",
            examples=[{"monday": {"start": "09:00", "end": "17:00"}}],
        ),
    ]
    overrides: Annotated[
        dict[str, TimeWindow | list[TimeWindow]],
        Meta(
            description="By day, instead of that weekday's windows; an empty list closes the day.",
            examples=[{"2026-12-24": [], "2026-12-31": [{"start": "09:00", "end": "12:00"}]}],
        ),
    ]
    booking_limits: ScheduleLimits
    is_active: bool
    created_at: datetime
    updated_at: datetime


class BusyTimeBody(Struct, frozen=True):
    """Time on a schedule that cannot be booked and is no booking."""

    id: Annotated[str, Meta(examples=["busy_0352lF5NnllfIJ66lPpfc3"])]
    schedule_id: str
    start_time: datetime
    end_time: datetime
    reason: Annotated[str | None, Meta(examples=["Holiday"])]
    created_at: datetime


def show_schedule(schedule: Schedule) -> dict[str, Any]:
    """The schedule as the API shows it; the fields of `ScheduleBody`, ready to encode."""
    s = schedule
    return {
        "id": ids.encode_id(ids.SCHEDULE, s.id),
        "name": s.name,
        "description": s.description,
        "timezone": s.timezone,
        "availability": None if s.availability is None else _by_weekday(s.availability),
        "overrides": dict(sorted(s.overrides.items())),
        "booking_limits": _limits(s.booking_limits),
        "is_active": s.is_active,
        "created_at": s.created_at,
        "updated_at": s.updated_at,
    }


def show_busy_time(busy_time: BusyTime) -> dict[str, Any]:
    """The busy time as the API shows it; the fields of `BusyTimeBody`, ready to encode."""
    b = busy_time
    return {
        "id": ids.encode_id(ids.BUSY_TIME, b.id),
        "schedule_id": ids.encode_id(ids.SCHEDULE, b.schedule_id),
        "start_time": b.start_time,
        "end_time": b.end_time,
        "reason": b.reason,
        "created_at": b.created_at,
    }


def _by_weekday(availability: Availability) -> Mapping[str, Any]:
    """The same, Monday first: the column (jsonb) keeps no order."""
    return {day: availability[day] for day in WEEKDAYS if day in availability}


def _limits(limits: BookingLimits) -> dict[str, float]:
    """What is limited; a whole number of hours as it was given, without `.0`."""
    found: dict[str, float] = {}
    if limits.max_per_day is not None:
        found["max_per_day"] = limits.max_per_day
    if (notice := limits.min_notice_hours) is not None:
        found["min_notice_hours"] = int(notice) if notice == int(notice) else notice
    return found
