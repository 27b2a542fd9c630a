"""Exceptions of a schedule: days with other hours (overrides), and busy times."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

from kalends.availability.wallclock import Zone, wall_midnight
from kalends.domain import ids
from kalends.domain.closed_times import ClosedTime
from kalends.domain.errors import Invalid, KalendsError, Stale
from kalends.domain.rights import Right
from kalends.domain.schedule import BusyTime, Schedule, WindowText
from kalends.domain.values import Day
from kalends.formats.encoding import encode
from kalends.scheduling.local_time import bounds_of_day
from kalends.scheduling.zones import zone_of_schedule
from kalends.services import busy_times, schedules
from kalends.translation import gettext
from kalends.web.api.busy_times import parse_new
from kalends.web.api.schedules import parse_changes
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import CHANGED_MEANWHILE, Draft
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.forms.typed import clock_text
from kalends.web.console.settings.offers.schedule_forms import WINDOW, listed, windows_in
from kalends.web.console.settings.offers.schedules import EDITOR, PATH, open_schedule, path_of
from kalends.web.http.call import id_named
from kalends.web.http.locked_changes import lock_update
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.clock_words import iso, local
from kalends.web.pages.forms import FormFields

LISTED: Final = 100
TAB: Final = "/exceptions"
TRIES: Final = 3
ROWS: Final = 2
HOURS: Final = "hours"
NOTHING: Final = Draft(FormFields([]))
BUSY: Final = ("busy.start_day", "busy.start", "busy.end_day", "busy.end", "busy.reason")


async def show(request: ConsoleRequest) -> PageAnswer:
    return await _page(request, await open_schedule(request), NOTHING)


async def set_override(request: ConsoleRequest) -> PageAnswer:
    """Replaces the hours of one day by other hours, or by none."""
    schedule = await open_schedule(request)
    form = await request.form()
    windows = windows_in(form, HOURS)
    fields = {
        f"{HOURS}.{n}.{part}": getattr(w, part) for n, w in enumerate(windows) for part in WINDOW
    }
    typed = Draft.of_values({"day": form.text("day"), **fields}).typed
    try:
        day = _day_in(form, "day")
        await _change_overrides(request, schedule, day.isoformat(), windows)
    except KalendsError as error:
        our_field = partial(_our_field, typed.text("day"))
        return await _page(request, schedule, Draft.with_faults(typed, error).at_fields(our_field))
    return request.go(path_of(schedule, TAB), done="saved")


async def remove_override(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    await _change_overrides(request, schedule, (await request.form()).text("day"), None)
    return request.go(path_of(schedule, TAB), done="removed")


async def add_busy_time(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    form = await request.form()
    typed = Draft.of_values({name: form.text(name) for name in BUSY}).typed
    try:
        new = busy_time_in(form, zone_of_schedule(schedule))
        lock = partial(busy_times.lock_schedule, schedule_id=schedule.id)
        await request.change(lock_update(lock, busy_times.create_busy_time, new))
    except KalendsError as error:
        return await _page(request, schedule, Draft.with_faults(typed, error))
    return request.go(path_of(schedule, TAB), done="busy-added")


async def remove_busy_time(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    busy_id = id_named(ids.BUSY_TIME, request.path("busy_time"))
    await request.change(busy_times.delete_busy_time, schedule.id, busy_id)
    return request.go(path_of(schedule, TAB), done="removed")


def instants_at(zone: Zone, day: Day, clock: str) -> list[datetime]:
    """The instants at which the wall clock shows that time: none if it is skipped, two if the clock
    is set back over it. Raises Invalid if it is not a time of day."""
    changes = parse_changes(encode({"availability": {"monday": {"start": clock, "end": "24:00"}}}))
    start: str = changes.values["availability"]["monday"].start
    wall = wall_midnight(day) + (int(start[:2]) * 60 + int(start[3:])) * 60
    return [datetime.fromtimestamp(i.start, UTC) for i in zone.instants(wall, wall + 60)]


async def _change_overrides(
    request: ConsoleRequest, schedule: Schedule, day: str, windows: list[WindowText] | None
) -> None:
    """Changes the override of one day and keeps those of other days, even if somebody changes them
    at the same time. None removes it."""
    for _ in range(TRIES):
        overrides: dict[str, Any] = {d: listed(w) for d, w in schedule.overrides.items()}
        overrides.pop(day, None)
        changed = overrides if windows is None else overrides | {day: windows}
        changes = parse_changes(encode({"overrides": changed}))
        seen_versions = frozenset({schedule.version})
        lock = partial(schedules.lock_schedule, schedule_id=schedule.id, if_match=seen_versions)
        try:
            await request.change(lock_update(lock, schedules.update_schedule, changes))
            return
        except Stale:
            schedule = await open_schedule(request)
    raise Stale(str(CHANGED_MEANWHILE))


def busy_time_in(form: FormFields, zone: Zone) -> ClosedTime:
    """The busy time in the form. Raises Invalid, with faults at this form's fields."""
    reason = form.text("busy.reason") or None
    start, end = _start_in(form, zone), _end_in(form, zone)
    try:
        return parse_new(encode({"start_time": iso(start), "end_time": iso(end), "reason": reason}))
    except Invalid as error:
        named = {"start_time": "busy.start", "end_time": "busy.end", "reason": "busy.reason"}
        wrong = error.details[0]
        field = named.get(wrong.field, "busy.end")
        raise Invalid.field(field, wrong.message, wrong.fault) from None


def _start_in(form: FormFields, zone: Zone) -> datetime:
    """The start; without an hour, that of the first day. Raises Invalid."""
    day, clock = _day_in(form, "busy.start_day"), clock_text(form.text("busy.start"))
    if clock in ("", "00:00"):
        return bounds_of_day(day, zone.name)[0]
    return _instants_in(zone, day, clock, "busy.start")[0]


def _end_in(form: FormFields, zone: Zone) -> datetime:
    """The end; without an hour, that of the last day, which is included. Raises Invalid."""
    day, clock = _day_in(form, "busy.end_day"), clock_text(form.text("busy.end"))
    if clock in ("", "24:00"):
        return bounds_of_day(day, zone.name)[1]
    return _instants_in(zone, day, clock, "busy.end")[-1]


def _instants_in(zone: Zone, day: Day, clock: str, field: str) -> list[datetime]:
    """The instants of `instants_at`; raises Invalid if there are none."""
    try:
        instants = instants_at(zone, day, clock)
    except Invalid:
        raise Invalid.field(field, gettext("This is no time of day, such as 09:00.")) from None
    if not instants:
        raise Invalid.field(field, gettext("The clock leaves this time out on that day."))
    return instants


def whole_days_of(busy: BusyTime, zone: Zone) -> tuple[date, date] | None:
    """The first and last day of a busy time, if it takes whole days."""
    first = local(busy.start_time, zone).date()
    last = local(busy.end_time - timedelta(seconds=1), zone).date()
    begins, ends = bounds_of_day(first, zone.name)[0], bounds_of_day(last, zone.name)[1]
    return (first, last) if (begins, ends) == (busy.start_time, busy.end_time) else None


def _day_in(form: FormFields, name: str) -> Day:
    """Raises Invalid."""
    try:
        return Day.parse(form.text(name))
    except ValueError as error:
        raise Invalid.field(name, str(error)) from None


def _our_field(day: str, name: str) -> str:
    """The form's field for a field of the API, which names the windows of an override by its day or
    not at all."""
    return re.sub(rf"^overrides(?:\.{re.escape(day)})?(?=\.|$)", HOURS, name)


async def _page(request: ConsoleRequest, schedule: Schedule, draft: Draft) -> PageAnswer:
    zone = zone_of_schedule(schedule)
    now = request.page_request.context.clock()
    everything = request.query.get("show") == "all"
    start = None if everything else now
    listed, pager = await read_page(
        request, busy_times.list_busy_times, LISTED, schedule.id, (start, None)
    )
    today = local(now, zone).date()
    overrides = _overrides_since(schedule, None if everything else today - timedelta(days=1))
    return EDITOR.page_about(
        request,
        "console/settings/exceptions.html",
        schedule,
        TAB,
        draft.status,
        schedule_zone=zone,
        overrides=overrides,
        hidden=len(schedule.overrides) - len(overrides),
        busy_times=listed,
        days_of=lambda busy: whole_days_of(busy, zone),
        busy_id=lambda busy: ids.encode_id(ids.BUSY_TIME, busy.id),
        day_of=Day.parse,
        everything=everything,
        **pager,
        rows=ROWS,
        today=today.isoformat(),
        **draft.values(),
    )


def _overrides_since(schedule: Schedule, first: date | None) -> dict[str, list[WindowText]]:
    """The overrides by day, in ascending order: from `first` on, or all."""
    since = "" if first is None else first.isoformat()
    return {
        day: listed(windows) for day, windows in sorted(schedule.overrides.items()) if day >= since
    }


_SCHEDULE: Final = PATH + "/{schedule}"

PAGES: Final = (
    console_route(Right.SEE_SCHEDULES, "GET", _SCHEDULE + TAB, show),
    console_route(Right.CHANGE_HOURS, "POST", _SCHEDULE + "/overrides", set_override),
    console_route(Right.CHANGE_HOURS, "POST", _SCHEDULE + "/overrides/remove", remove_override),
    console_route(Right.CHANGE_BUSY_TIMES, "POST", _SCHEDULE + "/busy-times", add_busy_time),
    console_route(
        Right.CHANGE_BUSY_TIMES,
        "POST",
        _SCHEDULE + "/busy-times/{busy_time}/remove",
        remove_busy_time,
    ),
)
