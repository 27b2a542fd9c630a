"""From settings to a running app: the one place where the parts meet."""

import asyncio
import gc
import os
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog
from starlette.types import ASGIApp

from kalends.domain.errors import Unavailable
from kalends.domain.gateways import Gateways
from kalends.gateways.addresses import is_host_name
from kalends.gateways.calcom.source import CalcomSource
from kalends.gateways.http import GuardedHttp
from kalends.gateways.mail import SmtpTransport
from kalends.runtime.keyring import Keyring
from kalends.runtime.rate_limits import RateLimiter
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Context
from kalends.settings import Settings, SettingsError
from kalends.store.database import (
    JOB_LIMITS,
    REQUEST_LIMITS,
    ConnectionLimits,
    ConnectParameters,
    Database,
    RunAgain,
)
from kalends.store.database_info import inspect_database
from kalends.store.embedded.server import EmbeddedPostgres, Watcher
from kalends.store.revisions import newest_revision
from kalends.web.app import build_app
from kalends.web.http.endpoint import ApiContext
from kalends.web.http.health import Checks
from kalends.web.http.protocol import REFUSALS
from kalends.web.http.sign_ins import SignInSessions
from kalends.web.pages.request import PageLimits
from kalends.web.pages.zone_list import load_zones

log = structlog.get_logger("kalends")

SHARE_LIMITS_EVERY_SECONDS: Final = 0.5
SHORTEST_SECRET: Final = 32
CONNECTIONS_FOR_JOBS: Final = 5
# Jobs and requests share one event loop: beside requests, few jobs at a time.
JOBS_AT_ONCE_IN_A_SERVER: Final = 4
JOBS_AT_ONCE_IN_A_WORKER: Final = 50


@dataclass(frozen=True)
class Installation:
    """A running database and the installation's secret: what every command starts from.

    `served_at` is where this machine reaches the server that the process belongs to, if it does.
    """

    settings: Settings
    parameters: ConnectParameters
    secret: str
    served_at: str | None = None

    def context(self, limits: ConnectionLimits = REQUEST_LIMITS) -> Context:
        """A context of its own pool; close it when done."""
        database = Database(self.parameters, self.settings.database_pool, limits)
        return Context(
            database, Seal(self.secret), gateways=open_gateways(self.settings, self.served_at)
        )


def open_gateways(settings: Settings, served_at: str | None = None) -> Gateways:
    """The way out that the settings open. Nothing is imported or connected before it is used.

    Links lead to `KALENDS_PUBLIC_URL`, else to where the server is.
    """
    http = GuardedHttp(settings.outbound_allow)
    return Gateways(
        http=http,
        mail_transport=_mail_transport(settings),
        public_url=settings.public_url or served_at,
        sender=settings.mail_from,
        retry_scale=settings.webhook_retry_scale,
        sources={"calcom": CalcomSource(http, settings.calcom_patience_seconds)},
    )


def _mail_transport(settings: Settings) -> SmtpTransport | None:
    if settings.mail_server is None:
        return None
    domain = settings.mail_from.rpartition("@")[2]
    return SmtpTransport(settings.mail_server, domain if is_host_name(domain) else "localhost")


@contextmanager
def installation(settings: Settings, *, watched: bool = False) -> Iterator[Installation]:
    """The installation that the settings name, its database running while the block does.

    Where `watched`, a killed embedded PostgreSQL is brought back. Raises EmbeddedPostgresError.
    """
    if settings.database_url:
        parameters = ConnectParameters(dsn=settings.database_url)
        yield Installation(settings, parameters, settings.secret or "")
        return
    programs = settings.postgres_programs
    with EmbeddedPostgres.acquire(settings.data_dir, programs=programs) as lease:
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
    """The installation's secret, made at first (mode 0600). Any number may ask at once."""
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
    """Brings the schema up to date, if it is not, and returns its revision.

    Raises UnreachableError, MigrationError.
    """
    newest = newest_revision()
    if asyncio.run(inspect_database(home.parameters)).revision == newest:
        return newest
    from kalends.store.migrate import migrate  # slow to import, and seldom needed

    return asyncio.run(migrate(home.parameters))


def application(home: Installation) -> ASGIApp:
    """The ASGI application of one process."""
    settings = home.settings
    context = home.context()
    limiter = RateLimiter()
    api_context = ApiContext(
        context=context,
        keyring=Keyring(context.database),
        limiter=limiter,
        sessions=SignInSessions(context, settings.public_url, settings.rate_limit_sign_in),
        read_limit=settings.rate_limit_read,
        write_limit=settings.rate_limit_write,
    )

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[Mapping[str, Any]]:
        await asyncio.to_thread(load_zones)
        freeze_garbage_collector()
        sharing = asyncio.create_task(_share_limits(limiter, context.database))
        try:
            async with running_jobs(home, context, JOBS_AT_ONCE_IN_A_SERVER):
                yield {REFUSALS: api_context.refusals}
        finally:
            sharing.cancel()
            with suppress(asyncio.CancelledError):
                await sharing
            await context.close()

    async def ready() -> None:
        async with context.database.connection() as tx:
            await tx.execute("SELECT 1")

    facts = {"tzdata": version("tzdata")}
    limits = PageLimits(settings.rate_limit_page_address, settings.rate_limit_page_schedule)
    return build_app(api_context, limits, lifespan, Checks(ready, facts, settings.metrics))


def freeze_garbage_collector() -> None:
    """What is there now stays while the process lives: modules, tables, templates, zones. A full
    pass of the garbage collector over it took 60 ms, in which nobody was answered."""
    gc.collect()
    gc.freeze()


async def _share_limits(limiter: RateLimiter, database: Database) -> None:
    while True:
        await asyncio.sleep(SHARE_LIMITS_EVERY_SECONDS)
        with suppress(Unavailable, RunAgain):
            await limiter.share(database)


@asynccontextmanager
async def running_jobs(home: Installation, context: Context, at_once: int) -> AsyncIterator[None]:
    """Runs the jobs while the block does: in a server beside the API, or in a worker alone.

    They have connections of their own, so that no request ever waits for a job.
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
    """The queue's library takes long to import: in a thread, while requests are served."""
    run_jobs, dispatch, jobs_of = await asyncio.to_thread(_import_jobs)
    # A group ends when all of it has; `gather` would when the first one is cancelled, and the
    # database would be closed under the other.
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
