"""`kalends calcom`: connect, sync, import, status."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from kalends.cli.options import OrganizationNamed, UsageError
from kalends.cli.running import open_installation, run
from kalends.domain.ids import RUN, SCHEDULE, decode_id, encode_id
from kalends.domain.imports.connections import ImportConnection, OnConflict, ScheduleMapping
from kalends.domain.imports.runs import ImportRun, RunState, SkippedRow
from kalends.domain.values import Day, parse_day_or_instant
from kalends.formats.calcom import DEFAULT_BASE_URL
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Context
from kalends.services.imports import connections, preview, runs, setup
from kalends.services.imports.connections import NewConnection
from kalends.services.imports.preview import SyncPreview
from kalends.services.setup import find_organization_id

MOST_SKIPS_LISTED = 20
LATEST_RUNS = 5
Since = Annotated[
    str | None, typer.Option("--start-date", help="Starts on or after: a day (UTC) or an instant.")
]
Until = Annotated[
    str | None, typer.Option("--end-date", help="Starts on or before: a day (UTC) or an instant.")
]
ApiKeyOption = Annotated[
    str, typer.Option(help="A key of Cal.com.", envvar="KALENDS_CALCOM_KEY", prompt=True)
]
DefaultSchedule = Annotated[str, typer.Option(help="Where bookings go without a --map.")]
BaseUrl = Annotated[str, typer.Option(help="Of a self-hosted Cal.com: its API v2.")]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", help="event-type:ID=sch_… or host:ID=sch_…; may be repeated."),
]
ConflictRule = Annotated[
    OnConflict, typer.Option(help="How to treat a booking whose time is taken here.")
]
IntervalMinutes = Annotated[
    int, typer.Option(help="How often it is synced by itself; 0 is never.", min=0, max=10_080)
]
WebhookSecret = Annotated[str | None, typer.Option(help="What Cal.com signs its webhooks with.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def connect(
    organization: OrganizationNamed,
    api_key: ApiKeyOption,
    schedule: DefaultSchedule,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    maps: Maps = None,
    on_conflict: ConflictRule = OnConflict.SKIP,
    interval_minutes: IntervalMinutes = 15,
    webhook_secret: WebhookSecret = None,
) -> None:
    """Makes the connection to Cal.com, or replaces it, and tries the key."""
    if len(api_key) < 8 or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise UsageError("--api-key does not look like a key of Cal.com.")
    new = NewConnection(
        base_url=base_url,
        api_key=api_key,
        default_schedule_id=_schedule_id("--schedule", schedule),
        mappings=[_mapping(text) for text in maps or []],
        on_conflict=on_conflict,
        interval_minutes=interval_minutes,
        webhook_secret=webhook_secret or None,
    )

    async def put(context: Context) -> tuple[ImportConnection, str, str | None]:
        caller = await connections.import_caller(
            context, await find_organization_id(context, organization)
        )
        connection = await connections.connect(context, caller, new)
        failure = await runs.check_account(context, connection)
        fault = connections.source_of(context).error_of(failure).message if failure else None
        return connection, _hook_url(context, connection), fault

    with open_installation() as home:
        _say_connected(*run(home, put))


def _say_connected(connection: ImportConnection, hook_url: str, fault: str | None) -> None:
    """Raises typer.Exit if the key does not work, for the reason `fault`."""
    typer.echo(
        f"The connection to Cal.com is stored ({connection.base_url},"
        f" key …{connection.last_four}).\nIts webhooks go to {hook_url}"
    )
    if fault is not None:
        typer.echo(f"kalends: It does not work yet: {fault}", err=True)
        raise typer.Exit(1)
    typer.echo("The key works.")


def sync(
    organization: OrganizationNamed,
    start_date: Since = None,
    end_date: Until = None,
    is_dry_run: DryRun = False,
) -> None:
    """Brings bookings in from Cal.com, and shows how far it is."""
    span = (_bound("--start-date", start_date, 0), _bound("--end-date", end_date, 1))
    if span[0] and span[1] and span[1] < span[0]:
        raise UsageError("--end-date must not be before --start-date.")
    with open_installation() as home, _progress() as show:

        async def sync_or_preview(context: Context) -> ImportRun | SyncPreview:
            organization_id = await find_organization_id(context, organization)
            if is_dry_run:
                return await preview.preview_sync(context, organization_id, span, show)
            return await runs.sync_bookings(
                context, organization_id, span, wait_seconds=None, progress=show
            )

        done = run(home, sync_or_preview)
    if isinstance(done, ImportRun) and (error := runs.error_of_run(done)):
        raise error
    _summarize(done, "would be" if is_dry_run else "were")


def import_setup(organization: OrganizationNamed, is_dry_run: DryRun = False) -> None:
    """Brings schedules and event types over; says what has no counterpart here."""

    async def import_all(context: Context) -> list[setup.SetupResult]:
        organization_id = await find_organization_id(context, organization)
        return await setup.import_setup(context, organization_id, is_dry_run=is_dry_run)

    with open_installation() as home:
        results = run(home, import_all)
    for result in results:
        done = "would be made" if is_dry_run and result.done.startswith("made") else result.done
        typer.echo(f"{result.kind} {result.name!r}: {done}")
        for without_counterpart in result.left_out:
            typer.echo(f"    has no counterpart: {without_counterpart}")
    if not results:
        typer.echo("There are no schedules and event types at Cal.com.")


def status(organization: OrganizationNamed) -> None:
    """Shows the connection and its latest runs."""

    async def load(context: Context) -> tuple[ImportConnection, list[ImportRun], str]:
        organization_id = await find_organization_id(context, organization)
        caller = await connections.import_caller(context, organization_id)
        connection = await unit_of_work.read(context, caller, connections.get_connection)
        latest = await unit_of_work.read(context, caller, runs.list_runs, LATEST_RUNS)
        return connection, latest, _hook_url(context, connection)

    with open_installation() as home:
        connection, latest, hook_url = run(home, load)
    every = f"every {connection.interval_minutes} minutes" if connection.interval_minutes else "off"
    hooks = hook_url if connection.webhook_secret else f"{hook_url} (refused: no webhook secret)"
    typer.echo(f"Cal.com    {connection.base_url}, key …{connection.last_four}")
    typer.echo(f"Schedule   {encode_id(SCHEDULE, connection.default_schedule_id)}")
    typer.echo(f"Mappings   {len(connection.mappings)}")
    typer.echo(f"By itself  {every}")
    typer.echo(f"Webhooks   {hooks}")
    for one in latest:
        state = one.state if one.is_over else RunState.RUNNING
        failure = f" ({one.code}: {one.error})" if one.code else ""
        typer.echo(
            f"{encode_id(RUN, one.id)}  {one.created_at:%Y-%m-%d %H:%M:%S}Z  {state:8}"
            f"{one.synced} synced, {one.skipped} skipped{failure}"
        )


@contextmanager
def _progress() -> Iterator[Callable[[Any, int | None], None]]:
    """A progress bar on a terminal: the rows so far, of how many that Cal.com reports."""
    # Importing rich takes a tenth of a second, which other commands and servers do not need.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("Cal.com"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("sync", total=None)

        def show(so_far: ImportRun | SyncPreview, total: int | None) -> None:
            completed = so_far.synced + so_far.skipped
            bar.update(task, completed=completed, total=max(completed, total) if total else None)

        yield show


def _summarize(done: ImportRun | SyncPreview, verb: str) -> None:
    typer.echo(
        f"{done.synced} bookings {verb} brought in or brought up to date, "
        f"{done.unchanged} needed nothing, {done.skipped - done.unchanged} {verb} left out."
    )
    listed_skips: list[SkippedRow] = done.skips[:MOST_SKIPS_LISTED]
    for skip in listed_skips:
        typer.echo(f"    {skip.uid}: {skip.reason}")
    more = done.skipped - done.unchanged - len(listed_skips)
    if more > 0:
        typer.echo(f"    and {more} more")


def _hook_url(context: Context, connection: ImportConnection) -> str:
    token = connections.hook_token(context, connection)
    # If this process does not know the public URL, the reader of the output does.
    address = context.gateways.public_url or "(KALENDS_PUBLIC_URL)"
    return f"{address}/hooks/calcom/{token}"


def _bound(option: str, text: str | None, days: int) -> datetime | None:
    if text is None:
        return None
    try:
        day_or_instant = parse_day_or_instant(text)
    except ValueError as error:
        raise UsageError(f"{option} {error}.") from error
    if isinstance(day_or_instant, Day):
        begins = datetime(day_or_instant.year, day_or_instant.month, day_or_instant.day, tzinfo=UTC)
        return begins + timedelta(days=days, seconds=-days)
    return datetime.fromtimestamp(day_or_instant.timestamp(), UTC)


def _mapping(text: str) -> ScheduleMapping:
    kind, _, rest = text.partition(":")
    number, _, schedule = rest.partition("=")
    if kind not in ("event-type", "host") or not number.isascii() or not number.isdigit():
        raise UsageError("--map must be event-type:ID=sch_… or host:ID=sch_….")
    schedule_id = _schedule_id("--map", schedule)
    if kind == "host":
        return ScheduleMapping(host_id=int(number), schedule_id=schedule_id)
    return ScheduleMapping(event_type_id=int(number), schedule_id=schedule_id)


def _schedule_id(option: str, text: str) -> UUID:
    id_ = decode_id(SCHEDULE, text)
    if id_ is None:
        raise UsageError(f"{option} must name a schedule by its id (sch_…).")
    return id_
