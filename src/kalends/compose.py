"""From settings to a running app: the one place where the parts meet."""

import asyncio
import atexit
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from kalends.domain.errors import Unavailable
from kalends.services.keyring import Keyring
from kalends.services.limits import RateLimiter
from kalends.services.sealing import Seal
from kalends.services.work import Context
from kalends.settings import Settings
from kalends.store.database import ConnectParameters, Database
from kalends.store.embedded import EmbeddedPostgres, Watcher
from kalends.store.migrate import migrate
from kalends.web.app import build_app
from kalends.web.endpoint import Gate
from kalends.web.health import Checks
from kalends.web.sessions import Sessions

log = structlog.get_logger("kalends")

SHARE_LIMITS_EVERY_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Installation:
    """A running database and the installation's secret: what every command starts from."""

    settings: Settings
    parameters: ConnectParameters
    secret: str

    def context(self) -> Context:
        """A context of its own pool; close its database when done."""
        return Context(Database(self.parameters, self.settings.database_pool), Seal(self.secret))


@contextmanager
def installation(settings: Settings, *, watched: bool = False) -> Iterator[Installation]:
    """The installation that the settings name, its database running while the block does.

    Where `watched`, a killed embedded PostgreSQL is brought back. Raises EmbeddedPostgresError.
    """
    if settings.database_url:
        parameters = ConnectParameters(dsn=settings.database_url)
        yield Installation(settings, parameters, settings.secret or "")
        return
    with EmbeddedPostgres.acquire(settings.data_dir) as lease:
        watcher = Watcher(lease) if watched else None
        if watcher:
            watcher.start()
        try:
            secret = settings.secret or secret_in(settings.data_dir)
            yield Installation(settings, ConnectParameters(dsn=lease.url), secret)
        finally:
            if watcher:
                watcher.stop()


def secret_in(data_dir: Path) -> str:
    """The installation's secret, made at first (mode 0600). Any number may ask at once."""
    path = data_dir / "secret"
    draft = data_dir / f"secret.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()


def migrate_now(home: Installation) -> str:
    """Brings the schema up to date and returns its revision. Raises MigrationError."""
    return asyncio.run(migrate(home.parameters))


def application(home: Installation) -> ASGIApp:
    """The ASGI application of one process."""
    settings = home.settings
    context = home.context()
    limiter = RateLimiter()
    gate = Gate(
        context=context,
        keyring=Keyring(context.database),
        limiter=limiter,
        sessions=Sessions(context, settings.public_url),
        read_limit=settings.rate_limit_read,
        write_limit=settings.rate_limit_write,
    )

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[Mapping[str, Any]]:
        sharing = asyncio.create_task(_share_limits(limiter, context.database))
        try:
            yield {}
        finally:
            sharing.cancel()
            with suppress(asyncio.CancelledError):
                await sharing
            await context.database.close()

    async def ready() -> None:
        async with context.database.connection() as tx:
            await tx.execute("SELECT 1")

    facts = {"tzdata": version("tzdata")}
    return build_app(gate, lifespan, Checks(ready, facts, settings.metrics))


async def _share_limits(limiter: RateLimiter, database: Database) -> None:
    while True:
        await asyncio.sleep(SHARE_LIMITS_EVERY_SECONDS)
        with suppress(Unavailable):
            await limiter.share(database)


def serve(home: Installation, host: str, port: int, workers: int) -> None:
    """Serves API, pages and jobs until a signal ends it, in this process or in `workers`."""
    common: dict[str, Any] = {
        "host": host,
        "port": port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 10,
        "proxy_headers": bool(home.settings.trusted_proxies),
        "forwarded_allow_ips": list(home.settings.trusted_proxies),
    }
    if workers == 1:
        uvicorn.run(application(home), **common)
    else:
        uvicorn.run("kalends.compose:worker_application", factory=True, workers=workers, **common)


def worker_application() -> ASGIApp:
    """The application of one of several worker processes, which finds its settings by itself
    and holds its own lease on the embedded PostgreSQL until it ends."""
    settings = Settings.from_environ()
    home = _until_exit.enter_context(installation(settings, watched=True))
    return application(home)


_until_exit = ExitStack()
atexit.register(_until_exit.close)
