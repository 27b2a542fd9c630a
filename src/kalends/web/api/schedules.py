"""`/api/v1/schedules`: list, get, create, update, delete."""

from functools import partial
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType, structs

from kalends.domain import ids
from kalends.domain.errors import Invalid
from kalends.domain.schedule import WEEKDAYS, BookingLimits, WindowText
from kalends.domain.values import ClockTime, Day, Name, Text
from kalends.formats.schedules import ScheduleBody, show_schedule
from kalends.runtime.idempotency import HttpAnswer
from kalends.services import schedules
from kalends.services.schedules import NewSchedule, ScheduleChanges
from kalends.web.api.listing import answer_page_in_pieces
from kalends.web.api.models import PageQuery, RequestModel, ZoneName, check_zone
from kalends.web.http.answers import DataOf, Deleted, PageOf
from kalends.web.http.call import Call
from kalends.web.http.reading import read_body
from kalends.web.http.routes import BOOKING_SCOPES, Resource, Route
from kalends.web.http.versioned import VersionedCalls

MOST_WINDOWS: Final = 50
MOST_OVERRIDES: Final = 2000
MOST_BOOKINGS_A_DAY: Final = 100_000
LONGEST_NOTICE_HOURS: Final = 10 * 366 * 24
END_OF_DAY: Final = "24:00"


class SchedulesQuery(PageQuery, frozen=True):
    active: Annotated[bool, Meta(description="false lists the inactive ones instead.")] = True


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


class ScheduleLimitsInput(RequestModel, frozen=True):
    """null is no limit."""

    max_per_day: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=MOST_BOOKINGS_A_DAY,
                description="Bookings that start on one day of the schedule's zone.",
                examples=[8],
            ),
        ]
        | None
    ) = None
    min_notice_hours: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=LONGEST_NOTICE_HOURS,
                description="Hours between now and the start of a new booking. null lets "
                "bookings be recorded in the past, 0 does not.",
                examples=[24],
            ),
        ]
        | None
    ) = None


Overrides = Annotated[
    dict[str, Windows],
    Meta(
        max_length=MOST_OVERRIDES,
        description="By day (`YYYY-MM-DD`, 1900 to 2199): what is open instead of that weekday's "
        "windows. An empty list closes the day.",
        examples=[{"2026-12-24": [], "2026-12-31": [{"start": "09:00", "end": "12:00"}]}],
    ),
]
AVAILABILITY: Final = Meta(
    description="By weekday, one window or a list of them. null is open at all times, `{}` never.",
    examples=[
        {
            "monday": {"start": "09:00", "end": "17:00"},
            "friday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "15:00"}],
        }
    ],
)


class CreateSchedule(RequestModel, frozen=True):
    name: Annotated[Name, Meta(examples=["Room 1"])]
    description: Text | None = None
    timezone: ZoneName = "UTC"
    availability: Annotated[AvailabilityInput | None, AVAILABILITY] = None
    overrides: Overrides | None = None
    booking_limits: ScheduleLimitsInput | None = None
    is_active: Annotated[bool, Meta(description="Only active schedules can be booked.")] = True


class UpdateSchedule(RequestModel, frozen=True):
    """What is left out stays as it is; availability, overrides and limits are replaced whole."""

    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    timezone: ZoneName | UnsetType = UNSET
    availability: Annotated[AvailabilityInput | UnsetType | None, AVAILABILITY] = UNSET
    overrides: Overrides | UnsetType | None = UNSET
    booking_limits: ScheduleLimitsInput | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


CALLS: Final = VersionedCalls(ids.SCHEDULE, "schedule", show_schedule)


async def list_schedules(call: Call) -> HttpAnswer:
    """List schedules

    In the order of their creation; the active ones, unless `active=false`.
    """
    query = call.query(SchedulesQuery)
    use_case = partial(schedules.list_schedules, is_active=query.active)
    return await answer_page_in_pieces(call, query, use_case, show_schedule)


async def get_schedule(call: Call) -> HttpAnswer:
    """Get a schedule"""
    return await CALLS.get(call, schedules.get_schedule)


async def create_schedule(call: Call) -> HttpAnswer:
    """Create a schedule

    A schedule is anything that can be booked: a person, a room, a machine. Without `availability`
    it is open at all times.
    """
    new = parse_new(await call.body(CreateSchedule))
    return await CALLS.create(call, schedules.create_schedule, new)


async def update_schedule(call: Call) -> HttpAnswer:
    """Update a schedule

    Replaces `availability`, `overrides` and `booking_limits` whole. Existing bookings stay as they
    are, also where the new hours would not allow them.
    """
    return await CALLS.update(
        call, schedules.lock_schedule, parse_changes, schedules.update_schedule
    )


async def delete_schedule(call: Call) -> HttpAnswer:
    """Delete a schedule

    Refused while event types, or PENDING or CONFIRMED bookings that have not ended, point at it.
    Its past bookings stay readable.
    """
    return await CALLS.delete(call, schedules.delete_schedule)


def parse_new(body: CreateSchedule) -> NewSchedule:
    """Raises Invalid."""
    check_zone("timezone", body.timezone)
    return NewSchedule(**(structs.asdict(body) | _rules(body)))


def parse_changes(body: bytes) -> ScheduleChanges:
    """Raises NotJson, Invalid."""
    parsed = read_body(body or b"{}", UpdateSchedule)
    if parsed.timezone is not UNSET:
        check_zone("timezone", parsed.timezone)
    return ScheduleChanges(**(structs.asdict(parsed) | _rules(parsed)))


def _rules(body: CreateSchedule | UpdateSchedule) -> dict[str, Any]:
    """Availability, overrides and limits in the words of the domain, but what is UNSET."""
    values: dict[str, Any] = {}
    if isinstance(body.availability, AvailabilityInput):
        values["availability"] = _availability(body.availability)
    if body.overrides is not UNSET:
        values["overrides"] = _overrides(body.overrides or {})
    if body.booking_limits is not UNSET:
        limits = structs.asdict(body.booking_limits) if body.booking_limits else {}
        values["booking_limits"] = BookingLimits(**limits)
    return values


def _availability(body: AvailabilityInput) -> dict[str, WindowText | list[WindowText]]:
    given = {day: getattr(body, day) for day in WEEKDAYS}
    return {
        day: _windows(f"availability.{day}", windows)
        for day, windows in given.items()
        if windows is not UNSET
    }


def _overrides(given: dict[str, Windows]) -> dict[str, WindowText | list[WindowText]]:
    values = {}
    for day, windows in given.items():
        try:
            Day.parse(day)
        except ValueError as error:
            raise Invalid.field(f"overrides.{day[:100]}", str(error)) from None
        values[day] = _windows(f"overrides.{day}", windows)
    return values


def _windows(field: str, given: WindowInput | list[WindowInput]) -> WindowText | list[WindowText]:
    """As they were given, one or a list. Raises Invalid for one that cannot be."""
    if isinstance(given, list):
        return [_window(f"{field}.{number}", window) for number, window in enumerate(given)]
    return _window(field, given)


def _window(field: str, given: WindowInput) -> WindowText:
    if given.start == END_OF_DAY:
        raise Invalid.field(f"{field}.start", "cannot be 24:00, which only ends a window")
    if given.start == given.end:
        raise Invalid.field(field, "must not end as it starts (a whole day is 00:00 to 24:00)")
    return WindowText(str(given.start), str(given.end))


_call = Resource(tag="Schedules", path="/api/v1/schedules", scopes=BOOKING_SCOPES)

ROUTES: Final[tuple[Route, ...]] = (
    _call("GET", list_schedules, {200: PageOf[ScheduleBody]}, query=SchedulesQuery),
    _call("POST", create_schedule, {201: DataOf[ScheduleBody]}, body=CreateSchedule, etag=True),
    _call("GET /{id}", get_schedule, {200: DataOf[ScheduleBody]}, etag=True),
    _call(
        "PATCH /{id}",
        update_schedule,
        {200: DataOf[ScheduleBody]},
        body=UpdateSchedule,
        etag=True,
        if_match=True,
    ),
    _call(
        "DELETE /{id}", delete_schedule, {200: DataOf[Deleted]}, if_match=True, errors=("IN_USE",)
    ),
)
