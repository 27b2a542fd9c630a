"""The first run: from signing in to a working booking page in three steps.

The steps are hours, an event type, and the link to share. They are offered as long as there is no
event type, and can be left at any time.
"""

import re
from functools import partial
from typing import Any, Final
from uuid import UUID

from kalends.domain.access import Organization
from kalends.domain.booking import LocationType
from kalends.domain.changes import FieldChanges
from kalends.domain.errors import NotFound
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, decode_id, encode_id
from kalends.domain.rights import Right
from kalends.domain.schedule import WEEKDAYS, BookingLimits, Schedule, WindowText
from kalends.domain.values import Name
from kalends.services import event_types, organizations, schedules
from kalends.services.agenda import Choices, list_choices
from kalends.services.event_types import NewEventType
from kalends.services.schedules import NewSchedule
from kalends.services.setup import FIRST_SCHEDULE_NAME
from kalends.translation import gettext, gettext_lazy
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.http.locked_changes import lock_update
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.booking_form import is_accepted
from kalends.web.pages.clock_words import find_zone
from kalends.web.pages.faults import NO_ZONE, UNFIT
from kalends.web.pages.forms import FormFields

PATH: Final = "/welcome"
USUAL: Final = FormFields(
    [("opens", "09:00"), ("closes", "17:00"), *(("days", day) for day in WEEKDAYS[:5])]
)
# Whose schedule it is: the signed-in user's, or nobody's.
OWN: Final = "own"
SHARED: Final = "shared"
NAMELESS: Final = gettext_lazy("Please give it a name.")
DURATIONS: Final = (15, 30, 45, 60, 90, 120)
# Values of the event type that this short form does not ask for.
NOTICE_MINUTES: Final = 60
DAYS_AHEAD: Final = 60
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def needs_welcome(request: ConsoleRequest, choices: Choices) -> bool:
    """Whether nothing can be booked yet, and the user has the right to change that."""
    return request.is_admin and not choices.event_types


async def show_hours(request: ConsoleRequest) -> PageAnswer:
    """Shows the hours of the first schedule; hours too complex for this form stay as they are."""
    choices: Choices = await request.read(list_choices)
    if choices.event_types:
        return request.go("/calendar")
    if not choices.schedules:
        return _hours_page(request, _typed("", OWN, request.organization.timezone, USUAL))
    first = choices.schedules[0]
    hours = _simple_hours(first)
    if hours is None:
        return request.go(f"{PATH}/event-type", schedule=encode_id(SCHEDULE, first.id))
    name = "" if first.name == FIRST_SCHEDULE_NAME else first.name
    return _hours_page(request, _typed(name, _whose(request, first), first.timezone, hours))


async def save_hours(request: ConsoleRequest) -> PageAnswer:
    """Saves the hours of the first schedule, which is created if there is none, and the time zone
    of the organization, which nobody has chosen so far."""
    form = await request.form()
    faults = _faults_of_hours(form)
    if faults:
        return _hours_page(request, form, 422, faults=faults)
    choices: Choices = await request.read(list_choices)
    zone = form["timezone"]
    if request.organization.timezone == "UTC" != zone:
        changes = FieldChanges[Organization](timezone=zone)
        lock = partial(organizations.lock_organization, if_match=None)
        await request.change(lock_update(lock, organizations.update_organization, changes))
    schedule = await _keep_schedule(request, form, choices)
    return request.go(f"{PATH}/event-type", schedule=encode_id(SCHEDULE, schedule.id))


async def show_event_type(request: ConsoleRequest) -> PageAnswer:
    schedule_id = await _schedule_id(request, request.query)
    return _event_type_page(request, schedule_id, FormFields([("minutes", "30")]))


async def create_event_type(request: ConsoleRequest) -> PageAnswer:
    form = await request.form()
    schedule_id = await _schedule_id(request, form)
    name, minutes = form.text("name"), form.get("minutes", "")
    faults = {}
    if not name or not is_accepted(name, Name):
        faults["name"] = str(UNFIT if name else NAMELESS)
    if minutes not in map(str, DURATIONS):
        faults["minutes"] = gettext("Please choose how long it takes.")
    if faults:
        return _event_type_page(request, schedule_id, form, 422, faults=faults)
    new = _event_type(form, name, int(minutes), schedule_id)
    event_type: EventType = await request.change(event_types.create_event_type, new)
    return request.go(f"{PATH}/share", event_type=encode_id(EVENT_TYPE, event_type.id))


async def show_link(request: ConsoleRequest) -> PageAnswer:
    choices: Choices = await request.read(list_choices)
    named = choices.event_type(decode_id(EVENT_TYPE, request.query.get("event_type", "")))
    if named is None:
        raise NotFound("There is no such event type.")
    url = f"{request.page_request.origin}/{request.organization.slug}/{named.slug}"
    return request.page("console/welcome-share.html", "", event_type=named, url=url, step=3)


async def _keep_schedule(request: ConsoleRequest, form: FormFields, choices: Choices) -> Schedule:
    window = WindowText(form.text("opens"), form.text("closes"))
    hours: dict[str, WindowText | list[WindowText]] = {
        day: [window] for day in WEEKDAYS if day in form.all_of("days")
    }
    if choices.schedules:
        first = choices.schedules[0]
        changes = FieldChanges[Schedule](
            name=form.text("name"),
            timezone=form["timezone"],
            availability=hours,
            user_id=_owner(request, form, first),
        )
        lock = partial(schedules.lock_schedule, schedule_id=first.id, if_match=None)
        return await request.change(lock_update(lock, schedules.update_schedule, changes))
    new = NewSchedule(
        name=form.text("name"),
        description=None,
        timezone=form["timezone"],
        availability=hours,
        overrides={},
        booking_limits=BookingLimits(),
        is_active=True,
        user_id=_owner(request, form, None),
    )
    return await request.change(schedules.create_schedule, new)


def _whose(request: ConsoleRequest, schedule: Schedule) -> str | None:
    """The choice that the form starts with. None if the schedule is another user's: then the form
    does not ask."""
    if schedule.user_id is None:
        return OWN if schedule.name == FIRST_SCHEDULE_NAME else SHARED
    return OWN if schedule.user_id == request.user_id else None


def _owner(request: ConsoleRequest, form: FormFields, before: Schedule | None) -> UUID | None:
    """The owner of the schedule as the form says. Another user's schedule keeps its owner, and so
    does any if the form does not say."""
    owner_before = before.user_id if before else None
    if owner_before not in (None, request.user_id):
        return owner_before
    return {OWN: request.user_id, SHARED: None}.get(form.text("whose"), owner_before)


def _event_type(form: FormFields, name: str, minutes: int, schedule_id: UUID) -> NewEventType:
    kinds = {kind.value: kind for kind in LocationType}
    return NewEventType(
        name=name,
        slug=None,
        description=None,
        duration_minutes=minutes,
        slot_step_minutes=None,
        buffer_before_minutes=0,
        buffer_after_minutes=0,
        min_notice_minutes=NOTICE_MINUTES,
        max_days_ahead=DAYS_AHEAD,
        max_per_day=None,
        capacity=1,
        requires_confirmation=form.get("confirm") == "yes",
        requirements=[Requirement(1, [schedule_id])],
        location=None,
        location_type=kinds.get(form.get("location_type", "")),
        questions=[],
        reminders_minutes_before=[],
        cancellation_notice_minutes=None,
        expire_pending=False,
        complete_after_minutes=None,
        is_active=True,
    )


def _faults_of_hours(form: FormFields) -> dict[str, str]:
    faults = {}
    if not form.text("name") or not is_accepted(form.text("name"), Name):
        faults["name"] = str(UNFIT if form.text("name") else NAMELESS)
    if find_zone(form.get("timezone")) is None:
        faults["timezone"] = str(NO_ZONE)
    if not any(day in form.all_of("days") for day in WEEKDAYS):
        faults["days"] = gettext("Please choose at least one day.")
    for name in ("opens", "closes"):
        if not _CLOCK.fullmatch(form.text(name)):
            faults[name] = gettext("Please enter a time of day, such as 09:00.")
    if not faults and form.text("opens") >= form.text("closes"):
        faults["closes"] = gettext("This has to be later than the beginning.")
    return faults


def _typed(name: str, whose: str | None, zone: str, hours: FormFields) -> FormFields:
    pairs = [(key, value) for key in hours for value in hours.all_of(key)]
    asked = [("whose", whose)] if whose else []
    return FormFields([("name", name), *asked, ("timezone", zone), *pairs])


def _simple_hours(schedule: Schedule) -> FormFields | None:
    """The hours as form fields, if they are a single window that is the same on some weekdays."""
    if not schedule.availability:
        return None
    listed = {d: [w] if isinstance(w, WindowText) else w for d, w in schedule.availability.items()}
    days = [day for day in WEEKDAYS if listed.get(day)]
    windows = {tuple(listed[day]) for day in days}
    if len(windows) != 1 or len(windows_of_day := windows.pop()) != 1:
        return None
    window = windows_of_day[0]
    return FormFields(
        [("opens", window.start), ("closes", window.end), *(("days", day) for day in days)]
    )


async def _schedule_id(request: ConsoleRequest, form: FormFields) -> UUID:
    """The schedule of the new event type. Raises NotFound."""
    choices: Choices = await request.read(list_choices)
    schedule = choices.schedule(decode_id(SCHEDULE, form.get("schedule", "")))
    if schedule is None:
        raise NotFound("There is no such schedule.")
    return schedule.id


def _hours_page(
    request: ConsoleRequest, typed: FormFields, status: int = 200, **more: Any
) -> PageAnswer:
    return request.page(
        "console/welcome-hours.html",
        "",
        status,
        typed=typed,
        weekdays=WEEKDAYS,
        step=1,
        **{"faults": {}, **more},
    )


def _event_type_page(
    request: ConsoleRequest, schedule_id: UUID, typed: FormFields, status: int = 200, **more: Any
) -> PageAnswer:
    return request.page(
        "console/welcome-event-type.html",
        "",
        status,
        typed=typed,
        schedule=encode_id(SCHEDULE, schedule_id),
        durations=DURATIONS,
        location_types=list(LocationType),
        step=2,
        **{"faults": {}, **more},
    )


PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, show_hours),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH, save_hours),
    console_route(Right.CHANGE_SETTINGS, "GET", f"{PATH}/event-type", show_event_type),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{PATH}/event-type", create_event_type),
    console_route(Right.CHANGE_SETTINGS, "GET", f"{PATH}/share", show_link),
)
