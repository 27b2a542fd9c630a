"""`…/calendars/{id}/events`: events that a program puts into the calendars of a sandbox."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.errors import Invalid
from kalends.domain.values import Instant
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.calendars import sandbox_events
from kalends.services.calendars.sandbox_events import SandboxCalendar, SandboxEvent
from kalends.web.http.answers import data, data_of, deleted
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import CALENDAR_SCOPES, Resource, Route

LARGEST_EVENT: Final = 500_000


class PutCalendarEvent(RequestModel, frozen=True):
    """An event of a calendar: its times, or all of it as iCalendar."""

    start_time: Annotated[
        Instant | None, about("The start; required unless `icalendar` is given.")
    ] = None
    end_time: Annotated[Instant | None, about("The end; after `start_time`.")] = None
    tentative: bool = False
    out_of_office: bool = False
    icalendar: (
        Annotated[
            str,
            about(
                "A calendar (RFC 5545) with the event: its rules, exceptions, zones.",
                max_length=LARGEST_EVENT,
            ),
        ]
        | None
    ) = None


class CalendarEventBody(Struct, frozen=True):
    """An event of a calendar; Kalends keeps only its times."""

    id: Annotated[str, Meta(examples=["cev_0352lF5NnllfIJ66lPpfc3"])]


async def create_event(call: Call) -> HttpAnswer:
    """Put an event into a calendar of a sandbox

    Works as if somebody had entered the event there. Give its times, or an iCalendar text with
    rules, exceptions and zones. Only for calendars of the provider `test`.
    """
    parse = partial(parse_event, await call.raw_json())
    lock = partial(sandbox_events.lock_calendar, place=_calendar(call))
    use_case = lock_parse_update(lock, parse, sandbox_events.create_event)
    return await call.change(lambda event_id: data(_shown(event_id), 201), use_case)


async def update_event(call: Call) -> HttpAnswer:
    """Replace an event of a calendar of a sandbox

    The event is replaced as a whole.
    """
    parse = partial(parse_event, await call.raw_json())
    lock = partial(sandbox_events.lock_event, place=_event(call))
    use_case = lock_parse_update(lock, parse, sandbox_events.replace_event)
    return await call.change(lambda event_id: data(_shown(event_id)), use_case)


async def delete_event(call: Call) -> HttpAnswer:
    """Delete an event of a calendar of a sandbox"""
    return await call.change(
        partial(deleted, ids.CALENDAR_EVENT),
        sandbox_events.delete_event,
        _event(call),
    )


def parse_event(body: bytes) -> bytes:
    """The event as iCalendar. Raises NotJson, Invalid."""
    given = read_body(body or b"{}", PutCalendarEvent)
    if given.icalendar is not None:
        return given.icalendar.encode()
    if given.start_time is None:
        raise Invalid.field("start_time", "is required without icalendar")
    if given.end_time is None or given.end_time <= given.start_time:
        raise Invalid.field("end_time", "must be after start_time")
    return "\r\n".join(_lines(given, given.start_time, given.end_time)).encode()


def _lines(given: PutCalendarEvent, start: datetime, end: datetime) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:event")
    yield f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTEND:{end.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    if given.tentative:
        yield "STATUS:TENTATIVE"
    if given.out_of_office:
        yield "X-MICROSOFT-CDO-BUSYSTATUS:OOF"
    yield from ("END:VEVENT", "END:VCALENDAR", "")


def _calendar(call: Call) -> SandboxCalendar:
    return SandboxCalendar(*_ids_in(call))


def _event(call: Call) -> SandboxEvent:
    return SandboxEvent(*_ids_in(call), call.id(ids.CALENDAR_EVENT, "event_id"))


def _ids_in(call: Call) -> tuple[UUID, UUID]:
    return call.id(ids.CALENDAR_CONNECTION), call.id(ids.CALENDAR, "calendar_id")


def _shown(event_id: UUID) -> CalendarEventBody:
    return CalendarEventBody(id=ids.encode_id(ids.CALENDAR_EVENT, event_id))


_call = Resource(
    "Calendars",
    "/api/v1/calendar-connections/{id}/calendars/{calendar_id}/events",
    CALENDAR_SCOPES,
    item="/{event_id}",
)

ROUTES: Final[tuple[Route, ...]] = (
    _call("POST", create_event, {201: data_of(CalendarEventBody)}, body=PutCalendarEvent),
    _call(
        "PATCH /{event_id}", update_event, {200: data_of(CalendarEventBody)}, body=PutCalendarEvent
    ),
    _call.delete(delete_event),
)
