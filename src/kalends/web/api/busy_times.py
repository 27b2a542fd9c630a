"""`/api/v1/schedules/{id}/busy-times`: list, create, delete."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, structs

from kalends.domain import ids
from kalends.domain.closed_times import ClosedTime
from kalends.domain.errors import Invalid
from kalends.domain.schedule import BusyTime
from kalends.domain.values import Day, Instant, Line
from kalends.formats.described import about
from kalends.formats.schedules import BusyTimeBody, show_busy_time
from kalends.runtime.idempotency import HttpAnswer
from kalends.scheduling import local_time
from kalends.scheduling.zones import zone_of_schedule
from kalends.services import busy_times, schedules
from kalends.web.api.listing import answer_page
from kalends.web.api.models import DayOrInstant, day_or_instant
from kalends.web.http.answers import data, deleted
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import BOOKING_SCOPES, Resource, Route


class BusyTimesQuery(PageQuery, frozen=True):
    """Busy times that meet the span from `start` to `end`."""

    start: (
        Annotated[
            DayOrInstant,
            about(
                "Only those that end after this: an instant, or a day in the schedule's zone.",
                "2026-12-01",
            ),
        ]
        | None
    ) = None
    end: (
        Annotated[
            DayOrInstant,
            about(
                "Only those that start before this: an instant, or a day, which is included.",
                "2026-12-31",
            ),
        ]
        | None
    ) = None


class CreateBusyTime(RequestModel, frozen=True):
    start_time: Instant
    end_time: Annotated[Instant, about("The end; after `start_time`, by five years at most.")]
    reason: Annotated[Line | None, Meta(examples=["Holiday"])] = None


async def list_busy_times(call: Call) -> HttpAnswer:
    """List the busy times of a schedule

    Includes what is busy in the calendars elsewhere that the schedule reads. Sorted by
    `start_time`, then id.
    """
    schedule = await call.read(schedules.get_schedule, call.id(ids.SCHEDULE))
    query = call.query(BusyTimesQuery)
    start, end = _span(query, zone_of_schedule(schedule).name)
    use_case = partial(busy_times.list_all_busy_times, schedule_id=schedule.id, span=(start, end))
    return await answer_page(call, query, use_case, show_busy_time)


async def create_busy_time(call: Call) -> HttpAnswer:
    """Create a busy time

    A busy time is time that cannot be booked and is not a booking. It may overlap anything:
    existing bookings stay as they are, new ones are refused with `BUSY`.
    """
    parse = partial(parse_new, await call.raw_json())
    schedule_id = call.id(ids.SCHEDULE)
    lock = partial(busy_times.lock_schedule, schedule_id=schedule_id)
    return await call.change(
        busy_time_response, lock_parse_update(lock, parse, busy_times.create_busy_time)
    )


async def delete_busy_time(call: Call) -> HttpAnswer:
    """Delete a busy time

    The time can be booked again.
    """
    schedule_id = call.id(ids.SCHEDULE)
    busy_time_id = call.id(ids.BUSY_TIME, "busy_id")
    return await call.change(
        partial(deleted, ids.BUSY_TIME), busy_times.delete_busy_time, schedule_id, busy_time_id
    )


def busy_time_response(busy_time: BusyTime) -> HttpAnswer:
    return data(show_busy_time(busy_time), 201)


def parse_new(body: bytes) -> ClosedTime:
    """Raises NotJson, Invalid."""
    parsed = read_body(body or b"{}", CreateBusyTime)
    new = ClosedTime(**structs.asdict(parsed))
    new.check()
    return new


def _span(query: BusyTimesQuery, zone: str) -> tuple[datetime | None, datetime | None]:
    start = None if query.start is None else _bounds("start", query.start, zone)[0]
    end = None if query.end is None else _bounds("end", query.end, zone)[1]
    if start is not None and end is not None and end <= start:
        raise Invalid.field("end", "must be after start")
    return start, end


def _bounds(field: str, text: str, zone: str) -> tuple[datetime, datetime]:
    """The first instant of a day and of the next; for an instant, that instant twice."""
    bound = day_or_instant(field, text)
    return local_time.bounds_of_day(bound, zone) if isinstance(bound, Day) else (bound, bound)


_call = Resource(
    "Busy times", "/api/v1/schedules/{id}/busy-times", BOOKING_SCOPES, item="/{busy_id}"
)

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_busy_times, BusyTimeBody, BusyTimesQuery),
    _call.create(create_busy_time, BusyTimeBody, CreateBusyTime),
    _call.delete(delete_busy_time),
)
