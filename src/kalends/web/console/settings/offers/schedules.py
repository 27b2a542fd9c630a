"""Schedules: the list, and each with its hours."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from kalends.domain import ids
from kalends.domain.colors import Color
from kalends.domain.errors import Invalid, NotFound
from kalends.domain.pictures import PHOTO_BOX
from kalends.domain.rights import Right
from kalends.domain.schedule import WEEKDAYS, Schedule
from kalends.services import pictures, schedules
from kalends.services.users.members import list_members
from kalends.translation import LazyMessage, gettext_lazy
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.editor import Editor
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.forms.typed import ROWS_TO_SPARE, rows_in
from kalends.web.console.settings.offers import schedule_forms
from kalends.web.console.settings.offers.schedule_forms import WINDOW, new_draft
from kalends.web.pages.answers import PageAnswer
from kalends.web.use_cases import SCHEDULES

PATH: Final = "/schedules"
ABOUT: Final = "/about"
LISTED: Final = 100
MOST_SCHEDULES: Final = 500
COLORS: Final[dict[Color, LazyMessage]] = {
    Color.BLUE: gettext_lazy("Blue"),
    Color.ORANGE: gettext_lazy("Orange"),
    Color.GREEN: gettext_lazy("Green"),
    Color.PURPLE: gettext_lazy("Purple"),
    Color.RED: gettext_lazy("Red"),
    Color.TEAL: gettext_lazy("Teal"),
    Color.YELLOW: gettext_lazy("Yellow"),
    Color.PINK: gettext_lazy("Pink"),
    Color.INDIGO: gettext_lazy("Indigo"),
    Color.LIME: gettext_lazy("Lime"),
    Color.BROWN: gettext_lazy("Brown"),
    Color.CYAN: gettext_lazy("Cyan"),
}


async def list_schedules(request: ConsoleRequest) -> PageAnswer:
    """Lists the active schedules; inactive ones have a page of their own."""
    is_active = request.query.get("show") != "inactive"
    listed, pager = await read_page(request, schedules.list_schedules, LISTED, is_active=is_active)
    template = "console/settings/schedules.html"
    return EDITOR.page_of_list(
        request, template, listed, is_active=is_active, hours_of=hours_of, **pager
    )


async def show_new(request: ConsoleRequest) -> PageAnswer:
    return await _form(request, None, new_draft(request.organization.timezone))


async def list_all(request: ConsoleRequest, chosen: Iterable[str] = ()) -> list[Schedule]:
    """The schedules to choose from: active ones first, then those that are chosen but not listed
    otherwise, so that saving the form does not lose them."""
    choices: list[Schedule] = []
    for is_active in (True, False):
        listed, _ = await request.read(
            schedules.list_schedules, is_active=is_active, limit=MOST_SCHEDULES, offset=0
        )
        choices += listed
    public_ids = {id_of(one) for one in choices}
    for public_id in dict.fromkeys(chosen):
        schedule_id = ids.decode_id(ids.SCHEDULE, public_id)
        if public_id not in public_ids and schedule_id is not None:
            with suppress(NotFound):
                choices.append(await request.read(schedules.get_schedule, schedule_id))
    return choices


def hours_of(schedule: Schedule) -> list[str]:
    """The names of the weekdays on which the schedule is open; all if it is always open."""
    if schedule.availability is None:
        return list(WEEKDAYS)
    return [day for day in WEEKDAYS if schedule.availability.get(day)]


async def set_photo(request: ConsoleRequest) -> PageAnswer:
    """Sets the uploaded picture as the photo."""
    schedule = await EDITOR.open(request)
    await request.form()
    content = request.page_request.files.get("photo", b"")
    context = request.page_request.context
    try:
        picture = await pictures.read_picture(context, "photo", content, PHOTO_BOX)
    except Invalid as error:
        typed = EDITOR.draft_of(schedule, schedule_forms.is_about).typed
        return await _about(request, schedule, Draft.with_faults(typed, error))
    await request.change(schedules.set_photo, schedule.id, None, picture)
    return request.go(EDITOR.path_of(schedule, ABOUT), done="saved")


async def delete_photo(request: ConsoleRequest) -> PageAnswer:
    schedule = await EDITOR.open(request)
    await request.form()
    await request.change(schedules.set_photo, schedule.id, None, None)
    return request.go(EDITOR.path_of(schedule, ABOUT), done="removed")


async def show_about(request: ConsoleRequest) -> PageAnswer:
    """Shows the section about who or what the schedule is."""
    schedule = await EDITOR.open(request)
    return await _about(request, schedule, EDITOR.draft_of(schedule, schedule_forms.is_about))


async def save_about(request: ConsoleRequest) -> PageAnswer:
    read, is_shown = schedule_forms.read_changes, schedule_forms.is_about
    return await EDITOR.save_part(request, read, _about, ABOUT, is_shown)


async def _form(
    request: ConsoleRequest,
    schedule: Schedule | None,
    draft: Draft,
    carried: Sequence[tuple[str, str]] = (),
) -> PageAnswer:
    """The form: of a new schedule the whole one, of an existing one its hours."""
    return EDITOR.page_about(
        request,
        "console/settings/schedule.html" if schedule else "console/settings/schedule-new.html",
        schedule,
        status=draft.status,
        carried=carried,
        **_values_of_hours(draft),
        **({} if schedule else await _values_about(request)),
        **draft.values(),
    )


async def _about(request: ConsoleRequest, schedule: Schedule, draft: Draft) -> PageAnswer:
    return EDITOR.page_about(
        request,
        "console/settings/schedule-about.html",
        schedule,
        ABOUT,
        status=draft.status,
        **await _values_about(request),
        **draft.values(),
    )


async def _sent_again(request: ConsoleRequest, schedule: Schedule, draft: Draft) -> PageAnswer:
    """The hours as they were sent. A page of the previous release has the fields about the schedule
    in the same form; they are carried along, except for staff, who may not change them."""
    about = draft.beyond(lambda name: name not in schedule_forms.ABOUT)
    return await _form(request, schedule, draft, about if request.sees_all else ())


def _values_of_hours(draft: Draft) -> dict[str, Any]:
    rows = {day: len(rows_in(draft.typed, f"availability.{day}", WINDOW)) for day in WEEKDAYS}
    return {
        "weekdays": WEEKDAYS,
        "rows": {day: count + ROWS_TO_SPARE for day, count in rows.items()},
    }


async def _values_about(request: ConsoleRequest) -> dict[str, Any]:
    """The users who may own the schedule, for those who may change all of it; staff are not shown
    the other users."""
    members = await request.read(list_members) if request.sees_all else []
    return {
        "members": [(ids.encode_id(ids.USER, one.user_id), one.email) for one in members],
        "colors": [(color.value, str(words)) for color, words in COLORS.items()],
    }


EDITOR: Final = Editor(
    PATH,
    Right.SEE_SCHEDULES,
    SCHEDULES,
    schedule_forms,
    _form,
    schedule_forms.read_own_changes,
    _sent_again,
    is_shown=schedule_forms.is_hours,
)
id_of, path_of, open_schedule = EDITOR.id_of, EDITOR.path_of, EDITOR.open

_PHOTO: Final = PATH + "/{schedule}/photo"
_ABOUT: Final = PATH + "/{schedule}" + ABOUT
PAGES: Final = (
    *EDITOR.pages(list_schedules, show_new, Right.CHANGE_HOURS),
    console_route(Right.SEE_SCHEDULES, "GET", _ABOUT, show_about),
    console_route(Right.CHANGE_SETTINGS, "POST", _ABOUT, save_about),
    console_route(Right.CHANGE_SETTINGS, "POST", _PHOTO, set_photo),
    console_route(Right.CHANGE_SETTINGS, "POST", _PHOTO + "/delete", delete_photo),
)
