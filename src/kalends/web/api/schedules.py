"""`/api/v1/schedules`: list, get, create, update, delete, and their photos."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType, structs

from kalends.domain import ids
from kalends.domain.calendars.policies import CalendarPolicy, WhenStale
from kalends.domain.changes import FieldChanges, values_to_change
from kalends.domain.colors import Color
from kalends.domain.errors import Invalid
from kalends.domain.pictures import PHOTO_BOX
from kalends.domain.schedule import WEEKDAYS, BookingLimits, Schedule, WindowText
from kalends.domain.values import ClockTime, Day, Name, Slug, Text
from kalends.formats.described import about
from kalends.formats.schedules import ScheduleBody, show_schedule
from kalends.runtime.idempotency import HttpAnswer
from kalends.services import pictures, schedules
from kalends.services.schedules import NewSchedule
from kalends.web import use_cases
from kalends.web.api.models import ZoneName, bookings_a_day, check_zone
from kalends.web.api.pictures import LARGEST_PICTURE_BODY_BYTES, SetPicture, parse_picture
from kalends.web.http.answers import DataOf
from kalends.web.http.call import Call, id_named
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import BOOKING_SCOPES, Resource, Route
from kalends.web.http.versioned import VersionedCalls

MOST_WINDOWS: Final = 50
MOST_OVERRIDES: Final = 2000
LONGEST_NOTICE_HOURS: Final = 10 * 366 * 24
LONGEST_STALE_HOURS: Final = 366 * 24
END_OF_DAY: Final = "24:00"


class SchedulesQuery(PageQuery, frozen=True):
    active: Annotated[bool, about("false lists the inactive ones instead.")] = True


class WindowInput(RequestModel, frozen=True):
    """From `start` to `end`, on the wall clock of the schedule's zone.

    `end` may be `24:00`; one before `start` is on the next day; the same as `start` is refused.
    """

    start: ClockTime
    end: ClockTime


Windows = WindowInput | Annotated[list[WindowInput], Meta(max_length=MOST_WINDOWS)]


class AvailabilityInput(RequestModel, frozen=True):
    """A weekday that is left out is closed. Windows may overlap and cross midnight."""

    monday: Windows | UnsetType = UNSET
    tuesday: Windows | UnsetType = UNSET
    wednesday: Windows | UnsetType = UNSET
    thursday: Windows | UnsetType = UNSET
    friday: Windows | UnsetType = UNSET
    saturday: Windows | UnsetType = UNSET
    sunday: Windows | UnsetType = UNSET


BookingsADay = Annotated[
    int, bookings_a_day("Bookings that start on one day of the schedule's zone.", 8)
]


class ScheduleLimitsInput(RequestModel, frozen=True):
    """null is no limit."""

    max_per_day: BookingsADay | None = None
    min_notice_hours: (
        Annotated[
            float,
            about(
                "Hours between now and the start of a new booking. null lets bookings be recorded "
                "in the past, 0 does not.",
                24,
                ge=0,
                le=LONGEST_NOTICE_HOURS,
            ),
        ]
        | None
    ) = None


class CalendarPolicyInput(CalendarPolicy, RequestModel, frozen=True):
    """What is left out has its default."""

    close_after_hours: (
        Annotated[
            int,
            about(
                "Required with `when_stale` `close`, and only allowed with it.",
                6,
                ge=1,
                le=LONGEST_STALE_HOURS,
            ),
        ]
        | None
    ) = None


Overrides = Annotated[
    dict[str, Windows],
    about(
        "By day (`YYYY-MM-DD`, 1900 to 2199): the windows of that day, instead of its weekday's. "
        "An empty list closes the day.",
        {"2026-12-24": [], "2026-12-31": [{"start": "09:00", "end": "12:00"}]},
        max_length=MOST_OVERRIDES,
    ),
]
AVAILABILITY: Final = about(
    "By weekday, one window or a list of them. null is open at all times, `{}` never.",
    {
        "monday": {"start": "09:00", "end": "17:00"},
        "friday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "15:00"}],
    },
)


UserId = Annotated[
    str,
    about(
        "The user that the schedule belongs to, who is the host of its bookings; null for a room "
        "or a machine.",
        "usr_0352lF5NnllfIJ66lPpfc3",
    ),
]
PublicName = Annotated[Name, about("The name that attendees see. null is `name`.", "Ada Lovelace")]


class CreateSchedule(RequestModel, frozen=True):
    name: Annotated[Name, Meta(examples=["Room 1"])]
    description: Text | None = None
    timezone: ZoneName = "UTC"
    availability: Annotated[AvailabilityInput | None, AVAILABILITY] = None
    overrides: Overrides | None = None
    booking_limits: ScheduleLimitsInput | None = None
    is_active: Annotated[bool, about("Only active schedules can be booked.")] = True
    user_id: UserId | None = None
    slug: Annotated[
        Slug | None, about("Default: from the name, with a suffix if that is taken.")
    ] = None
    public_name: PublicName | None = None
    color: Annotated[Color | None, about("Default: the one after that of the newest schedule.")] = (
        None
    )
    calendar_policy: CalendarPolicyInput | None = None


class UpdateSchedule(RequestModel, frozen=True):
    """What is left out stays as it is; availability, overrides, limits and policy are replaced
    whole."""

    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    timezone: ZoneName | UnsetType = UNSET
    availability: Annotated[AvailabilityInput | UnsetType | None, AVAILABILITY] = UNSET
    overrides: Overrides | UnsetType | None = UNSET
    booking_limits: ScheduleLimitsInput | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    user_id: UserId | UnsetType | None = UNSET
    slug: Slug | UnsetType = UNSET
    public_name: PublicName | UnsetType | None = UNSET
    color: Annotated[
        Color | UnsetType, about("A colour that tells schedules apart at a glance.")
    ] = UNSET
    calendar_policy: CalendarPolicyInput | UnsetType | None = UNSET


class SetPhoto(SetPicture, frozen=True): ...


CALLS: Final = VersionedCalls(use_cases.SCHEDULES, show_schedule)


async def list_schedules(call: Call) -> HttpAnswer:
    """List schedules

    In order of creation. Only active ones, unless `active=false`.
    """
    query = call.query(SchedulesQuery)
    return await CALLS.list(call, query, is_active=query.active)


async def get_schedule(call: Call) -> HttpAnswer:
    """Get a schedule"""
    return await CALLS.get(call)


async def create_schedule(call: Call) -> HttpAnswer:
    """Create a schedule

    A schedule is anything that can be booked: a person, a room, a machine. Without `availability`
    it is open at all times.
    """
    new = parse_new(await call.body(CreateSchedule))
    return await CALLS.create(call, new)


async def update_schedule(call: Call) -> HttpAnswer:
    """Update a schedule

    `availability`, `overrides`, `booking_limits` and `calendar_policy` are each replaced as a
    whole. Existing bookings stay as they are, even if the new hours would not allow them. If
    `user_id` changes, the calendars of the previous user are unlinked from the schedule.
    """
    return await CALLS.update(call, parse_changes)


async def delete_schedule(call: Call) -> HttpAnswer:
    """Delete a schedule

    Refused while event types use it, or PENDING or CONFIRMED bookings that have not ended. Its
    past bookings stay readable.
    """
    return await CALLS.delete(call)


async def set_schedule_photo(call: Call) -> HttpAnswer:
    """Set the photo of a schedule

    Attendees see it beside the name, on the pages where they book and on those of their bookings.
    PNG, JPEG or WebP, at most 2 MB and 12 million pixels. It is re-encoded at no more than 192 by
    192 pixels, and nothing but its pixels is kept.
    """
    schedule_id = call.id(ids.SCHEDULE)
    content = parse_picture(await call.body(SetPhoto, LARGEST_PICTURE_BODY_BYTES))
    picture = await pictures.read_picture(call.context, "content", content, PHOTO_BOX)
    return await call.change(CALLS.answer, schedules.set_photo, schedule_id, call.if_match, picture)


async def delete_schedule_photo(call: Call) -> HttpAnswer:
    """Remove the photo of a schedule

    The file is deleted; mail that was sent shows nothing in its place.
    """
    schedule_id = call.id(ids.SCHEDULE)
    return await call.change(CALLS.answer, schedules.set_photo, schedule_id, call.if_match, None)


def parse_new(body: CreateSchedule) -> NewSchedule:
    """Raises NotFound (the user), Invalid."""
    check_zone("timezone", body.timezone)
    return NewSchedule(**(structs.asdict(body) | _rules(body)))


def parse_changes(body: bytes) -> FieldChanges[Schedule]:
    """Raises NotJson, NotFound (the user), Invalid."""
    parsed = read_body(body or b"{}", UpdateSchedule)
    if parsed.timezone is not UNSET:
        check_zone("timezone", parsed.timezone)
    return FieldChanges[Schedule](**(values_to_change(parsed) | _rules(parsed)))


def _rules(body: CreateSchedule | UpdateSchedule) -> dict[str, Any]:
    """The fields whose form in the domain differs, in that form; without those that are UNSET."""
    values: dict[str, Any] = {}
    if isinstance(body.user_id, str):
        values["user_id"] = id_named(ids.USER, body.user_id)
    if isinstance(body.availability, AvailabilityInput):
        values["availability"] = _availability(body.availability)
    if body.overrides is not UNSET:
        values["overrides"] = _overrides(body.overrides or {})
    if body.booking_limits is not UNSET:
        limits = structs.asdict(body.booking_limits) if body.booking_limits else {}
        values["booking_limits"] = BookingLimits(**limits)
    if body.calendar_policy is not UNSET:
        values["calendar_policy"] = _policy(body.calendar_policy or CalendarPolicyInput())
    return values


def _policy(body: CalendarPolicyInput) -> CalendarPolicy:
    """Raises Invalid for hours that the policy does not use, or that it lacks."""
    closes, hours = body.when_stale is WhenStale.CLOSE, body.close_after_hours
    if closes and hours is None:
        raise Invalid.field("calendar_policy.close_after_hours", "is required by `close`")
    if not closes and hours is not None:
        raise Invalid.field("calendar_policy.close_after_hours", "is for `close` alone")
    return CalendarPolicy(**structs.asdict(body))


def _availability(body: AvailabilityInput) -> dict[str, WindowText | list[WindowText]]:
    windows_by_day = {day: getattr(body, day) for day in WEEKDAYS}
    return {
        day: _windows(f"availability.{day}", windows)
        for day, windows in windows_by_day.items()
        if windows is not UNSET
    }


def _overrides(windows_by_day: dict[str, Windows]) -> dict[str, WindowText | list[WindowText]]:
    values = {}
    for day, windows in windows_by_day.items():
        try:
            Day.parse(day)
        except ValueError as error:
            raise Invalid.field(f"overrides.{day[:100]}", str(error)) from None
        values[day] = _windows(f"overrides.{day}", windows)
    return values


def _windows(field: str, windows: WindowInput | list[WindowInput]) -> WindowText | list[WindowText]:
    """The windows as they were given, one or a list. Raises Invalid for an impossible one."""
    if isinstance(windows, list):
        return [_window(f"{field}.{number}", window) for number, window in enumerate(windows)]
    return _window(field, windows)


def _window(field: str, window: WindowInput) -> WindowText:
    if window.start == END_OF_DAY:
        raise Invalid.field(f"{field}.start", "cannot be 24:00, which only ends a window")
    if window.start == window.end:
        raise Invalid.field(field, "must not end as it starts (a whole day is 00:00 to 24:00)")
    return WindowText(str(window.start), str(window.end))


_call = Resource("Schedules", "/api/v1/schedules", BOOKING_SCOPES, has_versions=True)
_SHOWN: Final = {200: DataOf[ScheduleBody]}

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_schedules, ScheduleBody, SchedulesQuery),
    _call.create(create_schedule, ScheduleBody, CreateSchedule, errors=("SLUG_TAKEN",)),
    _call.get(get_schedule, ScheduleBody),
    _call.update(update_schedule, ScheduleBody, UpdateSchedule, errors=("SLUG_TAKEN",)),
    _call.delete(delete_schedule, errors=("IN_USE",)),
    _call("PUT /{id}/photo", set_schedule_photo, _SHOWN, body=SetPhoto, etag=True, if_match=True),
    _call("DELETE /{id}/photo", delete_schedule_photo, _SHOWN, etag=True, if_match=True),
)
