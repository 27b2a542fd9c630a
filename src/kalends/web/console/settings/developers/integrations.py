"""Cal.com: connecting, mapping to schedules, syncing, and what could not be imported."""

import re
from collections.abc import Iterable
from typing import Any, Final

from kalends.domain import ids
from kalends.domain.errors import KalendsError, NotFound
from kalends.domain.imports.connections import ImportConnection, OnConflict
from kalends.domain.imports.runs import ImportRun
from kalends.domain.rights import Right
from kalends.formats.calcom import DEFAULT_BASE_URL
from kalends.formats.encoding import encode
from kalends.services.imports import connections, runs
from kalends.translation import gettext_lazy
from kalends.web.api.calcom import DEFAULT_INTERVAL_MINUTES, PutCalcomConnection, parse_connection
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.seen import VERSION_FIELD, if_match_of
from kalends.web.console.settings.forms.typed import (
    ROWS_TO_SPARE,
    minutes_or_text,
    number_or_text,
    rows_in,
    span_text,
)
from kalends.web.console.settings.offers.schedules import id_of, list_all
from kalends.web.http.reading import read_body
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

SECTION: Final = "integrations"
PATH: Final = "/integrations"
MOST_RUNS: Final = 5
# A run that takes longer goes on as a job, and the page shows its progress.
PAGE_WAIT_SECONDS: Final = 1.5
MAPPING: Final = ("kind", "id", "schedule")
CONFLICTS: Final = {
    OnConflict.SKIP: gettext_lazy("is left out, and tried again at each sync"),
    OnConflict.RECORD: gettext_lazy("is brought in, marked as in conflict"),
}
KIND_LABELS: Final = {
    "event-type": gettext_lazy("a service"),
    "host": gettext_lazy("a host"),
}
KINDS: Final = {"event-type": "calcomEventTypeId", "host": "calcomHostId"}
PLAIN: Final = ("baseUrl", "defaultScheduleId", "onConflict", "intervalMinutes")


async def show(request: ConsoleRequest) -> PageAnswer:
    connection = await _find(request)
    return await _page(request, connection, _draft_of(connection))


async def connect(request: ConsoleRequest) -> PageAnswer:
    """Creates the connection, or replaces it if it is still the version that the form was rendered
    from. Secrets that are left empty do not change."""
    connection = await _find(request)
    version, caller = connections.version_of(connection), request.page_request.caller
    typed = _as_typed(await request.form())
    seen = if_match_of(typed) or frozenset({version})
    try:
        body = read_body(encode(_values(request, connection, typed)), PutCalcomConnection)
        new = parse_connection(body)
        await connections.connect(request.page_request.context, caller, new, seen)
    except KalendsError as error:
        draft = Draft.with_faults(typed, error, version)
        return await _page(request, connection, draft.at_fields(_our_field))
    return request.go(PATH, done="connected")


async def disconnect(request: ConsoleRequest) -> PageAnswer:
    await request.change(connections.disconnect)
    return request.go(PATH, done="disconnected")


async def sync(request: ConsoleRequest) -> PageAnswer:
    """Starts a sync run, which may go on after the page is answered."""
    try:
        run = await runs.sync_bookings(
            request.page_request.context,
            request.page_request.caller.organization_id,
            (None, None),
            wait_seconds=PAGE_WAIT_SECONDS,
        )
    except KalendsError as error:
        connection = await _find(request)
        return await _page(request, connection, _draft_of(connection).with_problem(error))
    return request.go(PATH, done="synced" if run.is_over else "sync-begun")


async def _find(request: ConsoleRequest) -> ImportConnection | None:
    try:
        connection: ImportConnection = await request.read(connections.get_connection)
    except NotFound:
        return None
    return connection


def _values(
    request: ConsoleRequest, connection: ImportConnection | None, typed: FormFields
) -> dict[str, Any]:
    """The fields of the API in what was typed."""
    api_key, secret = typed.text("apiKey") or None, typed.text("webhookSecret") or None
    if connection is not None:  # an empty secret does not change, unless it cannot be unsealed
        context = request.page_request.context
        api_key = api_key or connections.api_key_of(context, connection)
        secret = secret or connections.webhook_secret_of(context, connection)
    interval = minutes_or_text(typed.text("intervalMinutes"))
    return {
        "organizationId": ids.encode_id(ids.ORGANIZATION, request.organization.id),
        "apiKey": api_key or "",
        "webhookSecret": secret,
        "baseUrl": typed.text("baseUrl"),
        "defaultScheduleId": typed.text("defaultScheduleId"),
        "onConflict": typed.text("onConflict"),
        "intervalMinutes": 0 if interval is None else interval,
        "mappings": [
            {
                "scheduleId": row["schedule"],
                KINDS.get(row["kind"], "calcomHostId"): number_or_text(row["id"]),
            }
            for row in _mappings_in(typed)
        ],
    }


def _mappings_in(form: FormFields) -> list[dict[str, str]]:
    """The mappings that have an id; one without is deleted."""
    return [row for row in rows_in(form, "mappings", MAPPING) if row["id"]]


def _as_typed(form: FormFields) -> FormFields:
    """The form without gaps between its rows."""
    fields: dict[str, str | Iterable[str]] = {name: form.text(name) for name in PLAIN}
    for name in ("apiKey", "webhookSecret", VERSION_FIELD):
        fields[name] = form.text(name)
    for number, row in enumerate(_mappings_in(form)):
        fields |= {f"mappings.{number}.{part}": value for part, value in row.items()}
    return Draft.of_values(fields).typed


def _draft_of(connection: ImportConnection | None) -> Draft:
    if connection is None:
        return Draft.of_values(
            {
                "baseUrl": DEFAULT_BASE_URL,
                "onConflict": OnConflict.SKIP.value,
                "intervalMinutes": str(DEFAULT_INTERVAL_MINUTES),
                VERSION_FIELD: "0",
            }
        )
    fields: dict[str, str | Iterable[str]] = {
        "baseUrl": connection.base_url,
        "defaultScheduleId": ids.encode_id(ids.SCHEDULE, connection.default_schedule_id),
        "onConflict": connection.on_conflict.value,
        "intervalMinutes": span_text(connection.interval_minutes),
        VERSION_FIELD: str(connection.generation),
    }
    for number, mapping in enumerate(connection.mappings):
        is_host = mapping.event_type_id is None
        named = mapping.host_id if is_host else mapping.event_type_id
        fields[f"mappings.{number}.kind"] = "host" if is_host else "event-type"
        fields[f"mappings.{number}.id"] = str(named)
        fields[f"mappings.{number}.schedule"] = ids.encode_id(ids.SCHEDULE, mapping.schedule_id)
    return Draft.of_values(fields)


def _our_field(name: str) -> str:
    """The form's field for a field of the API. A mapping is one line, so its faults are shown at
    its id."""
    return re.sub(r"(mappings\.\d+)(?:\..*)?", r"\1.id", name)


async def _page(
    request: ConsoleRequest, connection: ImportConnection | None, draft: Draft
) -> PageAnswer:
    chosen = [draft.typed.text("defaultScheduleId")]
    chosen += [row["schedule"] for row in _mappings_in(draft.typed)]
    latest: list[ImportRun] = await request.read(runs.list_runs, MOST_RUNS)
    token = connections.hook_token(request.page_request.context, connection) if connection else None
    return request.page(
        "console/settings/integrations.html",
        SECTION,
        draft.status,
        connection=connection,
        hook_url=f"{request.page_request.origin}/hooks/calcom/{token}" if token else None,
        path=PATH,
        schedules=[(id_of(one), one.name) for one in await list_all(request, chosen)],
        conflicts=[(one.value, CONFLICTS[one]) for one in OnConflict],
        kinds=[(kind, KIND_LABELS[kind]) for kind in KINDS],
        rows=len(_mappings_in(draft.typed)) + ROWS_TO_SPARE,
        runs=latest,
        is_running=any(not run.is_over for run in latest),
        **draft.values(),
    )


PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, show),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH, connect),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH + "/sync", sync),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH + "/disconnect", disconnect),
)
