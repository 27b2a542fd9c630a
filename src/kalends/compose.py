"""Wires settings, database, gateways and jobs into a running installation: the one place where the
parts meet."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import structlog

from kalends.domain.calendars.consent import ConsentProvider
from kalends.domain.failures import OperatorError
from kalends.domain.gateways import Gateways
from kalends.gateways.addresses import is_host_name
from kalends.gateways.calcom.source import CalcomSource
from kalends.gateways.caldav.provider import CalDavProvider
from kalends.gateways.google import places as google_places
from kalends.gateways.google.consent import GoogleConsent
from kalends.gateways.http import GuardedHttp
from kalends.gateways.ics.provider import IcsProvider
from kalends.gateways.mail import SmtpTransport
from kalends.gateways.microsoft import places as microsoft_places
from kalends.gateways.microsoft.consent import MicrosoftConsent
from kalends.gateways.pictures.process import PictureProcess
from kalends.gateways.video_hook.hook import VideoHooks
from kalends.gateways.zoom.meetings import Zoom
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Context
from kalends.settings import Settings, SettingsError
from kalends.store.database import (
    JOB_LIMITS,
    REQUEST_LIMITS,
    ConnectionLimits,
    ConnectParameters,
    Database,
)
from kalends.store.database_info import inspect_database
from kalends.store.embedded.server import EmbeddedPostgres, Watcher
from kalends.store.revisions import newest_revision

log = structlog.get_logger("kalends")

SHORTEST_SECRET: Final = 32
CONNECTIONS_FOR_JOBS: Final = 5
JOBS_AT_ONCE_IN_A_WORKER: Final = 50


class ServingError(OperatorError):
    """The server cannot start; the text is a sentence that an operator can act on."""


@dataclass(frozen=True)
class Installation:
    """A running database, its settings and the installation's secret: what every command needs.

    `served_at` is the URL at which this machine reaches the server; None outside a server.
    """

    settings: Settings
    parameters: ConnectParameters
    secret: str
    served_at: str | None = None

    def context(self, limits: ConnectionLimits = REQUEST_LIMITS) -> Context:
        """A new context with a connection pool of its own; the caller closes it."""
        database = Database(self.parameters, self.settings.database_pool, limits)
        return Context(
            database, Seal(self.secret), gateways=open_gateways(self.settings, self.served_at)
        )


def open_gateways(settings: Settings, served_at: str | None = None) -> Gateways:
    """The gateways that the settings allow. Each imports and connects only when it is first used.

    Links lead to `KALENDS_PUBLIC_URL`, else to `served_at`.
    """
    http = GuardedHttp(settings.outbound_allow)
    return Gateways(
        http=http,
        mail_transport=_mail_transport(settings),
        public_url=settings.public_url or served_at,
        sender=settings.mail_from,
        retry_scale=settings.webhook_retry_scale,
        sources={"calcom": CalcomSource(http, settings.calcom_give_up_after_seconds)},
        calendars={"caldav": CalDavProvider(http), "ics": IcsProvider(http)},
        consents=_consents(settings, http),
        pictures=PictureProcess(),
        zoom=Zoom(http, settings.zoom_test_url),
        video_hook=VideoHooks(http),
        jitsi_url=settings.jitsi_url,
    )


def _consents(settings: Settings, http: GuardedHttp) -> dict[str, ConsentProvider]:
    """The OAuth providers at which the operator has registered an application."""
    consents: dict[str, ConsentProvider] = {}
    if (google := settings.google) is not None:
        at_google = google_places.Places()
        if google.test_url is not None:
            at_google = google_places.places_at(google.test_url)
        client = google.client_id, google.client_secret
        consents["google"] = GoogleConsent(http, *client, at_google)
    if (microsoft := settings.microsoft) is not None:
        at_microsoft = microsoft_places.places_of(microsoft.tenant)
        if microsoft.test_url is not None:
            at_microsoft = microsoft_places.places_at(microsoft.test_url, microsoft.tenant)
        client = microsoft.client_id, microsoft.client_secret
        consents["microsoft"] = MicrosoftConsent(http, *client, at_microsoft)
    return consents


def _mail_transport(settings: Settings) -> SmtpTransport | None:
    if settings.mail_server is None:
        return None
    domain = settings.mail_from.rpartition("@")[2]
    return SmtpTransport(settings.mail_server, domain if is_host_name(domain) else "localhost")


@contextmanager
def installation(settings: Settings, *, watched: bool = False) -> Iterator[Installation]:
    """The installation that the settings describe, with its database running inside the block.

    If `watched`, an embedded PostgreSQL that gets killed is started again. Raises
    EmbeddedPostgresError.
    """
    if settings.database_url:
        parameters = ConnectParameters(dsn=settings.database_url)
        yield Installation(settings, parameters, settings.secret or "")
        return
    programs = settings.postgres_programs
    with EmbeddedPostgres(settings.data_dir, programs=programs) as lease:
        watcher = Watcher(lease) if watched else None
        if watcher:
            watcher.start()
        try:
            secret = settings.secret or load_secret(settings.data_dir)
            yield Installation(settings, ConnectParameters(dsn=lease.url), secret)
        finally:
            if watcher:
                watcher.stop()


def load_secret(data_dir: Path) -> str:
    """The installation's secret, from a file with mode 0600 that the first call creates. Safe for
    processes that start at the same time: all get the same secret."""
    path = data_dir / "secret"
    draft = data_dir / f"secret.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            if os.geteuid() == 0:  # root's first command must not lock the folder's owner out
                os.fchown(file.fileno(), data_dir.stat().st_uid, data_dir.stat().st_gid)
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    secret = path.read_text().strip()
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(f"The file {path} holds no secret. Bring it back from a backup.")
    return secret


def migrate_now(home: Installation) -> str:
    """Migrates the schema if it is not up to date, and returns its revision.

    Raises UnreachableError, MigrationError.
    """
    newest = newest_revision()
    if asyncio.run(inspect_database(home.parameters)).revision == newest:
        return newest
    from kalends.store.migrate import migrate  # slow to import, and seldom needed

    return asyncio.run(migrate(home.parameters))


@asynccontextmanager
async def running_jobs(home: Installation, context: Context, at_once: int) -> AsyncIterator[None]:
    """Runs jobs in the background of the block: beside the API in a server, alone in a worker.

    They have a connection pool of their own, so that no request waits for a connection of a job.
    """
    own = replace(context, database=Database(home.parameters, CONNECTIONS_FOR_JOBS, JOB_LIMITS))
    running = asyncio.create_task(_run_jobs(own, at_once))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await own.database.close()


async def _run_jobs(context: Context, at_once: int) -> None:
    """Imports the queue's library in a thread, since that takes long and requests are served
    meanwhile; then runs jobs and the dispatcher."""
    run_jobs, dispatch, jobs_of = await asyncio.to_thread(_import_jobs)
    # A task group ends when both tasks have ended. `gather` would end when the first one is
    # cancelled, and the pool would be closed while the other still uses it.
    async with asyncio.TaskGroup() as works:
        works.create_task(run_jobs(context, jobs_of(context), at_once=at_once))
        works.create_task(dispatch(context))


def _import_jobs() -> tuple[
    Callable[..., Coroutine[Any, Any, None]],
    Callable[[Context], Coroutine[Any, Any, None]],
    Callable[[Context], Mapping[str, Any]],
]:
    from kalends.jobs.dispatcher import dispatch
    from kalends.jobs.registry import jobs_of
    from kalends.jobs.worker import run_jobs

    return run_jobs, dispatch, jobs_of
