"""The public JSON of a schedule and of its busy times."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from kalends.domain import ids
from kalends.domain.calendars.policies import (
    CalendarPolicy,
    EventDetails,
    FreshCheck,
    OnDelete,
    OnMove,
    PendingEvents,
    WhenStale,
)
from kalends.domain.colors import Color
from kalends.domain.schedule import (
    WEEKDAYS,
    Availability,
    BookingLimits,
    BusyTime,
    ListedBusyTime,
    Schedule,
)
from kalends.formats.described import about
from kalends.formats.fields import fields_of
from kalends.formats.pictures import PictureBody, photo_of


class TimeWindow(Struct, frozen=True):
    """Times of day on the wall clock of the schedule; `24:00` is the end of the day, and an end
    before the start is on the next day."""

    start: Annotated[str, Meta(examples=["09:00"])]
    end: Annotated[str, Meta(examples=["17:00"])]


BookingsOnOneDay = Annotated[int, about("Bookings that start on one day of the schedule's zone.")]
HoursOfNotice = Annotated[float, about("Hours between now and the start of a new booking.")]


class ScheduleLimits(Struct, frozen=True):
    """What is not limited is left out."""

    max_per_day: BookingsOnOneDay | UnsetType = UNSET
    min_notice_hours: HoursOfNotice | UnsetType = UNSET


class CalendarPolicyBody(Struct, frozen=True):
    """What the schedule does about its calendars elsewhere."""

    on_move: OnMove
    on_delete: OnDelete
    pending: PendingEvents
    details: EventDetails
    fresh_check: FreshCheck
    when_stale: WhenStale
    close_after_hours: int | None


class ScheduleBody(Struct, frozen=True):
    """Anything that can be booked: a person, a room, a machine."""

    id: Annotated[str, Meta(examples=["sch_0352lF5NnllfIJ66lPpfc3"])]
    name: Annotated[str, Meta(examples=["Room 1"])]
    description: str | None
    timezone: Annotated[str, about("IANA name.", "Europe/Berlin")]
    availability: Annotated[
        dict[str, TimeWindow | list[TimeWindow]] | None,
        about(
            "By weekday; null is open at all times, `{}` never.",
            {"monday": {"start": "09:00", "end": "17:00"}},
        ),
    ]
    overrides: Annotated[
        dict[str, TimeWindow | list[TimeWindow]],
        about(
            "By day, instead of that weekday's windows; an empty list closes the day.",
            {"2026-12-24": [], "2026-12-31": [{"start": "09:00", "end": "12:00"}]},
        ),
    ]
    booking_limits: ScheduleLimits
    is_active: bool
    created_at: datetime
    updated_at: datetime
    user_id: Annotated[
        str | None,
        about(
            "The user that the schedule belongs to; null for a room or a machine.",
            "usr_0352lF5NnllfIJ66lPpfc3",
        ),
    ]
    slug: Annotated[str, about("Unique in the organization, for URLs.", "room-1")]
    public_name: Annotated[str, about("The name that attendees see.", "Ada Lovelace")]
    color: Annotated[Color, about("A colour that tells schedules apart at a glance.")]
    calendar_policy: CalendarPolicyBody
    photo: Annotated[
        PictureBody | None,
        about("The photo that attendees see beside the name; set by a call of its own."),
    ]


class BusySource(StrEnum):
    """Where a busy time comes from."""

    MANUAL = "manual"
    CALENDAR = "calendar"


class BusyTimeBody(Struct, frozen=True):
    """Time on a schedule that cannot be booked and is no booking."""

    id: Annotated[str, Meta(examples=["busy_0352lF5NnllfIJ66lPpfc3"])]
    schedule_id: str
    start_time: datetime
    end_time: datetime
    reason: Annotated[str | None, Meta(examples=["Holiday"])]
    created_at: datetime
    source: Annotated[
        BusySource,
        about(
            "`manual` was entered here. `calendar` comes from a calendar elsewhere, in pieces of "
            "at most a day, and cannot be deleted here."
        ),
    ]
    calendar_id: Annotated[
        str | None, about("The calendar that it comes from; null if it was entered here.")
    ]


def show_schedule(schedule: Schedule) -> dict[str, Any]:
    """The schedule as the API shows it; the fields of `ScheduleBody`, ready to encode."""
    return fields_of(
        ScheduleBody,
        schedule,
        {"id": ids.SCHEDULE, "user_id": ids.USER},
        availability=None if schedule.availability is None else _by_weekday(schedule.availability),
        overrides=dict(sorted(schedule.overrides.items())),
        booking_limits=_limits(schedule.booking_limits),
        public_name=schedule.shown_name,
        calendar_policy=_policy(schedule.calendar_policy),
        photo=photo_of(schedule),
    )


def show_busy_time(busy_time: BusyTime) -> dict[str, Any]:
    """The busy time as the API shows it; the fields of `BusyTimeBody`, ready to encode."""
    b = busy_time
    calendar_id = b.calendar_id if isinstance(b, ListedBusyTime) else None
    return {
        "id": ids.encode_id(ids.BUSY_TIME, b.id),
        "schedule_id": ids.encode_id(ids.SCHEDULE, b.schedule_id),
        "start_time": b.start_time,
        "end_time": b.end_time,
        "reason": b.reason,
        "created_at": b.created_at,
        "source": BusySource.CALENDAR if calendar_id else BusySource.MANUAL,
        "calendar_id": ids.encode_id_or_none(ids.CALENDAR, calendar_id),
    }


def _by_weekday(availability: Availability) -> Mapping[str, Any]:
    """The availability with Monday first, as the column (jsonb) keeps no order."""
    return {day: availability[day] for day in WEEKDAYS if day in availability}


def _policy(policy: CalendarPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in CalendarPolicy.__struct_fields__}


def _limits(limits: BookingLimits) -> dict[str, float]:
    """The limits that are set; a whole number of hours is written without `.0`."""
    body: dict[str, float] = {}
    if limits.max_per_day is not None:
        body["max_per_day"] = limits.max_per_day
    if (notice := limits.min_notice_hours) is not None:
        body["min_notice_hours"] = int(notice) if notice == int(notice) else notice
    return body
