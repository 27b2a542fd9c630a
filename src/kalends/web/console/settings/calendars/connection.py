"""The page of one calendar connection: how far its calendars have been read, which schedules read
them, and the form for a new password."""

from typing import Final
from uuid import UUID

from kalends.domain import ids
from kalends.domain.calendars.connections import ConnectedCalendar, ProviderName
from kalends.domain.calendars.states import ConnectionState
from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.rights import Right
from kalends.services.agenda import Choices, list_choices
from kalends.services.calendars import uses
from kalends.services.calendars.accounts import connections
from kalends.services.calendars.accounts.connections import ShownConnection
from kalends.services.calendars.reading import syncs
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.calendars.accounts import PATH, SECTION
from kalends.web.console.settings.calendars.consents import has_boxes
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

OPEN: Final = PATH + "/{connection}"


async def show_connection(request: ConsoleRequest) -> PageAnswer:
    return await _page(request, Draft.of_values({}))


async def choose_calendars(request: ConsoleRequest) -> PageAnswer:
    """Lets a schedule read the chosen calendars too; its use of other calendars does not change."""
    form = await request.form()
    schedule_id = id_named(ids.SCHEDULE, form.text("schedule"))
    chosen = [id_named(ids.CALENDAR, id_) for id_ in form.all_of("calendars")]
    await request.change(uses.read_calendars, schedule_id, chosen)
    return _done(request, "saved")


async def read_now(request: ConsoleRequest) -> PageAnswer:
    await request.change(syncs.start_sync, _id(request))
    return _done(request, "sync-begun")


async def change_password(request: ConsoleRequest) -> PageAnswer:
    """Changes the password after signing in with it, which takes up to 20 seconds."""
    password = (await request.form()).text("password")
    page_request = request.page_request
    try:
        if not password:
            raise Invalid.field("password", "is required", Fault(FaultCode.MISSING))
        connection = await request.read(connections.get_connection, _id(request))
        found = await connections.discover_again(
            page_request.context, page_request.caller, connection, password
        )
        await request.change(connections.change_password, _id(request), password, found)
    except KalendsError as error:
        return await _page(request, Draft.with_faults(FormFields([]), error))
    return _done(request, "saved")


async def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    shown: ShownConnection = await request.read(connections.get_connection, _id(request))
    listed = await request.read(connections.list_calendars, _id(request))
    choices: Choices = await request.read(list_choices)
    return request.page(
        "console/settings/calendar-connection.html",
        SECTION,
        status=draft.status,
        shown=shown,
        calendars=listed,
        schedules=_options(choices),
        read_total=sum(one.known_until is not None for one in listed),
        waits=any(one.known_until is None and one.reason is None for one in listed),
        path=_path(request),
        id_of=_id_of,
        may_read=shown.connection.state not in syncs.HALTED,
        asks_consent=shown.connection.provider.asks_consent,
        has_boxes=has_boxes(request, shown.connection),
        has_password=shown.connection.provider is ProviderName.CALDAV,
        wants_password=shown.connection.state is ConnectionState.RECONNECT,
        **draft.values(),
    )


def _options(choices: Choices) -> list[tuple[str, str]]:
    return [(ids.encode_id(ids.SCHEDULE, one.id), one.name) for one in choices.schedules]


def _id(request: ConsoleRequest) -> UUID:
    return id_named(ids.CALENDAR_CONNECTION, request.path("connection"))


def _id_of(calendar: ConnectedCalendar) -> str:
    return ids.encode_id(ids.CALENDAR, calendar.id)


def _path(request: ConsoleRequest) -> str:
    return f"{PATH}/{ids.encode_id(ids.CALENDAR_CONNECTION, _id(request))}"


def _done(request: ConsoleRequest, done: str) -> PageAnswer:
    return request.go(_path(request), done=done)


PAGES: Final = (
    console_route(Right.CHANGE_CALENDARS, "GET", OPEN, show_connection),
    console_route(Right.CHANGE_CALENDARS, "POST", OPEN + "/schedules", choose_calendars),
    console_route(Right.CHANGE_CALENDARS, "POST", OPEN + "/read", read_now),
    console_route(Right.CHANGE_CALENDARS, "POST", OPEN + "/password", change_password),
)
