"""`/api/v1/bookings`: list, get, create, update, cancel."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import UNSET, UnsetType, structs

from kalends.domain import ids
from kalends.domain.booking import Booking, BookingFilter, LocationType, Status
from kalends.domain.changes import values_to_change
from kalends.domain.errors import Invalid
from kalends.domain.invisible_characters import is_blank
from kalends.domain.language_tags import LanguageTag
from kalends.domain.values import Day, Email, Instant, Line, Name, Phone, Text
from kalends.formats.bookings import BookingBody, CancelledBookingBody, show_booking
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.scheduling import local_time
from kalends.scheduling.booking_changes import BookingChanges, Cancellation
from kalends.scheduling.booking_creation import NewAttendee, NewBooking
from kalends.services import bookings
from kalends.web.api.listing import answer_page
from kalends.web.api.models import DayOrInstant, ZoneName, check_zone, day_or_instant
from kalends.web.http.answers import DataOf, data
from kalends.web.http.call import Call, id_named
from kalends.web.http.locked_changes import answer_patch, lock_parse_update
from kalends.web.http.reading import read_body, read_query
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import BOOKING_SCOPES, Resource, Route

DETAILS: Final = ("cancellation_reason", "title", "location", "location_type", "timezone")
MOST_SCHEDULES: Final = 300
NOT_AN_ID: Final = UUID(int=0)
_STATUS: Final = "|".join(Status)
LOCALE: Final = (
    "The attendee's language as a tag (BCP 47), which decides how dates and the clock look in "
    "mail and on pages. Stored in canonical form: `DE-ch` as `de-CH`."
)


class BookingsQuery(PageQuery, frozen=True):
    """All filters hold together."""

    schedule_id: Annotated[str, about("Bookings that take this schedule.")] | None = None
    event_type_id: str | None = None
    status: (
        Annotated[
            str,
            about(
                "PENDING, CONFIRMED, CANCELLED, COMPLETED or NO_SHOW; or several, separated by "
                "commas.",
                "CONFIRMED",
                "PENDING,CONFIRMED",
                extra_json_schema={"pattern": f"^({_STATUS})(,({_STATUS}))*$"},
            ),
        ]
        | None
    ) = None
    upcoming: Annotated[bool, about("Only bookings that start in the future.")] = False
    start_date: (
        Annotated[
            DayOrInstant,
            about(
                "Only bookings that start then or later: a day or an instant.",
                "2026-12-01",
                "2026-12-01T10:00:00Z",
            ),
        ]
        | None
    ) = None
    end_date: (
        Annotated[
            DayOrInstant,
            about(
                "Only bookings that start then or earlier: an instant, or a day, which is "
                "included whole; not before `start_date`.",
                "2026-12-31",
            ),
        ]
        | None
    ) = None
    overlaps_start: (
        Annotated[
            DayOrInstant,
            about(
                "Start of a span, given with `overlaps_end`: only bookings that overlap the span, "
                "also those that began before it. A day or an instant.",
                "2026-12-01",
                "2026-12-01T10:00:00Z",
            ),
        ]
        | None
    ) = None
    overlaps_end: (
        Annotated[
            DayOrInstant,
            about(
                "End of the span: an instant, which is not part of it, or a day, which is "
                "included.",
                "2026-12-01",
                "2026-12-01T18:00:00Z",
            ),
        ]
        | None
    ) = None
    attendee_email: (
        Annotated[
            str,
            about(
                "Part of the attendee's address, in upper or lower case. A space, which no "
                "address contains, is read as `+`.",
                min_length=1,
                max_length=254,
            ),
        ]
        | None
    ) = None
    timezone: Annotated[ZoneName, about("The time zone of days without a time.")] | None = None


class AttendeeInput(RequestModel, frozen=True):
    name: Name
    email: Email
    phone: Phone | None = None
    timezone: ZoneName | None = None
    notes: Text | None = None
    locale: Annotated[LanguageTag | None, about(LOCALE)] = None


class CreateBooking(RequestModel, frozen=True):
    """`schedule_id` and `end_time` can be left out if an event type settles them."""

    start_time: Instant
    attendee: AttendeeInput
    schedule_id: str | None = None
    end_time: Instant | None = None
    event_type_id: str | None = None
    timezone: Annotated[ZoneName, about("Default: the schedule's.")] | None = None
    title: Annotated[Line, about("Default: the event type's name.")] | None = None
    location: Line | None = None
    location_type: LocationType | None = None
    answers: Annotated[dict[str, Any], about("Answers to the event type's questions, by key.")] = {}
    metadata: Annotated[dict[str, Any], about("Any data of your own.")] = {}
    hold_id: Annotated[
        str | None, about("Replaces this hold of the same time (409 HOLD_EXPIRED if it has ended).")
    ] = None
    override: Annotated[
        bool,
        about(
            "Books although rules of availability refuse it, but never a taken time; needs the "
            "scope `bookings:override`."
        ),
    ] = False


class UpdateAttendee(RequestModel, frozen=True):
    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    phone: Phone | None | UnsetType = UNSET
    timezone: ZoneName | None | UnsetType = UNSET
    notes: Text | None | UnsetType = UNSET
    locale: Annotated[LanguageTag | None | UnsetType, about(LOCALE)] = UNSET


class UpdateBooking(RequestModel, frozen=True):
    """What is left out stays as it is; null clears."""

    status: Status | UnsetType = UNSET
    cancellation_reason: Text | None | UnsetType = UNSET
    title: Line | None | UnsetType = UNSET
    location: Line | None | UnsetType = UNSET
    location_type: LocationType | None | UnsetType = UNSET
    timezone: ZoneName | UnsetType = UNSET
    attendee: UpdateAttendee | UnsetType = UNSET
    metadata: Annotated[
        dict[str, Any], about("Merged key by key; a key set to null is removed.")
    ] = {}
    start_time: Instant | UnsetType = UNSET
    end_time: Annotated[
        Instant | UnsetType, about("The new end. Default: the booking keeps its length.")
    ] = UNSET
    schedule_id: Annotated[
        str | UnsetType,
        about(
            "Another schedule that takes it, within the event type's requirements; for a booking "
            "on one schedule. Without a new time, rules about when to book do not apply."
        ),
    ] = UNSET
    schedule_ids: (
        Annotated[
            list[str],
            about(
                "The same for a booking on several schedules: all that it is to take.",
                min_length=1,
                max_length=MOST_SCHEDULES,
            ),
        ]
        | UnsetType
    ) = UNSET
    override: bool = False
    notify: Annotated[
        bool,
        about(
            "false: no mail about this change, neither to the attendee nor to the organization. "
            "Its event and webhooks are sent as always, and the next invitation includes the "
            "change."
        ),
    ] = True


class CancelQuery(RequestModel, frozen=True):
    reason: Annotated[Text, about("The reason, stored as `cancellation_reason`.")] | None = None
    notify: Annotated[
        bool, about("false: no mail about it; its event and webhooks are sent as always.")
    ] = True


async def list_bookings(call: Call) -> HttpAnswer:
    """List bookings

    Sorted by `start_time`, then id. A page holds at most 4 MB of metadata: a larger one is refused
    with 422; use a smaller `limit`.
    """
    query = call.query(BookingsQuery)
    use_case = partial(bookings.list_bookings, criteria=_filter(query), upcoming=query.upcoming)
    return await answer_page(call, query, use_case, lambda shown: shown)


async def get_booking(call: Call) -> HttpAnswer:
    """Get a booking"""
    return booking_response(await call.read(bookings.get_booking, call.id(ids.BOOKING)))


async def create_booking(call: Call) -> HttpAnswer:
    """Create a booking

    Takes the time and answers with the booking: PENDING, or CONFIRMED if its event type needs no
    confirmation. A time that is taken is refused, so nothing is ever booked twice. A past time can
    be recorded, too, if neither event type nor schedule sets a notice (null; 0 is one).
    """
    new = parse_new(await call.body(CreateBooking))
    return await call.change(partial(booking_response, status=201), bookings.create_booking, new)


async def update_booking(call: Call) -> HttpAnswer:
    """Update a booking's status, details or time, or who takes it

    PENDING may become CONFIRMED or CANCELLED; CONFIRMED may become COMPLETED, CANCELLED or
    NO_SHOW. Setting the status that it has already succeeds and changes nothing. If
    `attendee.email` changes, the new address is invited, the old one gets a cancellation, and
    links that were sent before stop working.
    """
    return await answer_patch(
        call,
        ids.BOOKING,
        bookings.get_changeable,
        parse_changes,
        bookings.update_booking,
        booking_response,
    )


async def cancel_booking(call: Call) -> HttpAnswer:
    """Cancel a booking

    The booking stays readable, as CANCELLED; its time is free again.
    """
    booking_id = call.id(ids.BOOKING)
    lock = partial(bookings.get_changeable, booking_id=booking_id, if_match=call.if_match)
    parse = partial(parse_cancellation, call.scope["query_string"])
    use_case = lock_parse_update(lock, parse, bookings.cancel_booking)
    return await call.change(cancelled_response, use_case)


def booking_response(booking: Booking, status: int = 200) -> HttpAnswer:
    return data(show_booking(booking), status, booking.version)


def cancelled_response(booking: Booking) -> HttpAnswer:
    return data({**show_booking(booking), "cancelled": True}, version=booking.version)


def parse_new(body: CreateBooking) -> NewBooking:
    """The new booking in the terms of the domain; a blank answer counts as none. Raises Invalid,
    NotFound."""
    check_zone("timezone", body.timezone)
    check_zone("attendee.timezone", body.attendee.timezone)
    values = structs.asdict(body)
    values["attendee"] = NewAttendee(**structs.asdict(body.attendee))
    values["answers"] = {
        key: None if isinstance(answer, str) and is_blank(answer) else answer
        for key, answer in body.answers.items()
    }
    if body.schedule_id is not None:
        values["schedule_id"] = id_named(ids.SCHEDULE, body.schedule_id)
    if body.event_type_id is not None:
        values["event_type_id"] = id_named(ids.EVENT_TYPE, body.event_type_id)
    if body.hold_id is not None:
        values["hold_id"] = id_named(ids.HOLD, body.hold_id)
    return NewBooking(**values)


def parse_changes(body: bytes) -> BookingChanges:
    """Raises NotJson, Invalid, NotFound."""
    parsed = read_body(body or b"{}", UpdateBooking)
    if parsed.schedule_id is not UNSET and parsed.schedule_ids is not UNSET:
        raise Invalid.field("schedule_ids", "must not be given beside schedule_id")
    if parsed.timezone is not UNSET:
        check_zone("timezone", parsed.timezone)
    values = values_to_change(parsed)
    values["details"] = {name: values.pop(name) for name in DETAILS if name in values}
    if parsed.attendee is not UNSET:
        values["attendee"] = attendee = values_to_change(parsed.attendee)
        check_zone("attendee.timezone", attendee.get("timezone"))
    if parsed.schedule_id is not UNSET:
        values["schedule_id"] = id_named(ids.SCHEDULE, parsed.schedule_id)
    if parsed.schedule_ids is not UNSET:
        values["schedule_ids"] = [id_named(ids.SCHEDULE, id_) for id_ in parsed.schedule_ids]
    return BookingChanges(**values)


def parse_cancellation(query_string: bytes) -> Cancellation:
    """Raises Invalid."""
    parsed = read_query(query_string, CancelQuery)
    return Cancellation(reason=parsed.reason, notify=parsed.notify)


def _filter(query: BookingsQuery) -> BookingFilter:
    check_zone("timezone", query.timezone)
    zone = query.timezone or "UTC"
    since, until, before = _starts(query, zone)
    ends_after, overlaps_end = _overlaps(query, zone)
    return BookingFilter(
        schedule_id=_id_to_find(ids.SCHEDULE, query.schedule_id),
        event_type_id=_id_to_find(ids.EVENT_TYPE, query.event_type_id),
        statuses=_statuses(query.status),
        since=since,
        until=until,
        before=min(filter(None, (before, overlaps_end)), default=None),
        ends_after=ends_after,
        attendee_email=query.attendee_email and query.attendee_email.replace(" ", "+"),
    )


def _starts(query: BookingsQuery, zone: str) -> tuple[datetime | None, ...]:
    """`since`, `until` and `before` of the filter. Raises Invalid if they contradict each other."""
    since = until = before = None
    if query.start_date is not None:
        since = _first_instant("start_date", query.start_date, zone)
    if query.end_date is not None:
        end = day_or_instant("end_date", query.end_date)
        if isinstance(end, Day):
            before = local_time.bounds_of_day(end, zone)[1]
        else:
            until = end
    if since and ((until and until < since) or (before and before <= since)):
        raise Invalid.field("end_date", "must not be before start_date")
    return since, until, before


def _overlaps(query: BookingsQuery, zone: str) -> tuple[datetime | None, datetime | None]:
    """The first instant of the span, and the first after it. Raises Invalid if only one of them is
    given, or if the span does not end after its start."""
    if query.overlaps_start is None and query.overlaps_end is None:
        return None, None
    if query.overlaps_start is None:
        raise Invalid.field("overlaps_start", "is required with overlaps_end")
    if query.overlaps_end is None:
        raise Invalid.field("overlaps_end", "is required with overlaps_start")
    start = _first_instant("overlaps_start", query.overlaps_start, zone)
    last = day_or_instant("overlaps_end", query.overlaps_end)
    end = local_time.bounds_of_day(last, zone)[1] if isinstance(last, Day) else last
    if end <= start:
        raise Invalid.field("overlaps_end", "must be after overlaps_start")
    return start, end


def _first_instant(field: str, text: str, zone: str) -> datetime:
    bound = day_or_instant(field, text)
    return local_time.bounds_of_day(bound, zone)[0] if isinstance(bound, Day) else bound


def _id_to_find(prefix: str, text: str | None) -> UUID | None:
    """An id to filter by. A text that is not an id becomes one that matches nothing."""
    return None if text is None else ids.decode_id(prefix, text) or NOT_AN_ID


def _statuses(text: str | None) -> tuple[Status, ...]:
    if text is None:
        return ()
    try:
        return tuple(dict.fromkeys(Status(part.strip()) for part in text.split(",")))
    except ValueError:
        names = ", ".join(Status)
        raise Invalid.field("status", f"must be among {names}, separated by commas") from None


RULES: Final = (
    "INACTIVE",
    "TOO_SHORT_NOTICE",
    "TOO_FAR_AHEAD",
    "OUTSIDE_AVAILABILITY",
    "NOT_A_SLOT",
    "BUSY",
    "CALENDAR_UNKNOWN",
    "LIMIT_REACHED",
    "SLOT_TAKEN",
    "BROKEN_ZONE",
)

_call = Resource("Bookings", "/api/v1/bookings", BOOKING_SCOPES, has_versions=True)

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_bookings, BookingBody, BookingsQuery),
    _call.create(create_booking, BookingBody, CreateBooking, errors=(*RULES, "HOLD_EXPIRED")),
    _call.get(get_booking, BookingBody),
    _call.update(
        update_booking,
        BookingBody,
        UpdateBooking,
        errors=("INVALID_STATUS_TRANSITION", "NOT_RESCHEDULABLE", *RULES),
    ),
    _call(
        "DELETE /{id}",
        cancel_booking,
        {200: DataOf[CancelledBookingBody]},
        query=CancelQuery,
        etag=True,
        if_match=True,
        errors=("INVALID_STATUS_TRANSITION",),
    ),
)
