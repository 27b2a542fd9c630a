"""Calendars elsewhere: connecting an account, and choosing which calendars a schedule reads."""

from typing import Final
from uuid import UUID

from kalends.domain import ids
from kalends.domain.access import Mode
from kalends.domain.calendars.accounts import CalendarLogin
from kalends.domain.calendars.connections import ConnectedCalendar, ProviderName
from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.rights import Right
from kalends.services.calendars import uses
from kalends.services.calendars.accounts import connections
from kalends.services.calendars.accounts.connections import NewCalendarConnection
from kalends.translation import LazyMessage, gettext_lazy
from kalends.web.api.calendars.connections import REQUIRED_OF
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.calendars.consents import providers_of
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.offers.schedules import EDITOR, open_schedule, path_of
from kalends.web.console.settings.offers.schedules import PATH as SCHEDULES
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

SECTION: Final = "calendars"
PATH: Final = "/calendars"
TAB: Final = "/calendars"
CONNECTIONS_LISTED: Final = 50
# The providers that a live organization can connect; a sandbox has test calendars.
PROVIDERS: Final[tuple[tuple[ProviderName, LazyMessage], ...]] = (
    (ProviderName.CALDAV, gettext_lazy("A calendar account (CalDAV)")),
    (ProviderName.ICS, gettext_lazy("The address of a calendar file (iCalendar)")),
)


async def list_connections(request: ConsoleRequest) -> PageAnswer:
    return await _page(request, Draft.of_values({"provider": ProviderName.CALDAV}))


async def connect(request: ConsoleRequest) -> PageAnswer:
    """Connects an account. Finding its calendars comes first and takes up to 20 seconds."""
    typed = await request.form()
    page_request = request.page_request
    try:
        new = _read(typed, page_request.caller.mode)
        found = await connections.discover(page_request.context, page_request.caller, new)
        made = await request.change(connections.create_connection, new, found)
    except KalendsError as error:
        return await _page(request, Draft.with_faults(typed, error))
    connection_id = ids.encode_id(ids.CALENDAR_CONNECTION, made.connection.id)
    return request.go(f"{PATH}/{connection_id}", done="calendars-connected")


async def disconnect(request: ConsoleRequest) -> PageAnswer:
    connection_id = id_named(ids.CALENDAR_CONNECTION, request.path("connection"))
    await request.change(connections.delete_connection, connection_id)
    return request.go(PATH, done="calendars-disconnected")


async def show_uses(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    listed = await request.read(uses.list_calendars)
    used = {use.calendar_id for use in await request.read(uses.list_uses, schedule.id) if use.reads}
    return EDITOR.page_about(
        request,
        "console/settings/schedule-calendars.html",
        schedule,
        TAB,
        calendars=listed,
        used=used,
        id_of=_id_of,
    )


async def save_uses(request: ConsoleRequest) -> PageAnswer:
    """Applies only the differences between the ticked calendars and those ticked when the form was
    rendered. So what others tick meanwhile is kept, and so is how each calendar blocks time and
    which of them is written into."""
    schedule = await open_schedule(request)
    form = await request.form()
    chosen, were = _named(form, "calendars"), _named(form, "were")
    if "were" not in form:  # the page was rendered by the previous release
        were = [use.calendar_id for use in await request.read(uses.list_uses, schedule.id)]
    added = [id_ for id_ in chosen if id_ not in were]
    removed = [id_ for id_ in were if id_ not in chosen]
    await request.change(uses.read_calendars, schedule.id, added, removed)
    return request.go(path_of(schedule, TAB), done="saved")


def _named(form: FormFields, name: str) -> list[UUID]:
    """The ids of calendars in a field. Raises NotFound if one cannot be a calendar's."""
    return [id_named(ids.CALENDAR, id_) for id_ in form.all_of(name) if id_]


def _read(typed: FormFields, mode: Mode) -> NewCalendarConnection:
    """Raises Invalid."""
    if mode is Mode.TEST:
        return NewCalendarConnection(provider=ProviderName.TEST, login=CalendarLogin(url=""))
    is_file = typed.text("provider") == ProviderName.ICS
    provider = ProviderName.ICS if is_file else ProviderName.CALDAV
    for name in REQUIRED_OF[provider]:
        if not typed.text(name):
            raise Invalid.field(name, "is required", Fault(FaultCode.MISSING))
    login = CalendarLogin(
        url=typed.text("url"), username=typed.text("username"), password=typed.text("password")
    )
    return NewCalendarConnection(provider=provider, login=login)


async def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    listed, pager = await read_page(request, connections.list_connections, CONNECTIONS_LISTED)
    return request.page(
        "console/settings/calendars.html",
        SECTION,
        status=draft.status,
        connections=listed,
        id_of=lambda connection: ids.encode_id(ids.CALENDAR_CONNECTION, connection.id),
        providers=PROVIDERS,
        consents=providers_of(request),
        is_sandbox=request.page_request.caller.mode is Mode.TEST,
        **draft.values(),
        **pager,
    )


def _id_of(calendar: ConnectedCalendar) -> str:
    return ids.encode_id(ids.CALENDAR, calendar.id)


_SCHEDULE: Final = SCHEDULES + "/{schedule}"

PAGES: Final = (
    console_route(Right.CHANGE_CALENDARS, "GET", PATH, list_connections),
    console_route(Right.CHANGE_CALENDARS, "POST", PATH, connect),
    console_route(Right.CHANGE_CALENDARS, "POST", PATH + "/{connection}/disconnect", disconnect),
    console_route(Right.CHANGE_CALENDARS, "GET", _SCHEDULE + TAB, show_uses),
    console_route(Right.CHANGE_CALENDARS, "POST", _SCHEDULE + TAB, save_uses),
)
