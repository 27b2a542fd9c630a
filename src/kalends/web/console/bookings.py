"""The list of bookings with the API's filters: page by page, and as a CSV file."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kalends.domain.booking import Booking, BookingFilter, MinimumTotal, Status
from kalends.domain.errors import Invalid
from kalends.domain.event_type import EventType
from kalends.domain.ids import BOOKING, EVENT_TYPE, SCHEDULE, decode_id, encode_id
from kalends.domain.rights import Right
from kalends.domain.values import Day
from kalends.formats.sheets import BYTE_ORDER_MARK, pieces_of_sheet, sheet_lines
from kalends.runtime.cooperative import cooperatively
from kalends.scheduling import local_time
from kalends.services.agenda import Choices, list_choices
from kalends.services.booking_search import (
    LONGEST_TEXT,
    Search,
    list_event_types_of,
    list_next_page,
    search_bookings,
)
from kalends.translation import gettext_lazy
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.pages import clock_words
from kalends.web.pages.answers import PageAnswer, Stream
from kalends.web.pages.forms import FormFields
from kalends.web.pages.labelled_answers import answers_of

PATH: Final = "/bookings"
LIMIT: Final = 50
LARGEST_PAGE_OFFSET: Final = 1_000_000
NOT_AN_ID: Final = UUID(int=0)
FILTERS: Final = ("status", "schedule", "event_type", "since", "until", "upcoming")
# The heads of the CSV file.
COLUMNS: Final = (
    gettext_lazy("Id"),
    gettext_lazy("Status"),
    gettext_lazy("Start (UTC)"),
    gettext_lazy("End (UTC)"),
    gettext_lazy("Day"),
    gettext_lazy("Time"),
    gettext_lazy("Time zone"),
    gettext_lazy("Title"),
    gettext_lazy("Service"),
    gettext_lazy("Schedule"),
    gettext_lazy("Name"),
    gettext_lazy("E-mail"),
    gettext_lazy("Phone"),
    gettext_lazy("Attendee's time zone"),
    gettext_lazy("Notes"),
    gettext_lazy("Answers"),
    gettext_lazy("Place"),
    gettext_lazy("Source"),
    gettext_lazy("Reason for cancelling"),
    gettext_lazy("Created (UTC)"),
    gettext_lazy("Updated (UTC)"),
    gettext_lazy("Attendee's language"),
)


async def list_bookings(request: ConsoleRequest) -> PageAnswer:
    query = request.query
    search, offset = _search_in(request), _offset(query)
    choices: Choices = await request.read(list_choices)
    listed, total = await request.read(search_bookings, search, limit=LIMIT, offset=offset)
    return request.page(
        "console/bookings.html",
        "bookings",
        listed=listed,
        total=total,
        is_minimum=isinstance(total, MinimumTotal),
        limit=LIMIT,
        offset=offset,
        choices=choices,
        statuses=list(Status),
        chosen=search.filter.statuses,
        longest_text=LONGEST_TEXT,
        query=query,
        text=search.text,
        kept=_kept(query),
        **names_of(choices),
    )


async def download(request: ConsoleRequest) -> Stream:
    """All bookings that the filters match, as comma-separated values."""
    search = _search_in(request)
    choices: Choices = await request.read(list_choices)
    name = f"bookings-{request.organization.slug}.csv"
    headers = (
        ("content-disposition", f'attachment; filename="{name}"'),
        ("cache-control", "no-store"),
    )
    return Stream(_lines(request, search, choices), "text/csv; charset=utf-8", headers)


def names_of(choices: Choices) -> dict[str, Any]:
    """The names of schedules and event types by id, as templates take them."""
    return {
        "schedule_names": {one.id: one.name for one in choices.schedules},
        "event_type_names": {one.id: one.name for one in choices.event_types},
    }


async def _lines(request: ConsoleRequest, search: Search, choices: Choices) -> AsyncIterator[bytes]:
    schedules = names_of(choices)["schedule_names"]
    head = [str(column) for column in COLUMNS]
    yield BYTE_ORDER_MARK.encode() + sheet_lines([head])
    after: tuple[datetime, UUID] | None = None
    while True:
        listed: list[Booking] = await request.read(list_next_page, search, after)
        if not listed:
            return
        kinds: dict[UUID, EventType] = await request.read(list_event_types_of, listed)
        rows = (_row(request, booking, kinds, schedules) for booking in listed)
        async for lines in cooperatively(pieces_of_sheet(rows)):
            yield lines
        after = (listed[-1].start_time, listed[-1].id)


def _row(
    request: ConsoleRequest, b: Booking, kinds: Mapping[UUID, EventType], names: Mapping[UUID, str]
) -> list[str | None]:
    start = clock_words.local(b.start_time, request.zone)
    event_type = kinds.get(b.event_type_id) if b.event_type_id else None
    answers = [f"{label}: {answer}" for label, answer in answers_of(b, event_type)]
    schedules = [names.get(id_, encode_id(SCHEDULE, id_)) for id_ in b.schedule_ids]
    return [
        encode_id(BOOKING, b.id),
        b.status.value,
        clock_words.iso(b.start_time),
        clock_words.iso(b.end_time),
        start.date().isoformat(),
        f"{start:%H:%M}",
        request.zone.name,
        b.title,
        event_type.name if event_type else None,
        ", ".join(schedules),
        b.attendee_name,
        b.attendee_email,
        b.attendee_phone,
        b.attendee_timezone,
        b.attendee_notes,
        "\n".join(answers) or None,
        b.location,
        b.source,
        b.cancellation_reason,
        clock_words.iso(b.created_at),
        clock_words.iso(b.updated_at),
        b.attendee_locale,
    ]


def _search_in(request: ConsoleRequest) -> Search:
    """The filters in the query. Raises Invalid if a day is not one."""
    query, zone = request.query, request.zone.name
    since, until = _day(query, "since"), _day(query, "until")
    if since and until and until < since:
        raise Invalid.field("until", "must not be before the first day")
    criteria = BookingFilter(
        schedule_id=_id(SCHEDULE, query.get("schedule")),
        event_type_id=_id(EVENT_TYPE, query.get("event_type")),
        statuses=tuple(s for s in Status if s.value in query.all_of("status")),
        ends_after=local_time.bounds_of_day(since, zone)[0] if since else None,
        before=local_time.bounds_of_day(until, zone)[1] if until else None,
    )
    return Search(filter=criteria, text=_text_in(query), is_to_come=bool(query.get("upcoming")))


def _text_in(query: FormFields) -> str:
    """The text to search for. Older URLs call the parameter `email`."""
    return query.text("search") or query.text("email")


def _kept(query: FormFields) -> dict[str, Any]:
    """The filters that are set, for the links of the page."""
    filters: dict[str, Any] = {name: query.all_of(name) for name in FILTERS if query.get(name)}
    return {"search": text} | filters if (text := _text_in(query)) else filters


def _id(prefix: str, text: str | None) -> UUID | None:
    """An id to filter by. A text that is not an id becomes one that matches nothing."""
    return (decode_id(prefix, text) or NOT_AN_ID) if text else None


def _day(query: FormFields, name: str) -> Day | None:
    try:
        return Day.parse(query[name]) if query.get(name) else None
    except ValueError:
        raise Invalid.field(name, "must be a day, such as 2026-12-01") from None


def _offset(query: FormFields) -> int:
    text = query.get("offset", "")
    return min(int(text), LARGEST_PAGE_OFFSET) if text.isascii() and text.isdigit() else 0


PAGES: Final = (
    console_route(Right.SEE_BOOKINGS, "GET", PATH, list_bookings),
    console_route(Right.SEE_BOOKINGS, "GET", f"{PATH}.csv", download),
)
