"""`/api/bookings/sync-calcom`, `/api/integrations/calcom`, and the hook that Cal.com calls."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar
from uuid import UUID

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.errors import Invalid
from kalends.domain.imports.connections import ImportConnection, OnConflict, ScheduleMapping
from kalends.domain.rights import Right
from kalends.domain.values import Day
from kalends.formats.calcom import (
    DEFAULT_BASE_URL,
    CalcomConnectionBody,
    SyncDone,
    SyncRun,
    SyncUnderWay,
    show_connection,
    show_run,
)
from kalends.formats.described import about
from kalends.formats.encoding import encode
from kalends.runtime import unit_of_work
from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.unit_of_work import Caller
from kalends.services.imports import connections, hooks, runs
from kalends.services.imports.connections import NewConnection
from kalends.services.users.sign_in_sessions import require_admin
from kalends.web.api.models import DayOrInstant, day_or_instant
from kalends.web.http.answers import DataOf, Deleted, data, deleted
from kalends.web.http.call import Call, id_named
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import Access, Resource, Route, Scopes

DEFAULT_INTERVAL_MINUTES: Final = 15
WEEK_MINUTES: Final = 7 * 24 * 60
LARGEST_JSON_INTEGER: Final = 2**53
CalcomId = Annotated[int, Meta(ge=0, le=LARGEST_JSON_INTEGER)]
# For values that are sent on in headers and URLs: printable ASCII without spaces.
Visible = r"^[\x21-\x7e]+$"
FirstStart = Annotated[
    DayOrInstant,
    about("Only bookings that start then or later: an instant, or a day (UTC).", "2026-12-01"),
]
LastStart = Annotated[
    DayOrInstant,
    about(
        "Only bookings that start then or earlier: an instant, or a day (UTC), which is included "
        "whole.",
        "2026-12-31",
    ),
]


class SyncCalcom(RequestModel, frozen=True, rename="camel"):
    """What to sync: all that has changed, or a range."""

    organization_id: Annotated[str, about("The organization to sync.")]
    start_date: FirstStart | None = None
    end_date: LastStart | None = None


class CalcomMappingInput(RequestModel, frozen=True, rename="camel"):
    """Either an event type or a host of Cal.com, and the schedule for its bookings."""

    schedule_id: Annotated[str, about("The schedule that they go to.")]
    calcom_event_type_id: Annotated[CalcomId, about("The id of an event type there.")] | None = None
    calcom_host_id: Annotated[CalcomId, about("The id of a host there.")] | None = None


class PutCalcomConnection(RequestModel, frozen=True, rename="camel"):
    """A whole connection: what is left out gets its default."""

    organization_id: Annotated[str, about("The organization to connect.")]
    api_key: Annotated[
        str,
        about(
            "An API key of Cal.com; stored encrypted and never shown again.",
            "cal_live_…".replace("…", "4f9Q"),
            min_length=8,
            max_length=500,
            pattern=Visible,
        ),
    ]
    default_schedule_id: Annotated[str, about("The schedule for bookings that no mapping covers.")]
    base_url: Annotated[
        str,
        about(
            "The address of API v2 of a self-hosted Cal.com.",
            min_length=1,
            max_length=500,
            pattern=Visible,
        ),
    ] = DEFAULT_BASE_URL
    mappings: Annotated[
        list[CalcomMappingInput],
        about(
            "An event type's mapping takes precedence over a host's, and a host's over the "
            "default.",
            max_length=500,
        ),
    ] = []
    on_conflict: Annotated[
        OnConflict,
        about(
            "What to do with a new booking whose time is taken here: `skip` leaves it out and "
            "tries it again at each sync, `record` brings it in without taking time, marked as in "
            "conflict."
        ),
    ] = OnConflict.SKIP
    interval_minutes: Annotated[
        int,
        about("How often it is synced by itself, in minutes; 0 is never.", ge=0, le=WEEK_MINUTES),
    ] = DEFAULT_INTERVAL_MINUTES
    webhook_secret: (
        Annotated[
            str,
            about(
                "The secret that Cal.com signs its webhooks with; without one they are refused.",
                min_length=1,
                max_length=500,
            ),
        ]
        | None
    ) = None


class OfOrganization(RequestModel, frozen=True, rename="camel"):
    organization_id: Annotated[str, about("The organization.")]


class ReceivedHookBody(Struct, frozen=True):
    """The webhook was accepted."""

    success: Annotated[bool, about("Always true.")] = True


async def sync_calcom(call: Call) -> HttpAnswer:
    """Sync with Cal.com

    Imports bookings from Cal.com, each exactly once, and keeps them up to date: all that changed
    there since the last sync, or all that start within a range. If a booking was rescheduled
    there, it moves here; if both sides changed a field, the later change wins. Attendees get no
    mail; webhooks are sent.

    A sync that takes longer than 20 seconds is answered with 202 and continues as a job. A second
    sync of the same organization waits for the first. A sync fails if Cal.com has not answered
    for 60 seconds.

    Each answer counts what was brought in and names all that is still left out, also what Cal.com
    did not show again. Bookings that another account of Cal.com brought in before are not
    touched; they are named as left out once this account shows them. Needs an admin.
    """
    admin, body = await body_of_admin(call, SyncCalcom)
    run = await runs.sync_bookings(call.context, admin.organization_id, span_of(body))
    if not run.is_over:
        return HttpAnswer(202, encode(show_run(run)), {})
    if error := runs.error_of_run(run):
        raise error
    return HttpAnswer(200, encode(show_run(run)), {})


async def get_sync_run(call: Call) -> HttpAnswer:
    """Get a sync

    The state of a sync, or its result. Needs an admin.
    """
    run_id = call.id(ids.RUN, "run_id")
    run = await runs.find_run_for(call.context, call.user_id, run_id)
    return HttpAnswer(200, encode(show_run(run)), {})


async def put_calcom(call: Call) -> HttpAnswer:
    """Connect Cal.com

    Makes or replaces the connection, without a request to Cal.com yet. A replaced connection
    keeps its `hookUrl` and starts over with its next sync; the bookings that it brought in are
    still recognized. If the key belongs to another account, what the previous one brought in
    stays as it is. Needs an admin.
    """
    admin, body = await body_of_admin(call, PutCalcomConnection)
    connection = await connections.connect(call.context, admin, parse_connection(body))
    return connection_response(call, connection)


async def get_calcom(call: Call) -> HttpAnswer:
    """Get the connection to Cal.com

    The key is not shown. Needs an admin.
    """
    admin = await admin_in_query(call)
    return connection_response(
        call, await unit_of_work.read(call.context, admin, connections.get_connection)
    )


async def delete_calcom(call: Call) -> HttpAnswer:
    """Disconnect Cal.com

    The bookings stay. Needs an admin.
    """
    admin = await admin_in_query(call)
    id_ = await unit_of_work.change(call.context, admin, connections.disconnect)
    return deleted(ids.INTEGRATION, id_)


async def receive_calcom_hook(call: Call) -> HttpAnswer:
    """Receive a webhook of Cal.com

    For Cal.com only: the `hookUrl` of the connection. The header `X-Cal-Signature-256` has to be
    the HMAC-SHA256 of the body with the connection's `webhookSecret`, in hex. The hook is only a
    hint: Kalends asks Cal.com for the booking that it names, and brings in what Cal.com answers.
    """
    token = call.scope["path_params"]["token"]
    body = await call.raw_body()
    await hooks.receive_hook(call.context, token, call.headers.get("x-cal-signature-256"), body)
    return HttpAnswer(200, encode(ReceivedHookBody()), {})


Body = TypeVar("Body", SyncCalcom, PutCalcomConnection)


async def body_of_admin(call: Call, shape: type[Body]) -> tuple[Caller, Body]:
    """The caller as an admin, and the body.

    The organization is checked first, so that somebody of another one only ever sees NotFound.
    Raises NotFound, Forbidden, NotJson, Invalid.
    """
    named = await call.named_in_body("organizationId")
    admin = None if named is None else await as_admin(call, named)
    body = await call.body(shape)
    return admin or await as_admin(call, body.organization_id), body


async def admin_in_query(call: Call) -> Caller:
    """The caller as an admin of the organization in the query, for calls without a body."""
    named = call.named_in_query("organizationId")
    admin = None if named is None else await as_admin(call, named)
    query = call.query(OfOrganization)
    return admin or await as_admin(call, query.organization_id)


async def as_admin(call: Call, public_id: str) -> Caller:
    """The signed-in user as an admin of that organization. Raises NotFound, Forbidden."""
    organization_id = id_named(ids.ORGANIZATION, public_id)
    membership = await require_admin(call.context, call.user_id, organization_id)
    return Caller(
        organization_id=organization_id,
        mode=membership.mode,
        actor=call.caller.actor,
        actor_name=call.caller.actor_name,
        user_id=call.user_id,
    )


def span_of(body: SyncCalcom) -> tuple[datetime | None, datetime | None]:
    """The bounds of the starts, inclusive; a bare day is its whole day in UTC. Raises Invalid."""
    since = _bound("startDate", body.start_date, timedelta(0))
    until = _bound("endDate", body.end_date, timedelta(days=1, seconds=-1))
    if since is not None and until is not None and until < since:
        raise Invalid.field("endDate", "must not be before startDate")
    return since, until


def _bound(field: str, text: str | None, into_day: timedelta) -> datetime | None:
    if text is None:
        return None
    bound = day_or_instant(field, text)
    if isinstance(bound, Day):
        return datetime(bound.year, bound.month, bound.day, tzinfo=UTC) + into_day
    return datetime.fromtimestamp(bound.timestamp(), UTC)


def parse_connection(body: PutCalcomConnection) -> NewConnection:
    """Raises NotFound (for an id that cannot be a schedule's), Invalid."""
    mappings = [_mapping(number, mapping) for number, mapping in enumerate(body.mappings)]
    return NewConnection(
        base_url=body.base_url,
        api_key=body.api_key,
        default_schedule_id=_schedule_id(body.default_schedule_id),
        mappings=mappings,
        on_conflict=body.on_conflict,
        interval_minutes=body.interval_minutes,
        webhook_secret=body.webhook_secret,
    )


def _mapping(number: int, mapping: CalcomMappingInput) -> ScheduleMapping:
    if (mapping.calcom_event_type_id is None) == (mapping.calcom_host_id is None):
        raise Invalid.field(
            f"mappings.{number}", "must name either calcomEventTypeId or calcomHostId"
        )
    return ScheduleMapping(
        event_type_id=mapping.calcom_event_type_id,
        host_id=mapping.calcom_host_id,
        schedule_id=_schedule_id(mapping.schedule_id),
    )


def _schedule_id(public_id: str) -> UUID:
    return id_named(ids.SCHEDULE, public_id)


def connection_response(call: Call, connection: ImportConnection) -> HttpAnswer:
    token = connections.hook_token(call.context, connection)
    base = call.sessions.public_url or f"{call.scope['scheme']}://{call.headers.get('host', '')}"
    hook_url = f"{base}/hooks/calcom/{token}" if token else None
    return data(show_connection(connection, hook_url))


_FAILURES: Final = (
    "CALCOM_NOT_CONFIGURED",
    "CALCOM_KEY_REFUSED",
    "CALCOM_UNSUPPORTED",
    "CALCOM_UNAVAILABLE",
)

_call = Resource("Cal.com", "", Scopes(Right.CHANGE_SETTINGS, Right.CHANGE_SETTINGS))

ROUTES: Final[tuple[Route, ...]] = (
    _call(
        "POST /api/bookings/sync-calcom",
        sync_calcom,
        {200: SyncDone, 202: SyncUnderWay},
        body=SyncCalcom,
        errors=_FAILURES,
    ),
    _call(
        "GET /api/bookings/sync-calcom/{run_id}",
        get_sync_run,
        {200: SyncRun},
        errors=("FORBIDDEN",),
    ),
    _call(
        "PUT /api/integrations/calcom",
        put_calcom,
        {200: DataOf[CalcomConnectionBody]},
        body=PutCalcomConnection,
    ),
    _call(
        "GET /api/integrations/calcom",
        get_calcom,
        {200: DataOf[CalcomConnectionBody]},
        query=OfOrganization,
        errors=("FORBIDDEN", "NOT_FOUND"),
    ),
    _call(
        "DELETE /api/integrations/calcom",
        delete_calcom,
        {200: DataOf[Deleted]},
        query=OfOrganization,
        errors=("NOT_FOUND",),
    ),
    _call(
        "POST /hooks/calcom/{token}",
        receive_calcom_hook,
        {200: ReceivedHookBody},
        access=Access.OPEN,
        errors=("UNAUTHORIZED", "NOT_FOUND", "BODY_TOO_LARGE"),
    ),
)
