"""Absences: entering who is away and when, and settling all affected bookings on one page."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from kalends.availability.interval import Interval
from kalends.availability.wallclock import Zone
from kalends.domain.absence import (
    AbsenceOwner,
    AffectedBooking,
    CountedAbsence,
    Decision,
    Outcome,
    Result,
)
from kalends.domain.access import ListedUser, User
from kalends.domain.errors import KalendsError, NotSaved
from kalends.domain.ids import ABSENCE, SCHEDULE, USER, encode_id
from kalends.domain.rights import Right
from kalends.domain.schedule import Schedule
from kalends.domain.values import Day
from kalends.formats.times import known_zone
from kalends.scheduling.zones import zone_of_schedule
from kalends.services import absences, schedules
from kalends.services.users import members
from kalends.translation import gettext
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.offers.exceptions import BUSY, busy_time_in
from kalends.web.console.settlements import decisions_in, settlements_of
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.clock_words import local
from kalends.web.pages.forms import FormFields
from kalends.web.pages.refusals import words_of_code

PATH: Final = "/absences"
ONE: Final = PATH + "/{absence}"
LISTED: Final = 100
# How many users and schedules the form offers to choose from.
MOST_CHOICES: Final = 500
ANYBODY: Final = AbsenceOwner()
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


async def show_absences(request: ConsoleRequest) -> PageAnswer:
    """The form, filled in for today or for the time that the URL names (`query_of`)."""
    query = request.query
    now = request.page_request.context.clock()
    today = local(now, known_zone(request.organization.timezone)).date().isoformat()
    first = _day_of(query.text("busy.start_day")) or today
    typed = {
        "who": query.text("who"),
        "busy.start_day": first,
        "busy.start": _clock_of(query.text("busy.start")),
        "busy.end_day": _day_of(query.text("busy.end_day")) or first,
        "busy.end": _clock_of(query.text("busy.end")),
    }
    return await _list_page(request, Draft.of_values(typed))


def query_of(schedule: Schedule | None, zone: Zone, span: Interval) -> dict[str, str | None]:
    """The query that opens the form filled in, with times on the clock of that zone."""
    start, end = local(span.start, zone), local(span.end, zone)
    # Midnight at the end of a day belongs to that day, not to the next.
    last = local(span.end - 1, zone)
    return {
        "who": encode_id(SCHEDULE, schedule.id) if schedule else None,
        "busy.start_day": start.date().isoformat(),
        "busy.start": f"{start:%H:%M}",
        "busy.end_day": last.date().isoformat(),
        "busy.end": f"{end:%H:%M}" if end.date() == last.date() else "24:00",
    }


async def enter_absence(request: ConsoleRequest) -> PageAnswer:
    """Creates the absence, and redirects to the bookings that it affects."""
    form = await request.form()
    typed = Draft.of_values({name: form.text(name) for name in ("who", *BUSY)}).typed
    try:
        owner = _owner_in(form)
        zone = request.zone
        if owner.schedule_id is not None:
            zone = zone_of_schedule(await request.read(schedules.get_schedule, owner.schedule_id))
        closed = busy_time_in(form, zone)
        entered = await request.change(absences.create_absence, owner, closed)
    except KalendsError as error:
        return await _list_page(request, Draft.with_faults(typed, error))
    return request.go(_url_of(entered.absence.id), done="absent")


async def show_affected(request: ConsoleRequest) -> PageAnswer:
    return await _page(request, _absence_in(request))


async def settle(request: ConsoleRequest) -> PageAnswer:
    """Carries out the decision made for each booking; those that fail are shown again with why."""
    form, absence_id = await request.form(), _absence_in(request)
    page = request.page_request
    decisions = decisions_in(form)
    try:
        outcomes = await absences.settle_all(
            page.context, page.caller, ANYBODY, absence_id, decisions
        )
    except NotSaved:
        return await _page(request, absence_id, chosen=decisions)
    failed = [one for one in outcomes if one.result is Result.FAILED]
    if failed:
        return await _page(request, absence_id, failed, 409)
    return request.go(_url_of(absence_id), done="settled")


async def remove_absence(request: ConsoleRequest) -> PageAnswer:
    await request.change(absences.delete_absence, ANYBODY, _absence_in(request))
    return request.go(PATH, done="removed")


async def _list_page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    now = request.page_request.context.clock()
    listed, paging = await read_page(
        request, absences.list_absences, LISTED, ANYBODY, ends_after=now
    )
    active = await _schedules(request)
    return request.page(
        "console/absences.html",
        "absences",
        draft.status,
        absences=listed,
        names={schedule.id: schedule.name for schedule in active},
        schedules=active,
        people=await _people(request, active),
        url_of=lambda id_: request.to(_url_of(id_)),
        path=PATH,
        **paging,
        **draft.values(),
    )


async def _page(
    request: ConsoleRequest,
    absence_id: UUID,
    failed: Sequence[Outcome] = (),
    status: int = 200,
    chosen: Sequence[Decision] = (),
) -> PageAnswer:
    counted: CountedAbsence = await request.read(absences.get_absence, ANYBODY, absence_id)
    affected: list[AffectedBooking]
    affected, paging = await read_page(request, absences.list_affected, LISTED, ANYBODY, absence_id)
    values: dict[str, Any] = {}
    if failed:
        values["problem"] = gettext("Some could not be settled. The reason stands beside each.")
    return request.page(
        "console/absence.html",
        "absences",
        status,
        counted=counted,
        absence=counted.absence,
        path=_url_of(absence_id),
        settlements=settlements_of(affected, chosen),
        **paging,
        names={schedule.id: schedule.name for schedule in await _schedules(request)},
        why_not={one.booking_id: words_of_code(one.code, one.message or "") for one in failed},
        **values,
    )


async def _schedules(request: ConsoleRequest) -> list[Schedule]:
    listed: list[Schedule]
    listed, _ = await request.read(
        schedules.list_schedules, is_active=True, limit=MOST_CHOICES, offset=0
    )
    return listed


async def _people(request: ConsoleRequest, active: Sequence[Schedule]) -> list[User | ListedUser]:
    """The users with several schedules; a user who sees only own things gets nobody else."""
    if not request.sees_all:
        return [request.account.user] if len(active) > 1 else []
    users, _ = await request.read(members.list_users, limit=MOST_CHOICES, offset=0)
    return [user for user in users if len(user.schedule_ids) > 1]


def _owner_in(form: FormFields) -> AbsenceOwner:
    """The user or schedule that was chosen. Raises NotFound if the form has no valid id."""
    who = form.text("who")
    if who.startswith(f"{USER}_"):
        return AbsenceOwner(user_id=id_named(USER, who))
    return AbsenceOwner(schedule_id=id_named(SCHEDULE, who))


def _day_of(text: str) -> str:
    """The text if it is a day, else an empty one."""
    try:
        return Day.parse(text).isoformat()
    except ValueError:
        return ""


def _clock_of(text: str) -> str:
    return text if _CLOCK.fullmatch(text) else ""


def _absence_in(request: ConsoleRequest) -> UUID:
    return id_named(ABSENCE, request.path("absence"))


def _url_of(absence_id: UUID) -> str:
    return f"{PATH}/{encode_id(ABSENCE, absence_id)}"


PAGES: Final = (
    console_route(Right.CHANGE_ABSENCES, "GET", PATH, show_absences),
    console_route(Right.CHANGE_ABSENCES, "POST", PATH, enter_absence),
    console_route(Right.CHANGE_ABSENCES, "GET", ONE, show_affected),
    console_route(Right.CHANGE_ABSENCES, "POST", ONE + "/resolve", settle),
    console_route(Right.CHANGE_ABSENCES, "POST", ONE + "/remove", remove_absence),
)
