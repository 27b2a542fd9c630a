"""Booking by hand in three steps: the event type or schedule, the time (a free one, or any other),
and the attendee."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from kalends.availability.interval import Interval
from kalends.domain.booking import Booking, LocationType, Status
from kalends.domain.errors import Inactive, Invalid, NotFound, Refused, SlotTaken
from kalends.domain.event_type import EventType
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, decode_id, encode_id
from kalends.domain.mail import MailKind
from kalends.domain.rights import Right
from kalends.domain.schedule import Schedule
from kalends.formats.times import known_zone
from kalends.scheduling.booking_creation import NewAttendee, NewBooking
from kalends.scheduling.slot_queries import SlotPurpose
from kalends.services import bookings
from kalends.services.agenda import Choices, list_choices
from kalends.web.console import absences
from kalends.web.console.attendees import Details, read_details
from kalends.web.console.booking_forms import is_attendee_mailed, url_of
from kalends.web.console.moments import AmbiguousTime, moment_in
from kalends.web.console.moving import may_override
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.times import PickerParameters, pick_time
from kalends.web.http.errors import status_of
from kalends.web.pages import clock_words
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.booking_form import field_of, read_booking_form
from kalends.web.pages.forms import FormFields
from kalends.web.pages.refusals import refusal_words

PATH: Final = "/bookings/new"
TIME_FIELDS: Final = ("start", "day", "time")
USUAL_MINUTES: Final = 30
LONGEST_BY_HAND_MINUTES: Final = 7 * 24 * 60


@dataclass(frozen=True)
class Selection:
    """What is to be booked: an event type (on a schedule, if it requires none), or some minutes of
    a schedule.

    `length` is the number of minutes drawn in the calendar; it is only a proposal. A user who sees
    only own things `needs_schedule`. `is_there` is False if the query names something that does
    not exist, or not for this user; nothing else may be booked in its place.
    """

    event_type: EventType | None
    schedule: Schedule | None
    minutes: int
    length: int | None = None
    needs_schedule: bool = False
    is_there: bool = True

    @property
    def is_complete(self) -> bool:
        if not self.is_there:
            return False
        if self.event_type is None or self.needs_schedule:
            return self.schedule is not None
        return bool(self.event_type.requirements) or self.schedule is not None

    @property
    def purpose(self) -> SlotPurpose:
        schedule_id = self.schedule.id if self.schedule else None
        if self.event_type is not None:
            return SlotPurpose(event_type_id=self.event_type.id, schedule_id=schedule_id)
        return SlotPurpose(schedule_id=schedule_id, duration_minutes=self.minutes)

    def parameters(self) -> dict[str, str | None]:
        return {
            "event_type": encode_id(EVENT_TYPE, self.event_type.id) if self.event_type else None,
            "schedule": encode_id(SCHEDULE, self.schedule.id) if self.schedule else None,
            "minutes": str(self.minutes) if self.event_type is None else None,
        }


async def show_steps(request: ConsoleRequest) -> PageAnswer:
    """Shows the first of the three steps that is not completed yet."""
    query = request.query
    choices: Choices = await request.read(list_choices)
    selection = _selection_in(request, query, choices)
    if not selection.is_complete or (query.get("schedule") and not _has_chosen(query)):
        return _choose_page(request, selection, choices)
    if not query.get("start") and not query.get("time"):
        return await _times_page(request, selection)
    try:
        starts_at = moment_in(query, request.zone)
    except AmbiguousTime as error:
        return await _times_page(
            request, selection, 422, problem=refusal_words(error), twice=error.instants
        )
    except Invalid as error:
        return await _times_page(request, selection, 422, problem=refusal_words(error))
    return _form_page(request, selection, starts_at, FormFields([]))


async def create(request: ConsoleRequest) -> PageAnswer:
    form = await request.form()
    selection = _selection_in(request, form, await request.read(list_choices))
    if not selection.is_complete:
        raise NotFound("What was to be booked is not there any more.")
    starts_at = moment_in(form, request.zone)
    details = read_details(form)
    answers, faults = _answers_in(form, selection, details)
    if faults:
        return _form_page(request, selection, starts_at, form, 422, faults=faults)
    new = _new(selection, starts_at, details, answers, override=may_override(request, form))
    try:
        booking: Booking = await request.change(bookings.create_booking, new)
    except (SlotTaken, Refused, Inactive, Invalid) as error:
        status = status_of(error)
        return _form_page(
            request, selection, starts_at, form, status, problem=refusal_words(error), refused=True
        )
    is_confirmed = booking.status is Status.CONFIRMED
    kind = MailKind.CONFIRMED if is_confirmed else MailKind.REQUESTED
    is_mailed = await is_attendee_mailed(request, booking, kind)
    return request.go(url_of(booking.id), done="created" if is_mailed else "created.quiet")


def _answers_in(
    form: FormFields, selection: Selection, details: Details
) -> tuple[dict[str, Any], dict[str, str]]:
    """The answers to the event type's questions, and the faults of the whole form by field."""
    if selection.event_type is None:
        return {}, details.faults
    filled = read_booking_form(form, selection.event_type, "UTC", None)
    faults = {name: text for name, text in filled.faults.items() if name.startswith("answer.")}
    return filled.answers, details.faults | faults


def _new(
    selection: Selection,
    starts_at: datetime,
    details: Details,
    answers: dict[str, Any],
    *,
    override: bool,
) -> NewBooking:
    ends_at = None if selection.event_type else starts_at + timedelta(minutes=selection.minutes)
    return NewBooking(
        start_time=starts_at,
        end_time=ends_at,
        schedule_id=selection.schedule.id if selection.schedule else None,
        event_type_id=selection.event_type.id if selection.event_type else None,
        **details.of_place(),
        attendee=NewAttendee(**details.of_attendee()),
        answers=answers,
        override=override,
    )


def _selection_in(request: ConsoleRequest, form: FormFields, choices: Choices) -> Selection:
    named = form.get("event_type", ""), form.get("schedule", "")
    event_type = choices.event_type(decode_id(EVENT_TYPE, named[0]))
    schedule = choices.schedule(decode_id(SCHEDULE, named[1]))
    is_gone = (named[0] and event_type is None) or (named[1] and schedule is None)
    if schedule is None and event_type is not None and not request.sees_all:
        schedule = _only_one(event_type, choices)
    length = _minutes_in(form, "length")
    return Selection(
        event_type,
        schedule,
        _minutes_in(form, "minutes") or length or USUAL_MINUTES,
        length,
        needs_schedule=not request.sees_all,
        is_there=not is_gone,
    )


def _only_one(event_type: EventType, choices: Choices) -> Schedule | None:
    """The schedule that the event type takes, if there is only one to choose from."""
    fitting = [schedule for schedule in choices.schedules if _may_take(event_type, schedule)]
    return fitting[0] if len(fitting) == 1 else None


def _minutes_in(form: FormFields, name: str) -> int | None:
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return min(max(int(text), 1), LONGEST_BY_HAND_MINUTES)


def _choose_page(request: ConsoleRequest, selection: Selection, choices: Choices) -> PageAnswer:
    """The first step: what can be booked on the proposed schedule at the proposed time. Whether
    that time is free is checked once it is known what is booked."""
    schedule = selection.schedule
    offered = [
        one
        for one in choices.event_types
        if one.is_active and (schedule is None or _may_take(one, schedule))
    ]
    starts_at = None
    with suppress(Invalid):
        starts_at = moment_in(request.query, request.zone)
    at = {name: value for name in TIME_FIELDS if (value := request.query.get(name))}
    return _page(
        request,
        "choose",
        selection,
        choices=choices,
        offered=offered,
        at=at,
        starts_at=starts_at,
        closing_url=_closing_url(request, selection, starts_at),
    )


def _closing_url(
    request: ConsoleRequest, selection: Selection, starts_at: datetime | None
) -> str | None:
    """The URL of a form that closes the chosen time, or else the whole day, instead of booking it.
    None if neither was chosen, or the user may not enter absences."""
    if not request.may(Right.CHANGE_ABSENCES):
        return None
    schedule = selection.schedule
    if starts_at is not None:
        zone = known_zone((schedule or request.organization).timezone)
        start = clock_words.seconds_of(starts_at)
        span = Interval(start, start + selection.minutes * 60)
        return request.to(absences.PATH, **absences.query_of(schedule, zone, span))
    day = request.query.get("day")
    who = encode_id(SCHEDULE, schedule.id) if schedule else None
    return request.to(absences.PATH, **{"who": who, "busy.start_day": day}) if day else None


def _may_take(event_type: EventType, schedule: Schedule) -> bool:
    requirements = event_type.requirements
    return not requirements or any(
        schedule.id in requirement.schedule_ids for requirement in requirements
    )


def _has_chosen(query: FormFields) -> bool:
    """Whether the first step was completed, by choosing an event type, or minutes of a schedule.
    A link from the calendar only proposes a schedule."""
    return bool(query.get("event_type") or query.get("minutes"))


async def _times_page(
    request: ConsoleRequest, selection: Selection, status: int = 200, **more: Any
) -> PageAnswer:
    values: dict[str, Any] = {"twice": []} | more
    picker = None
    try:
        picker = await pick_time(request, selection.purpose)
    except (Inactive, NotFound, Invalid) as error:
        values.setdefault("problem", refusal_words(error))
    return _page(request, "times", selection, status, picker=picker, **values)


def _form_page(
    request: ConsoleRequest,
    selection: Selection,
    starts_at: datetime,
    typed: FormFields,
    status: int = 200,
    **more: Any,
) -> PageAnswer:
    minutes = selection.event_type.duration_minutes if selection.event_type else selection.minutes
    return _page(
        request,
        "form",
        selection,
        status,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        typed=typed,
        field_of=field_of,
        location_types=list(LocationType),
        **{"faults": {}, "refused": False, **more},
    )


def _page(
    request: ConsoleRequest, step: str, selection: Selection, status: int = 200, **values: Any
) -> PageAnswer:
    return request.page(
        f"console/new-{step}.html",
        "bookings",
        status,
        selection=selection,
        here=request.to(PATH),
        carried=PickerParameters(**selection.parameters()),
        now=clock_words.seconds_of(request.page_request.context.clock()),
        **values,
    )


PAGES: Final = (
    console_route(Right.CHANGE_BOOKINGS, "GET", PATH, show_steps),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH, create),
)
