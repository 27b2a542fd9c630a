"""`/api/v1/calendar-connections`, and the calendars that a schedule reads and writes."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from kalends.domain import ids
from kalends.domain.calendars.accounts import CalendarLogin, Discovery
from kalends.domain.calendars.connections import CalendarUse, ProviderName
from kalends.domain.calendars.states import ConnectionState
from kalends.domain.errors import Invalid
from kalends.formats.calendars import (
    CalendarBody,
    CalendarConnectionBody,
    CalendarSyncBody,
    CalendarUseBody,
    SyncStartedBody,
    show_calendar,
    show_connection,
    show_sync,
    show_use,
)
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.calendars import uses
from kalends.services.calendars.accounts import connections
from kalends.services.calendars.accounts.connections import NewCalendarConnection, ShownConnection
from kalends.services.calendars.reading import syncs
from kalends.web.api.listing import answer_page
from kalends.web.http.answers import DataOf, Deleted, data, deleted
from kalends.web.http.call import Call, id_named
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import CALENDAR_SCOPES, Resource, Route

REQUIRED_OF: Final[Mapping[ProviderName, tuple[str, ...]]] = {
    ProviderName.CALDAV: ("url", "username", "password"),
    ProviderName.ICS: ("url",),
    ProviderName.GOOGLE: (),
    ProviderName.MICROSOFT: (),
    ProviderName.TEST: (),
}


class CreateCalendarConnection(RequestModel, frozen=True):
    """The account to connect, and the user it belongs to."""

    provider: Annotated[
        ProviderName,
        about(
            "`caldav`, or `ics` for the address of a calendar file, which can only be read; in a "
            "sandbox only `test`, which reaches nobody. `google` and `microsoft` are connected by "
            "their owner's consent: `POST /api/v1/calendar-connections/authorize`."
        ),
    ]
    url: Annotated[
        str,
        about(
            "The address of the server or of the file; not for `test`.",
            "https://cloud.example.com/remote.php/dav",
            max_length=2000,
        ),
    ] = ""
    username: Annotated[str, about("The user name to sign in with.", max_length=500)] = ""
    password: Annotated[
        str,
        about(
            "The password, best an app password for this alone; stored encrypted and never shown.",
            max_length=500,
        ),
    ] = ""
    user_id: Annotated[
        str | None, about("The user that the account belongs to; null is the organization.")
    ] = None


class UpdateCalendarConnection(RequestModel, frozen=True):
    """What is left out stays as it is."""

    paused: Annotated[
        bool | UnsetType,
        about("Whether reading and writing pause; meanwhile, what was known is used."),
    ] = UNSET
    password: (
        Annotated[
            str,
            about(
                "A new password, for CalDAV. It is tried first, and has to be of the same account.",
                min_length=1,
                max_length=500,
            ),
        ]
        | UnsetType
    ) = UNSET


class DeleteConnectionQuery(RequestModel, frozen=True):
    remove_events: Annotated[
        bool, about("Whether events that Kalends wrote there are deleted first.")
    ] = False


class PutCalendarUse(RequestModel, frozen=True):
    """What the schedule does with one calendar."""

    calendar_id: str
    reads: Annotated[bool, about("Whether its events make the schedule busy.")] = True
    writes: Annotated[bool, about("Whether bookings are written into it.")] = False
    tentative_blocks: bool = True
    all_day_blocks: bool = True
    out_of_office_blocks: bool = True


PutCalendarUses = Annotated[
    list[PutCalendarUse], Meta(max_length=uses.MOST_CALENDARS_OF_A_SCHEDULE)
]


async def list_connections(call: Call) -> HttpAnswer:
    """List calendar connections

    In the order of their creation.
    """
    query = call.query(PageQuery)
    return await answer_page(call, query, connections.list_connections, _shown)


async def get_connection(call: Call) -> HttpAnswer:
    """Get a calendar connection"""
    connection_id = call.id(ids.CALENDAR_CONNECTION)
    return data(_shown(await call.read(connections.get_connection, connection_id)))


async def create_connection(call: Call) -> HttpAnswer:
    """Connect calendars

    Signs in and looks for the account's calendars, within 20 seconds. They are read at once, and
    schedules can use them. A sandbox only has the provider `test`: an account with two calendars,
    of which one can be written.
    """
    new = parse_new(await call.body(CreateCalendarConnection))
    discovery = await connections.discover(call.context, call.caller, new)
    return await call.change(
        lambda shown: data(_shown(shown), 201), connections.create_connection, new, discovery
    )


async def update_connection(call: Call) -> HttpAnswer:
    """Update a calendar connection

    Pauses or resumes the connection, or gives it a new password. The new password is first tried
    at the account, within 20 seconds; then its calendars are read at once.
    """
    body = await call.raw_json()
    connection_id = call.id(ids.CALENDAR_CONNECTION)
    before = await call.read(connections.get_connection, connection_id)
    changes = _parse_changes(body)
    discovery = None
    if changes.password is not UNSET:
        discovery = await connections.discover_again(
            call.context, call.caller, before, changes.password
        )
    use_case = partial(_update, connection_id=connection_id, changes=changes, discovery=discovery)
    return await call.change(lambda shown: data(_shown(shown)), use_case)


async def _update(
    work: UnitOfWork,
    *,
    connection_id: UUID,
    changes: UpdateCalendarConnection,
    discovery: Discovery | None,
) -> ShownConnection:
    if changes.password is not UNSET and discovery is not None:
        await connections.change_password(work, connection_id, changes.password, discovery)
    before = await connections.lock_connection(work, connection_id)
    is_paused = before.state is ConnectionState.PAUSED
    wanted = is_paused if changes.paused is UNSET else changes.paused
    return await connections.pause_connection(work, before, wanted)


async def start_sync(call: Call) -> HttpAnswer:
    """Read calendars now

    Reads each calendar of the connection at once, without waiting for its next turn. Ask for the
    state of the reading by its `run_id`. Refused if the connection is paused, or waits for a
    password or a consent.
    """
    connection_id = call.id(ids.CALENDAR_CONNECTION)
    return await call.change(
        lambda id_: data({"run_id": ids.encode_id(ids.CALENDAR_SYNC, id_)}, 202),
        syncs.start_sync,
        connection_id,
    )


async def get_sync(call: Call) -> HttpAnswer:
    """Get the state of a reading of calendars

    Runs are kept for a day.
    """
    connection_id = call.id(ids.CALENDAR_CONNECTION)
    run_id = call.id(ids.CALENDAR_SYNC, "run_id")
    return data(show_sync(await call.read(syncs.get_sync, connection_id, run_id)))


async def delete_connection(call: Call) -> HttpAnswer:
    """Disconnect calendars

    Deletes the calendars at once with everything that is known of them, so they no longer make
    any schedule busy. Events that Kalends wrote there stay, unless `remove_events` is true: then
    the answer is 202, and the connection is `removing` until those events are deleted, for at
    most ten minutes.
    """
    connection_id = call.id(ids.CALENDAR_CONNECTION)
    if call.query(DeleteConnectionQuery).remove_events:
        return await call.change(
            lambda shown: data(_shown(shown), 202), connections.remove_connection, connection_id
        )
    return await call.change(
        partial(deleted, ids.CALENDAR_CONNECTION),
        connections.delete_connection,
        connection_id,
    )


async def list_calendars(call: Call) -> HttpAnswer:
    """List the calendars of a connection

    By name.
    """
    listed = await call.read(connections.list_calendars, call.id(ids.CALENDAR_CONNECTION))
    return data([show_calendar(calendar) for calendar in listed])


async def list_uses(call: Call) -> HttpAnswer:
    """Get which calendars a schedule reads and writes"""
    listed = await call.read(uses.list_uses, call.id(ids.SCHEDULE))
    return data([show_use(use) for use in listed])


async def replace_uses(call: Call) -> HttpAnswer:
    """Set which calendars a schedule reads and writes

    Times that are busy in a calendar that the schedule reads are refused with `BUSY`. Times of
    which the calendar is not known are refused with `CALENDAR_UNKNOWN`, except for bookings made
    directly on a schedule. Bookings are written into at most one calendar. With an empty list the
    schedule uses none.
    """
    body = await call.raw_json()
    lock = partial(uses.lock_schedule, schedule_id=call.id(ids.SCHEDULE))
    use_case = lock_parse_update(lock, partial(parse_uses, body), uses.replace_uses)
    return await call.change(lambda listed: data([show_use(use) for use in listed]), use_case)


def parse_new(body: CreateCalendarConnection) -> NewCalendarConnection:
    """Raises NotFound, Invalid."""
    user_id = None if body.user_id is None else id_named(ids.USER, body.user_id)
    for field in REQUIRED_OF[body.provider]:
        if not getattr(body, field):
            raise Invalid.field(field, "is required")
    login = CalendarLogin(url=body.url, username=body.username, password=body.password)
    return NewCalendarConnection(provider=body.provider, login=login, user_id=user_id)


def parse_uses(body: bytes) -> list[CalendarUse]:
    """Raises NotJson, NotFound, Invalid."""
    given = read_body(body, PutCalendarUses)
    parsed = [
        CalendarUse(
            **msgspec.structs.asdict(use) | {"calendar_id": id_named(ids.CALENDAR, use.calendar_id)}
        )
        for use in given
    ]
    uses.check_uses(parsed)
    return parsed


def _parse_changes(body: bytes) -> UpdateCalendarConnection:
    """Raises NotJson, Invalid."""
    return read_body(body or b"{}", UpdateCalendarConnection)


def _shown(shown: ShownConnection) -> dict[str, object]:
    return show_connection(shown.connection, shown.calendars_total, shown.reason, shown.lacking)


_call = Resource("Calendars", "/api/v1/calendar-connections", CALENDAR_SCOPES)
_of_schedule = Resource("Calendars", "/api/v1/schedules/{id}/calendars", CALENDAR_SCOPES, item="")
_FAILURES: Final = ("CALENDAR_CREDENTIALS_REFUSED", "CALENDAR_UNREACHABLE")

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_connections, CalendarConnectionBody),
    _call.create(
        create_connection,
        CalendarConnectionBody,
        CreateCalendarConnection,
        errors=_FAILURES,
    ),
    _call.get(get_connection, CalendarConnectionBody),
    _call.update(
        update_connection,
        CalendarConnectionBody,
        UpdateCalendarConnection,
        errors=_FAILURES,
    ),
    _call("POST /{id}/sync", start_sync, {202: DataOf[SyncStartedBody]}),
    _call("GET /{id}/syncs/{run_id}", get_sync, {200: DataOf[CalendarSyncBody]}),
    _call(
        "DELETE /{id}",
        delete_connection,
        {200: DataOf[Deleted], 202: DataOf[CalendarConnectionBody]},
        query=DeleteConnectionQuery,
    ),
    _call("GET /{id}/calendars", list_calendars, {200: DataOf[list[CalendarBody]]}),
    _of_schedule("GET", list_uses, {200: DataOf[list[CalendarUseBody]]}),
    _of_schedule("PUT", replace_uses, {200: DataOf[list[CalendarUseBody]]}, body=PutCalendarUses),
)
