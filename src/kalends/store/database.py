"""The way to PostgreSQL: one pool, transactions that run again when they must, and its failures.

How the pool is shared, and how what takes too long ends, is in docs/decisions/0025-connections.md.

What the driver raises becomes a word of the domain here; nothing above imports the driver.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy
from msgspec import Raw, Struct

from kalends.domain.errors import Unavailable
from kalends.store.connection import connect
from kalends.store.database_url import ConnectParameters
from kalends.store.fair_semaphore import FairSemaphore
from kalends.store.notifier import Notifier
from kalends.store.time_budget import seconds_to_use

__all__ = [
    "ConnectParameters",
    "Database",
    "RowHeld",
    "RunAgain",
    "TenantConnection",
    "Tx",
    "fetch_planned",
]

log = structlog.get_logger("kalends.database")

Tx: TypeAlias = asyncpg.Connection | PoolConnectionProxy


class TenantConnection(NamedTuple):
    """A connection (or its transaction) on behalf of one organization. What reads or writes an
    organization's rows takes it first, and cannot be called without."""

    organization_id: UUID
    tx: Tx


ANSWER_SECONDS: Final = 4.0
# A statement is cancelled when so much of its time is over; the rest is for the server to say so.
CANCELLED_AT: Final = 7 / 8
RELEASE_SECONDS: Final = 0.25
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
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
)
AWAY_SAID: Final = "The database cannot be reached just now. Please try again."
RUN_AGAIN_ERRORS: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# Somebody replaces the schema (a restore, a migration), or there is none.
SCHEMA_CHANGED: Final = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedObjectError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
    asyncpg.InternalServerError,
)


class ConnectionLimits(Struct, frozen=True):
    """How long one use of a connection may last, in seconds, and the settings of its session,
    which end at the server what outlasts that."""

    seconds: float
    session: Mapping[str, str]


# Plans are kept and used again, as long as their connection (docs/decisions/0034-plans.md). A walk
# through the API sent 66 texts; lists have one for each set of filters.
KEPT_STATEMENTS: Final = 256
SESSION: Final = {
    "timezone": "UTC",
    "jit": "off",
    "lock_timeout": "3s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "application_name": "kalends",
}
REQUEST_LIMITS: Final = ConnectionLimits(ANSWER_SECONDS, SESSION)
SESSION_OF_JOBS: Final = SESSION | {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "application_name": "kalends jobs",
}
JOB_LIMITS: Final = ConnectionLimits(20.0, SESSION_OF_JOBS)
# A person waits for a command, and reads what it says.
COMMANDS: Final = ConnectionLimits(
    60.0,
    SESSION
    | {
        "lock_timeout": "10s",
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "60s",
    },
)


class RunAgain(Unavailable):
    """A deadlock or serialization failure: the use case may simply run again. Where nobody does
    that, it is one of the times when the database does not serve."""

    def __init__(self) -> None:
        super().__init__("Too many changes at once on the same thing. Please try again.")


class RowHeld(Unavailable):
    """Somebody holds what was waited for, for longer than is waited. The database is well."""

    def __init__(self) -> None:
        super().__init__("Another change holds what this one needs. Please try again.")


class Database:
    """A pool of connections of this process, never more than `size`.

    A use that lasts too long is cancelled at the server, and its connection used on: closing our
    end alone would leave the statement waiting there, with the connection that it has.
    """

    def __init__(
        self,
        parameters: ConnectParameters,
        size: int = 10,
        limits: ConnectionLimits = REQUEST_LIMITS,
    ) -> None:
        self.parameters = parameters
        self._size = size
        self._limits = limits
        self._places = FairSemaphore(size)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self.notifier = Notifier(self.connection)

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self, organization_id: UUID | None = None) -> AsyncIterator[Tx]:
        """A connection without a transaction, for one reading statement (or several that need
        no common snapshot). Without an organization, only for finding out whose request it is.

        Raises Unavailable at the latest when the time is over, of this use or of the request that
        it is a part of, whatever the server does: a statement is cancelled, and the connection
        is cut if nothing comes back even then.
        """
        with seconds_to_use(self._limits.seconds) as seconds:
            try:
                async with (
                    asyncio.timeout(seconds * CANCELLED_AT),
                    self._place(organization_id),
                    self._borrowed(seconds) as connection,
                ):
                    yield connection
            except RUN_AGAIN_ERRORS as error:
                raise RunAgain() from error
            except asyncpg.LockNotAvailableError as error:
                raise RowHeld() from error
            except SCHEMA_CHANGED as error:
                await self._forget_schema(error)
                raise Unavailable("The database is being changed. Please try again.") from error
            except AWAY as error:
                if isinstance(error, ValueError):  # a wrong argument, which is our mistake
                    raise
                raise Unavailable(AWAY_SAID) from error

    @asynccontextmanager
    async def transaction(self, organization_id: UUID | None = None) -> AsyncIterator[Tx]:
        """A transaction at READ COMMITTED: the locks and the constraint do the guarding.

        Raises Unavailable, and RunAgain where the use case may simply run again.
        """
        async with self.connection(organization_id) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def tenant_connection(self, organization_id: UUID) -> AsyncIterator[TenantConnection]:
        """`connection`, for what is asked of one organization's rows."""
        async with self.connection(organization_id) as connection:
            yield TenantConnection(organization_id, connection)

    @asynccontextmanager
    async def tenant_transaction(self, organization_id: UUID) -> AsyncIterator[TenantConnection]:
        """`transaction`, for what changes one organization's rows."""
        async with self.transaction(organization_id) as connection:
            yield TenantConnection(organization_id, connection)

    @asynccontextmanager
    async def _place(self, organization_id: UUID | None) -> AsyncIterator[None]:
        await self._places.acquire(organization_id)
        try:
            yield
        finally:
            self._places.release(organization_id)

    @asynccontextmanager
    async def _borrowed(self, seconds: float) -> AsyncIterator[Tx]:
        loop = asyncio.get_running_loop()
        last = loop.time() + seconds
        pool = self._pool or await self._open()
        connection = await pool.acquire()
        alarm = loop.call_at(last, connection.terminate)
        try:
            yield connection
        except asyncpg.ReadOnlySQLTransactionError:
            connection.terminate()  # a standby: the next one may reach the primary
            raise
        finally:
            alarm.cancel()
            await pool.release(connection, timeout=RELEASE_SECONDS)

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    min_size=0,
                    max_size=self._size,
                    connect=self._connect,
                    max_inactive_connection_lifetime=300,
                    reset=_keep_as_it_is,
                )
        return self._pool

    async def _connect(self, *_: Any, **options: Any) -> asyncpg.Connection:
        session = dict(self._limits.session)
        connection = await connect(
            self.parameters,
            server_settings=session,
            statement_cache_size=KEPT_STATEMENTS,
            max_cached_statement_lifetime=0,
            **options,
        )
        try:
            await _pass_json_on(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _forget_schema(self, error: Exception) -> None:
        """What connections remember of tables and types is out of date: new ones are made."""
        log.warning("the schema has changed under a request", error=repr(error))
        if self._pool is not None:
            await self._pool.expire_connections()


async def fetch_planned(tx: Tx, sql: str, *arguments: Any) -> list[Any]:
    """The rows of a statement that is planned for its arguments each time it runs.

    For those of which a plan for any arguments reads much more than it need; it costs one more
    round trip.
    """
    statement = await tx.prepare(sql, name="")
    rows: list[Any] = await statement.fetch(*arguments)
    return rows


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
