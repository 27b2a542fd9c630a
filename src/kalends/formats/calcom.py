"""The public JSON of the connection to Cal.com and of its runs, for calls and command line."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from kalends.domain import ids
from kalends.domain.imports.connections import ImportConnection, OnConflict
from kalends.domain.imports.runs import ImportRun, RunState
from kalends.formats.described import about

DEFAULT_BASE_URL: Final = "https://api.cal.com/v2"
# msgspec says of literals which they are, but not that they are texts.
TEXT: Final = {"type": "string"}
RunId = Annotated[str, about("The run.", "run_0352lF5NnllfIJ66lPpfc3")]
Success = Annotated[bool, about("False if it failed.")]
ScheduleId = Annotated[str, about("The schedule.", "sch_abc123")]


class SkippedBookingBody(Struct, frozen=True):
    """A booking of Cal.com that is left out; each sync tries it again and names it."""

    uid: Annotated[str, about("Its uid there.")]
    reason: Annotated[str, about("Why it could not be imported.")]


class SyncDone(Struct, frozen=True, kw_only=True):
    """How a sync ended. `synced` and `skipped` add up to the rows that Cal.com showed, and those
    that earlier syncs left out, which are tried again although Cal.com does not show them again."""

    success: Success
    run_id: RunId
    status: Annotated[Literal["done"], about("Its state.", extra_json_schema=TEXT)]
    synced: Annotated[int, about("Rows brought in or brought up to date.")]
    skipped: Annotated[
        int, about("How many of these rows were not: unchanged, or left out as before.")
    ]
    unchanged: Annotated[int, about("How many of the skipped needed nothing.")]
    left_out: Annotated[
        int, about("How many of the skipped are left out, named in `skips` or not.")
    ]
    skips: Annotated[
        list[SkippedBookingBody],
        about(
            "What is still left out, also by earlier syncs: the first hundred. If `left_out` is "
            "larger, there are more; a sync with a range names those within it."
        ),
    ]


class SyncUnderWay(Struct, frozen=True, kw_only=True):
    """A sync that takes longer. The counts are so far."""

    success: Success
    run_id: RunId
    status: Annotated[Literal["running"], about("Its state.", extra_json_schema=TEXT)]
    synced: Annotated[int, about("Rows brought in or brought up to date so far.")]
    skipped: Annotated[int, about("The rest of the rows that Cal.com showed so far.")]


class SyncRun(Struct, frozen=True, kw_only=True):
    """A run, finished or not."""

    success: Success
    run_id: RunId
    status: Annotated[
        Literal["running", "done", "failed"], about("Its state.", extra_json_schema=TEXT)
    ]
    synced: Annotated[int, about("Rows brought in or brought up to date so far.")]
    skipped: Annotated[int, about("The rest of the rows that Cal.com showed so far.")]
    unchanged: Annotated[
        int | UnsetType, about("How many of the skipped needed nothing; at the end.")
    ] = UNSET
    left_out: Annotated[
        int | UnsetType, about("How many of the skipped are left out; at the end.")
    ] = UNSET
    skips: Annotated[
        list[SkippedBookingBody] | UnsetType,
        about("All that is still left out, the first hundred of it; at the end."),
    ] = UNSET
    error: Annotated[str | UnsetType, about("Why it failed.")] = UNSET
    code: Annotated[str | UnsetType, about("The code of the error.")] = UNSET


class CalcomMappingBody(Struct, frozen=True, omit_defaults=True):
    """Which schedule the bookings of an event type, or of a host, go to."""

    scheduleId: ScheduleId  # noqa: N815
    calcomEventTypeId: Annotated[  # noqa: N815
        int | None, about("The id of an event type there.")
    ] = None
    calcomHostId: Annotated[  # noqa: N815
        int | None, about("The id of a host there.")
    ] = None


class CalcomConnectionBody(Struct, frozen=True, kw_only=True):
    """A connection to Cal.com. Of the key only the last four characters are shown."""

    id: Annotated[str, Meta(examples=["int_0352lF5NnllfIJ66lPpfc3"])]
    organizationId: Annotated[str, about("The organization.")]  # noqa: N815
    baseUrl: Annotated[  # noqa: N815
        str, about("The address of Cal.com's API.", "https://api.cal.com/v2")
    ]
    apiKey: Annotated[  # noqa: N815
        str, about("The last four characters of the key.", "…4f9Q")
    ]
    defaultScheduleId: ScheduleId  # noqa: N815
    mappings: Annotated[list[CalcomMappingBody], about("Which bookings go to which schedule.")]
    onConflict: Annotated[  # noqa: N815
        OnConflict, about("What happens to a new booking whose time is taken here.")
    ]
    intervalMinutes: Annotated[  # noqa: N815
        int, about("How often it is synced by itself, in minutes; 0 is never.")
    ]
    hasWebhookSecret: Annotated[  # noqa: N815
        bool, about("Whether webhooks of Cal.com are accepted.")
    ]
    hookUrl: Annotated[  # noqa: N815
        str | None,
        about("Where Cal.com sends its webhooks to.", "https://kalends.example.com/hooks/calcom/…"),
    ]
    nextSyncAt: Annotated[  # noqa: N815
        datetime | None, about("When it is synced by itself; null is never.")
    ]
    createdAt: Annotated[datetime, about("When it was made.")]  # noqa: N815
    updatedAt: Annotated[datetime, about("When it was last replaced.")]  # noqa: N815


def show_run(run: ImportRun) -> dict[str, Any]:
    """The run as every call shows it; what comes at its end alone is left out before."""
    status = run.state if run.is_over else RunState.RUNNING
    body: dict[str, Any] = {
        "success": run.state != RunState.FAILED,
        "run_id": ids.encode_id(ids.RUN, run.id),
        "status": status.value,
        "synced": run.synced,
        "skipped": run.skipped,
    }
    if run.is_over:
        body |= {
            "unchanged": run.unchanged,
            "left_out": run.skipped - run.unchanged,
            "skips": [{"uid": s.uid, "reason": s.reason} for s in run.skips],
        }
    if run.state == RunState.FAILED:
        body |= {"error": run.error, "code": run.code}
    return body


def show_connection(connection: ImportConnection, hook_url: str | None) -> dict[str, Any]:
    return {
        "id": ids.encode_id(ids.INTEGRATION, connection.id),
        "organizationId": ids.encode_id(ids.ORGANIZATION, connection.organization_id),
        "baseUrl": connection.base_url,
        "apiKey": "…" + connection.last_four,
        "defaultScheduleId": ids.encode_id(ids.SCHEDULE, connection.default_schedule_id),
        "mappings": [
            CalcomMappingBody(
                scheduleId=ids.encode_id(ids.SCHEDULE, mapping.schedule_id),
                calcomEventTypeId=mapping.event_type_id,
                calcomHostId=mapping.host_id,
            )
            for mapping in connection.mappings
        ],
        "onConflict": connection.on_conflict,
        "intervalMinutes": connection.interval_minutes,
        "hasWebhookSecret": connection.webhook_secret is not None,
        "hookUrl": hook_url,
        "nextSyncAt": connection.due_at,
        "createdAt": connection.created_at,
        "updatedAt": connection.updated_at,
    }
