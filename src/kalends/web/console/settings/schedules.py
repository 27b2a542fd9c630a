"""Schedules: the list, and each with its hours."""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from kalends.domain import ids
from kalends.domain.errors import InUse, KalendsError, NotFound, Stale
from kalends.domain.schedule import WEEKDAYS, Schedule
from kalends.services import schedules
from kalends.web.console.request import ConsoleRequest, admin_route, member_route
from kalends.web.console.settings.drafts import (
    ROWS_TO_SPARE,
    Draft,
    if_match_of,
    not_done,
    refused,
    rows_in,
)
from kalends.web.console.settings.schedule_forms import (
    WINDOW,
    as_typed,
    draft_of,
    new_draft,
    read_changes,
    read_new,
)
from kalends.web.http.call import id_named
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.pages.answers import PageAnswer

SECTION: Final = "schedules"
PATH: Final = "/schedules"
LISTED: Final = 100
MOST_SCHEDULES: Final = 500


async def list_schedules(request: ConsoleRequest) -> PageAnswer:
    """The active ones; the others on a page of their own."""
    is_active = request.query.get("show") != "inactive"
    offset = offset_in(request)
    listed, total = await request.read(
        schedules.list_schedules, is_active=is_active, limit=LISTED, offset=offset
    )
    return request.page(
        "console/settings/schedules.html",
        SECTION,
        schedules=listed,
        total=total,
        offset=offset,
        limit=LISTED,
        is_active=is_active,
        id_of=id_of,
        hours_of=hours_of,
    )


async def show_new(request: ConsoleRequest) -> PageAnswer:
    return _form(request, None, new_draft(request.organization.timezone))


async def create(request: ConsoleRequest) -> PageAnswer:
    typed = as_typed(await request.form())
    try:
        made = await request.change(schedules.create_schedule, read_new(typed))
    except KalendsError as error:
        return _form(request, None, refused(typed, error))
    return request.go(path_of(made), done="schedule-created")


async def show(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    return _form(request, schedule, draft_of(schedule))


async def save(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    form = await request.form()
    typed = as_typed(form)
    try:
        lock = partial(schedules.lock_schedule, schedule_id=schedule.id, if_match=if_match_of(form))
        parse = partial(read_changes, typed)
        await request.change(lock_parse_update(lock, parse, schedules.update_schedule))
    except KalendsError as error:
        return _form(request, schedule, refused(typed, error, schedule.version))
    return request.go(path_of(schedule), done="saved")


async def delete(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    form = await request.form()
    try:
        await request.change(schedules.delete_schedule, schedule.id, if_match_of(form))
    except (InUse, Stale) as error:
        return _form(request, schedule, not_done(draft_of(schedule), error))
    return request.go(PATH, done="deleted")


async def open_schedule(request: ConsoleRequest) -> Schedule:
    """The schedule that the path names. Raises NotFound."""
    schedule_id = id_named(ids.SCHEDULE, "schedule", request.path("schedule"))
    schedule: Schedule = await request.read(schedules.get_schedule, schedule_id)
    return schedule


async def list_all(request: ConsoleRequest, chosen: Iterable[str] = ()) -> list[Schedule]:
    """The schedules to choose from: active ones first, and last those that are chosen and beyond
    what is listed, so that saving a form loses none."""
    found: list[Schedule] = []
    for is_active in (True, False):
        listed, _ = await request.read(
            schedules.list_schedules, is_active=is_active, limit=MOST_SCHEDULES, offset=0
        )
        found += listed
    known = {id_of(one) for one in found}
    for shown_id in dict.fromkeys(chosen):
        schedule_id = ids.decode_id(ids.SCHEDULE, shown_id)
        if shown_id not in known and schedule_id is not None:
            with suppress(NotFound):
                found.append(await request.read(schedules.get_schedule, schedule_id))
    return found


def id_of(schedule: Schedule) -> str:
    return ids.encode_id(ids.SCHEDULE, schedule.id)


def path_of(schedule: Schedule, page: str = "") -> str:
    return f"{PATH}/{id_of(schedule)}{page}"


def offset_in(request: ConsoleRequest) -> int:
    """Where a list goes on; what is no number begins it."""
    text = request.query.text("offset")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def hours_of(schedule: Schedule) -> list[str]:
    """The weekdays on which it is open, by name; all of them where it always is."""
    if schedule.availability is None:
        return list(WEEKDAYS)
    return [day for day in WEEKDAYS if schedule.availability.get(day)]


def _form(request: ConsoleRequest, schedule: Schedule | None, draft: Draft) -> PageAnswer:
    values: dict[str, Any] = draft.values()
    typed = draft.typed
    rows = {day: len(rows_in(typed, f"availability.{day}", WINDOW)) for day in WEEKDAYS}
    return request.page(
        "console/settings/schedule.html",
        SECTION,
        draft.status,
        schedule=schedule,
        path=path_of(schedule) if schedule else f"{PATH}/new",
        tab="",
        weekdays=WEEKDAYS,
        rows={day: count + ROWS_TO_SPARE for day, count in rows.items()},
        **values,
    )


PAGES: Final = (
    member_route("GET", PATH, list_schedules),
    admin_route("GET", f"{PATH}/new", show_new),
    admin_route("POST", f"{PATH}/new", create),
    member_route("GET", PATH + "/{schedule}", show),
    admin_route("POST", PATH + "/{schedule}", save),
    admin_route("POST", PATH + "/{schedule}/delete", delete),
)
