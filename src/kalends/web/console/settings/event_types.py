"""Event types: the list, and each with all of its rules."""

import re
from dataclasses import replace
from functools import partial
from typing import Final

from kalends.domain import ids
from kalends.domain.booking import LocationType
from kalends.domain.errors import KalendsError, Stale
from kalends.domain.event_type import EventType, QuestionType
from kalends.runtime.if_match import IfMatch
from kalends.services import event_types
from kalends.services.event_types import EventTypeChanges
from kalends.web.console.request import ConsoleRequest, admin_route, member_route
from kalends.web.console.settings import schedules
from kalends.web.console.settings.drafts import (
    ROWS_TO_SPARE,
    YES,
    Draft,
    if_match_of,
    not_done,
    refused,
)
from kalends.web.console.settings.event_type_forms import (
    as_typed,
    chosen_in,
    count_rows,
    draft_of,
    new_draft,
    read_changes,
    read_new,
)
from kalends.web.console.settings.schedules import list_all, offset_in
from kalends.web.http.call import id_named
from kalends.web.http.locked_changes import Lock, lock_parse_update, lock_update
from kalends.web.pages.answers import PageAnswer

SECTION: Final = "event-types"
PATH: Final = "/event-types"
LISTED: Final = 100


async def list_event_types(request: ConsoleRequest) -> PageAnswer:
    offset = offset_in(request)
    listed, total = await request.read(
        event_types.list_event_types, is_active=None, limit=LISTED, offset=offset
    )
    return request.page(
        "console/settings/event-types.html",
        SECTION,
        event_types=listed,
        total=total,
        offset=offset,
        limit=LISTED,
        id_of=id_of,
        has_schedules=bool(await list_all(request)),
    )


async def show_new(request: ConsoleRequest) -> PageAnswer:
    chosen = [schedules.id_of(one) for one in await list_all(request) if one.is_active]
    return await _form(request, None, new_draft(chosen))


async def create(request: ConsoleRequest) -> PageAnswer:
    typed = as_typed(await request.form())
    try:
        made = await request.change(event_types.create_event_type, read_new(typed))
    except KalendsError as error:
        return await _form(request, None, refused(typed, error))
    return request.go(path_of(made), done="event-type-created")


async def show(request: ConsoleRequest) -> PageAnswer:
    event_type = await open_event_type(request)
    return await _form(request, event_type, draft_of(event_type))


async def save(request: ConsoleRequest) -> PageAnswer:
    event_type = await open_event_type(request)
    form = await request.form()
    typed = as_typed(form)
    try:
        lock = _lock(event_type, if_match_of(form))
        parse = partial(read_changes, typed)
        await request.change(lock_parse_update(lock, parse, event_types.update_event_type))
    except KalendsError as error:
        return await _form(request, event_type, refused(typed, error, event_type.version))
    return request.go(path_of(event_type), done="saved")


async def set_active(request: ConsoleRequest) -> PageAnswer:
    """Opens or closes it for new bookings, from the list."""
    event_type = await open_event_type(request)
    is_active = (await request.form()).text("is_active") == YES
    changes = EventTypeChanges(is_active=is_active)
    lock = _lock(event_type, None)
    await request.change(lock_update(lock, event_types.update_event_type, changes))
    return request.go(PATH, done="opened" if is_active else "closed")


async def delete(request: ConsoleRequest) -> PageAnswer:
    event_type = await open_event_type(request)
    form = await request.form()
    try:
        await request.change(event_types.delete_event_type, event_type.id, if_match_of(form))
    except Stale as error:
        return await _form(request, event_type, not_done(draft_of(event_type), error))
    return request.go(PATH, done="deleted")


async def open_event_type(request: ConsoleRequest) -> EventType:
    """The event type that the path names. Raises NotFound."""
    event_type_id = id_named(ids.EVENT_TYPE, "event type", request.path("event_type"))
    event_type: EventType = await request.read(event_types.get_event_type, event_type_id)
    return event_type


def id_of(event_type: EventType) -> str:
    return ids.encode_id(ids.EVENT_TYPE, event_type.id)


def path_of(event_type: EventType, page: str = "") -> str:
    return f"{PATH}/{id_of(event_type)}{page}"


def _lock(event_type: EventType, if_match: IfMatch) -> Lock[EventType]:
    return partial(event_types.lock_event_type, event_type_id=event_type.id, if_match=if_match)


async def _form(request: ConsoleRequest, event_type: EventType | None, draft: Draft) -> PageAnswer:
    count = count_rows(draft.typed)
    chosen = chosen_in(draft.typed)
    draft = replace(draft, faults=_at_fields(draft))
    return request.page(
        "console/settings/event-type.html",
        SECTION,
        draft.status,
        event_type=event_type,
        path=path_of(event_type) if event_type else f"{PATH}/new",
        tab="",
        schedules=[(schedules.id_of(one), one) for one in await list_all(request, chosen)],
        location_types=list(LocationType),
        question_types=list(QuestionType),
        rows={name: filled + ROWS_TO_SPARE for name, filled in count.items()},
        page_url=f"{request.page_request.origin}/{request.organization.slug}/",
        **draft.values(),
    )


def _at_fields(draft: Draft) -> dict[str, str]:
    """What is wrong with one of a list stands at the field that holds the list; what is wrong
    with all requirements together stands before the first."""
    in_list = re.compile(r"(reminders_minutes_before|.*\.(?:schedule_ids|options))\.\d+")
    faults = {in_list.sub(r"\1", name): fault for name, fault in draft.faults.items()}
    return {("requirements" if n == "schedule_id" else n): fault for n, fault in faults.items()}


PAGES: Final = (
    member_route("GET", PATH, list_event_types),
    admin_route("GET", f"{PATH}/new", show_new),
    admin_route("POST", f"{PATH}/new", create),
    member_route("GET", PATH + "/{event_type}", show),
    admin_route("POST", PATH + "/{event_type}", save),
    admin_route("POST", PATH + "/{event_type}/active", set_active),
    admin_route("POST", PATH + "/{event_type}/delete", delete),
)
