"""The way to PostgreSQL: one pool, transactions that run again when they must, and its failures.

What the driver raises becomes a word of the domain here; nothing above imports the driver.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec import Raw

from kalends.domain.errors import Unavailable
from kalends.store.bell import Bell

Tx: TypeAlias = asyncpg.Connection | PoolConnectionProxy

ANSWER_SECONDS: Final = 4.0
CONNECT_SECONDS: Final = 3.0
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that was cut while it was asked
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
)
AGAIN: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# plan_cache_mode: the generic plan of a list with a dozen filters halves its speed.
SESSION: Final = {
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "application_name": "kalends",
}
# Of jobs: statements that are few and always the same, so plans are worth keeping.
SESSION_OF_JOBS: Final = SESSION | {"plan_cache_mode": "auto", "application_name": "kalends jobs"}


class RunAgain(Exception):
    """A deadlock or serialization failure: the use case may simply run again."""


@dataclass(frozen=True)
class ConnectParameters:
    """How to reach a database: a URL, or the host (a socket's folder), user and database name."""

    dsn: str | None = None
    host: str | None = None
    user: str | None = None
    database: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None

    def as_arguments(self) -> dict[str, Any]:
        """Keyword arguments for `asyncpg.connect`."""
        named = {k: v for k, v in vars(self).items() if v is not None}
        return named | {"timeout": CONNECT_SECONDS}


class Database:
    """A pool of connections of this process."""

    def __init__(
        self,
        parameters: ConnectParameters,
        size: int = 10,
        session: Mapping[str, str] = SESSION,
    ) -> None:
        self.parameters = parameters
        self._size = size
        self._session = dict(session)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self.bell = Bell(self.connection)

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self, seconds: float = ANSWER_SECONDS) -> AsyncIterator[Tx]:
        """A connection without a transaction, for one reading statement (or several that need
        no common snapshot).

        Raises Unavailable, at the latest after `seconds`: a connection on which nothing comes
        back by then is cut, which no server that hangs can prevent.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            pool = self._pool or await self._open()
            async with pool.acquire(timeout=seconds) as connection:
                alarm = loop.call_at(deadline, connection.terminate)
                try:
                    yield connection
                finally:
                    alarm.cancel()
        except AGAIN as error:
            raise RunAgain from error
        except AWAY as error:
            if isinstance(error, ValueError):  # a wrong argument, which is our mistake
                raise
            message = "The database cannot be reached just now. Please try again."
            raise Unavailable(message) from error

    @asynccontextmanager
    async def transaction(self, seconds: float = ANSWER_SECONDS) -> AsyncIterator[Tx]:
        """A transaction at READ COMMITTED: the locks and the constraint do the guarding.

        Raises Unavailable, and RunAgain where the use case may simply run again.
        """
        async with self.connection(seconds) as connection, connection.transaction():
            yield connection

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    min_size=0,
                    max_size=self._size,
                    server_settings=self._session,
                    max_inactive_connection_lifetime=300,
                    init=_pass_json_on,
                    reset=_keep_as_it_is,
                    **self.parameters.as_arguments(),
                )
        return self._pool


async def _pass_json_on(connection: asyncpg.Connection) -> None:
    """JSON columns come as `Raw`, undecoded: most of it is only passed on."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=_json_text, decoder=_json_raw
        )


def _json_text(value: Raw) -> str:
    return bytes(value).decode()


def _json_raw(text: str) -> Raw:
    return Raw(text.encode())


async def _keep_as_it_is(_: object) -> None:
    """Nothing to reset: no code here leaves session state behind, and RESET costs a round trip."""
