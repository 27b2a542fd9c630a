"""Event types: the list, and the sections of each one's form."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from kalends.domain import ids
from kalends.domain.changes import FieldChanges
from kalends.domain.event_type import EventType
from kalends.domain.rights import Right
from kalends.domain.schedule import Schedule
from kalends.services import event_type_order, event_types
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.editor import Editor
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.forms.typed import ROWS_TO_SPARE, YES
from kalends.web.console.settings.mail_frames import page_with_mail
from kalends.web.console.settings.offers import event_type_forms, schedules
from kalends.web.console.settings.offers.event_type_forms import (
    NEW,
    chosen_in,
    count_rows,
    new_draft,
    read_changes,
)
from kalends.web.console.settings.offers.event_type_looks import first_start, words_about
from kalends.web.console.settings.offers.event_type_sections import (
    FORM,
    MESSAGES,
    SECTIONS,
    WHAT,
    WHO,
    FormSection,
    section_after,
    section_of,
)
from kalends.web.console.settings.offers.schedules import list_all
from kalends.web.http.call import id_named
from kalends.web.http.locked_changes import lock_update
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.routes import PageRoute
from kalends.web.use_cases import EVENT_TYPES

PATH: Final = "/event-types"
LISTED: Final = 100


async def list_event_types(request: ConsoleRequest) -> PageAnswer:
    listed, pager = await read_page(request, event_type_order.list_event_types_in_order, LISTED)
    has_schedules = bool(await list_all(request))
    template = "console/settings/event-types.html"
    return EDITOR.page_of_list(request, template, listed, has_schedules=has_schedules, **pager)


async def show_new(request: ConsoleRequest) -> PageAnswer:
    chosen = [schedules.id_of(one) for one in await list_all(request) if one.is_active]
    return await _form(request, None, new_draft(chosen))


async def set_active(request: ConsoleRequest) -> PageAnswer:
    """Opens an event type for new bookings or closes it, from the list."""
    event_type = await EDITOR.open(request)
    is_active = (await request.form()).text("is_active") == YES
    changes = FieldChanges[EventType](is_active=is_active)
    lock = EDITOR.lock(event_type, None)
    await request.change(lock_update(lock, event_types.update_event_type, changes))
    return request.go(PATH, done="opened" if is_active else "closed")


async def move(request: ConsoleRequest) -> PageAnswer:
    """Moves an event type in the list, up or down by one, or to the place of another."""
    event_type = await EDITOR.open(request)
    form = await request.form()
    at, direction = form.get("at"), "up" if form.get("to") == "up" else "down"
    if at:
        at_id = id_named(ids.EVENT_TYPE, at)
        await request.change(event_type_order.place_event_type, event_type.id, at_id)
    else:
        steps = -1 if direction == "up" else 1
        await request.change(event_type_order.shift_event_type, event_type.id, steps)
    moved = id_of(event_type)
    return request.go(
        PATH, done="order-changed", moved=moved, to=direction, offset=form.get("offset")
    )


async def _form(request: ConsoleRequest, event_type: EventType | None, draft: Draft) -> PageAnswer:
    """The form: what a new event type needs at least, or the first section of an existing one."""
    if event_type is not None:
        return await _section(WHAT, request, event_type, draft)
    return EDITOR.page_about(
        request,
        "console/settings/event-type-new.html",
        None,
        status=draft.status,
        schedules=await _schedules(request, draft),
        carried=draft.beyond(lambda name: name.partition(".")[0] in NEW),
        **draft.at_fields(_our_field).values(),
    )


async def _section(
    section: FormSection,
    request: ConsoleRequest,
    event_type: EventType,
    draft: Draft,
    carried: Sequence[tuple[str, str]] = (),
) -> PageAnswer:
    path, count = EDITOR.path_of(event_type), count_rows(draft.typed)
    beside = await _values_of(section, request, event_type, draft)
    page = EDITOR.page_about(
        request,
        f"console/settings/event-type/{section.key}.html",
        event_type,
        section.page,
        status=draft.status,
        part=section,
        next_part=section_after(section),
        carried=carried,
        rows={name: filled + ROWS_TO_SPARE for name, filled in count.items()},
        page_url=f"{request.page_request.origin}/{request.organization.slug}/",
        **beside,
        **draft.at_fields(_our_field).values(lambda name: _place_of(name, section, request, path)),
    )
    return page_with_mail(page, beside.get("mail"))


async def _sent_again(
    section: FormSection, request: ConsoleRequest, event_type: EventType, draft: Draft
) -> PageAnswer:
    """The form as it was sent, in the section with the first fault. A page of the previous release
    has all sections in one form; what it sent for the other sections is carried along."""
    sent = {section_of(name) for name in draft.typed}
    wrong = [one for name in draft.faults if (one := section_of(name)) and one in sent]
    shown = section if section in wrong or not wrong else wrong[0]
    carried = draft.beyond(lambda name: section_of(name) in (shown, None))
    return await _section(shown, request, event_type, draft, carried)


async def _values_of(
    section: FormSection, request: ConsoleRequest, event_type: EventType, draft: Draft
) -> dict[str, Any]:
    """The values that the section's template shows beside its fields."""
    if section is WHO:
        return {"schedules": await _schedules(request, draft)}
    if section is FORM:
        return {"preview_start": await first_start(request, event_type)}
    if section is MESSAGES:
        return await words_about(request, event_type)
    return {}


def _place_of(name: str, section: FormSection, request: ConsoleRequest, path: str) -> str:
    """The link to a field: on this page, in another section, or among the texts of a language."""
    other = section_of(name)
    if name.startswith("translations."):
        return request.to(f"{path}/languages/{name.split('.')[1]}")
    return f"#{name}" if other in (section, None) else request.to(f"{path}{other.page}#{name}")


async def _schedules(request: ConsoleRequest, draft: Draft) -> list[tuple[str, Schedule]]:
    """The schedules that can be chosen, and those that already are, by their public ids."""
    listed = await list_all(request, chosen_in(draft.typed))
    return [(schedules.id_of(one), one) for one in listed]


def _section_routes(section: FormSection) -> tuple[PageRoute, ...]:
    async def show(request: ConsoleRequest) -> PageAnswer:
        event_type = await EDITOR.open(request)
        draft = EDITOR.draft_of(event_type, section.has)
        return await _section(section, request, event_type, draft)

    async def save(request: ConsoleRequest) -> PageAnswer:
        page = partial(_sent_again, section)
        return await EDITOR.save_part(request, read_changes, page, section.page, section.has)

    path = f"{PATH}/{{event_type}}{section.page}"
    return (
        console_route(Right.SEE_EVENT_TYPES, "GET", path, show),
        console_route(Right.CHANGE_SETTINGS, "POST", path, save),
    )


def _our_field(name: str) -> str:
    """The form's field for a field of the API. A fault of one item is shown at the field of its
    list, and a fault of all requirements together before the first of them."""
    in_list = re.compile(r"(reminders_minutes_before|.*\.(?:schedule_ids|options))\.\d+")
    return "requirements" if name == "schedule_id" else in_list.sub(r"\1", name)


EDITOR: Final = Editor(
    *(PATH, Right.SEE_EVENT_TYPES, EVENT_TYPES, event_type_forms, _form),
    sent_again=partial(_sent_again, WHAT),
    shown={"event_type_sections": SECTIONS},
    is_shown=WHAT.has,
)
id_of = EDITOR.id_of

PAGES: Final = (
    *EDITOR.pages(list_event_types, show_new),
    *(route for section in SECTIONS if section is not WHAT for route in _section_routes(section)),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH + "/{event_type}/active", set_active),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH + "/{event_type}/move", move),
)
