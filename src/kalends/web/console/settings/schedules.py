"""Schedules: the list, and each with its hours."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from kalends.domain import ids
from kalends.domain.errors import NotFound
from kalends.domain.schedule import WEEKDAYS, Schedule
from kalends.services import schedules
from kalends.web.console.request import ConsoleRequest
from kalends.web.console.settings import schedule_forms
from kalends.web.console.settings.drafts import ROWS_TO_SPARE, Draft, rows_in
from kalends.web.console.settings.editor import Editor, UseCases
from kalends.web.console.settings.paging import read_page
from kalends.web.console.settings.schedule_forms import WINDOW, new_draft
from kalends.web.pages.answers import PageAnswer

SECTION: Final = "schedules"
PATH: Final = "/schedules"
LISTED: Final = 100
MOST_SCHEDULES: Final = 500


async def list_schedules(request: ConsoleRequest) -> PageAnswer:
    """The active ones; the others on a page of their own."""
    is_active = request.query.get("show") != "inactive"
    listed, pager = await read_page(request, schedules.list_schedules, LISTED, is_active=is_active)
    return request.page(
        "console/settings/schedules.html",
        SECTION,
        schedules=listed,
        is_active=is_active,
        id_of=id_of,
        hours_of=hours_of,
        **pager,
    )


async def show_new(request: ConsoleRequest) -> PageAnswer:
    return await _form(request, None, new_draft(request.organization.timezone))


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


def hours_of(schedule: Schedule) -> list[str]:
    """The weekdays on which it is open, by name; all of them where it always is."""
    if schedule.availability is None:
        return list(WEEKDAYS)
    return [day for day in WEEKDAYS if schedule.availability.get(day)]


async def _form(request: ConsoleRequest, schedule: Schedule | None, draft: Draft) -> PageAnswer:
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


EDITOR: Final = Editor(
    path=PATH,
    noun="schedule",
    prefix=ids.SCHEDULE,
    created="schedule-created",
    use_cases=UseCases(
        schedules.get_schedule,
        schedules.create_schedule,
        schedules.lock_schedule,
        schedules.update_schedule,
        schedules.delete_schedule,
    ),
    form=schedule_forms,
    page=_form,
)
id_of, path_of, open_schedule = EDITOR.id_of, EDITOR.path_of, EDITOR.open

PAGES: Final = EDITOR.pages(list_schedules, show_new)
