"""`kalends serve` and `kalends worker`."""

import secrets
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer
from msgspec import json

from kalends.cli.options import UsageError
from kalends.cli.running import run
from kalends.compose import Installation, installation, migrate_now
from kalends.domain.ids import SCHEDULE, encode_id
from kalends.logs import set_up_logs
from kalends.runtime.unit_of_work import Context, real_time
from kalends.services.setup import FirstSetUp, is_empty, set_up_first
from kalends.settings import Settings

FIRST_NAME: Final = "My business"
FIRST_ADMIN: Final = "admin@example.com"
PASSWORD_BYTES: Final = 12
MOST_WORKERS: Final = 256
ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
WORKDAYS: Final = 5


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 for any.", min=0, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(help="Processes that serve.", min=1)] = 1,
) -> None:
    """Serves API, pages and jobs. Sets itself up where nothing is there yet."""
    from kalends import serving  # slow to import, and not needed by other commands

    if workers > MOST_WORKERS:
        raise UsageError(f"--workers must be {MOST_WORKERS} at the most.")
    settings = _loud_settings()
    sockets = serving.listen(host, port)
    with installation(settings, watched=True) as home:
        migrate_now(home)
        first = run(home, _set_up)
        url = _url(sockets)
        typer.echo(_greeting(home, first, url))
        serving.serve(replace(home, served_at=url), sockets, workers)


def worker() -> None:
    """Runs jobs and nothing else, beside `serve` and as many other workers as you like."""
    from kalends.serving import run_worker

    with installation(_loud_settings(), watched=True) as home:
        migrate_now(home)
        run_worker(home)


def _loud_settings() -> Settings:
    settings = Settings.from_environ()
    set_up_logs(settings.log_level, settings.log_format)
    return settings


async def _set_up(context: Context) -> tuple[FirstSetUp, str] | None:
    """Sets up an empty database; returns what was made, and the admin's password."""
    if not await is_empty(context):
        return None
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    first = await set_up_first(context, FIRST_NAME, FIRST_ADMIN, password)
    return None if first is None else (first, password)


def _greeting(home: Installation, first: tuple[FirstSetUp, str] | None, url: str) -> str:
    settings = home.settings
    public = settings.public_url or url
    data_place = "KALENDS_DATABASE_URL" if settings.database_url else str(settings.data_dir)
    lines = [
        f"Kalends serves on {url}",
        "",
        f"  Console  {public}/console",
        f"  API      {public}/api/v1",
        f"  Docs     {public}/docs",
        f"  Health   {public}/healthz",
        f"  Data     {data_place}",
        "",
    ]
    if first is None:
        lines.append("A new key: kalends keys create --organization NAME --scopes '*'")
    else:
        lines += _credentials(*first, url)
    return "\n".join([*lines, ""])


def _credentials(first: FirstSetUp, password: str, url: str) -> list[str]:
    set_up = first.organization
    bearer = f'-H "Authorization: Bearer {set_up.api_key}"'
    body = json.encode(_first_booking(first, real_time())).decode()
    return [
        f'"{FIRST_NAME}" was set up. This is shown only once:',
        "",
        f"  Admin    {set_up.admin_email}",
        f"  Password {password}",
        f"  Key      {set_up.api_key}",
        f"  Sandbox  {set_up.sandbox_api_key}",
        "",
        "List the bookings:",
        "",
        f"curl {bearer} {url}/api/v1/bookings",
        "",
        f'Book an appointment in "{first.schedule.name}":',
        "",
        f"curl {bearer} -H \"Content-Type: application/json\" -d '{body}' {url}/api/v1/bookings",
    ]


def _first_booking(first: FirstSetUp, now: datetime) -> dict[str, object]:
    """The body of an example booking: an hour of the first schedule, on the next workday."""
    day = now + timedelta(days=1)
    while day.weekday() >= WORKDAYS:
        day += timedelta(days=1)
    return {
        "schedule_id": encode_id(SCHEDULE, first.schedule.id),
        "start_time": f"{day:%Y-%m-%d}T10:00:00Z",
        "end_time": f"{day:%Y-%m-%d}T11:00:00Z",
        "attendee": {"name": "Ada Lovelace", "email": "ada@example.com"},
    }


def _url(sockets: Sequence[socket.socket]) -> str:
    """Our URL on this machine."""
    host, port = sockets[0].getsockname()[:2]
    host = ANY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
