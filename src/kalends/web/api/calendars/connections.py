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
    """Which account, and whose it is."""

    provider: Annotated[
        ProviderName,
        Meta(
            description="`caldav`, or `ics` for the address of a calendar file, which can only be "
            "read; in a sandbox `test` alone, which reaches nobody. `google` and `microsoft` are "
            "connected by their owner's consent: `POST /api/v1/calendar-connections/authorize`."
        ),
    ]
    url: Annotated[
        str,
        Meta(
            description="The server's address, or that of the file; not for `test`.",
            max_length=2000,
            examples=["https://cloud.example.com/remote.php/dav"],
        ),
    ] = ""
    username: Annotated[str, Meta(description="Who signs in.", max_length=500)] = ""
    password: Annotated[
        str,
        Meta(
            description="The password, best one for this alone; kept encrypted and never shown.",
            max_length=500,
        ),
    ] = ""
    user_id: Annotated[
        str | None, Meta(description="The user whose it is; null is the organization's.")
    ] = None


class UpdateCalendarConnection(RequestModel, frozen=True):
    """What is left out stays as it is."""

    paused: Annotated[
        bool | UnsetType,
        Meta(description="Whether it is left alone; what was known is used meanwhile."),
    ] = UNSET
    password: (
        Annotated[
            str,
            Meta(
                description="A new password, for CalDAV. It is tried first, and has to sign in to "
                "the same account.",
                min_length=1,
                max_length=500,
            ),
        ]
        | UnsetType
    ) = UNSET


class DeleteConnectionQuery(RequestModel, frozen=True):
    remove_events: Annotated[
        bool, Meta(description="Whether events that were written there are deleted first.")
    ] = False


class PutCalendarUse(RequestModel, frozen=True):
    """What the schedule does with one calendar."""

    calendar_id: str
    reads: Annotated[bool, Meta(description="Whether its events make the schedule busy.")] = True
    writes: Annotated[bool, Meta(description="Whether bookings are written into it.")] = False
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

    Signs in, and looks for the account's calendars, within 20 seconds; then they are read at once,
    and schedules can use them. A sandbox has the provider `test` alone: an account with two
    calendars, into one of which bookings can be written.
    """
    new = parse_new(await call.body(CreateCalendarConnection))
    discovery = await connections.discover(call.context, call.caller, new)
    return await call.change(
        lambda shown: data(_shown(shown), 201), connections.create_connection, new, discovery
    )


async def update_connection(call: Call) -> HttpAnswer:
    """Update a calendar connection

    Pauses it, or goes on with it; or gives it a new password, with which the account is looked at
    first, within 20 seconds, and then read at once.
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

    Has each calendar of the connection read at once, whenever it would have been. `run_id` tells
    how that stands. A connection that is paused, or waits for its password or
    a consent, is refused.
    """
    connection_id = call.id(ids.CALENDAR_CONNECTION)
    return await call.change(
        lambda id_: data({"run_id": ids.encode_id(ids.CALENDAR_SYNC, id_)}, 202),
        syncs.start_sync,
        connection_id,
    )


async def get_sync(call: Call) -> HttpAnswer:
    """How a reading of calendars stands

    Runs are kept for a day.
    """
    connection_id = call.id(ids.CALENDAR_CONNECTION)
    run_id = call.id(ids.CALENDAR_SYNC, "run_id")
    return data(show_sync(await call.read(syncs.get_sync, connection_id, run_id)))


async def delete_connection(call: Call) -> HttpAnswer:
    """Disconnect calendars

    The calendars go at once, with all that was known of them: they make no schedule busy any more.
    Events that were written there stay, unless `remove_events` is true: then the answer is 202, the
    connection is `removing`, and goes when they are deleted, in ten minutes at most.
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
    """Which calendars a schedule reads and writes"""
    listed = await call.read(uses.list_uses, call.id(ids.SCHEDULE))
    return data([show_use(use) for use in listed])


async def replace_uses(call: Call) -> HttpAnswer:
    """Set which calendars a schedule reads and writes

    What is busy in a calendar that it reads is refused with `BUSY`; time beyond what is known of it
    with `CALENDAR_UNKNOWN`, but to bookings directly on a schedule. Bookings are written into one
    calendar at most. An empty list uses none.
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
