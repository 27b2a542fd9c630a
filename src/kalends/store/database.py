"""Access to PostgreSQL: the pool of this process, connections and transactions.

docs/decisions/0025-connections.md says how the pool is shared, and how what takes too long ends.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
import structlog
from msgspec import Raw, Struct

from kalends.store.connection import connect
from kalends.store.connection_pool import ConnectionPool
from kalends.store.connection_use import ConnectionUse
from kalends.store.database_url import ConnectParameters
from kalends.store.failures import RowHeld, RunAgain
from kalends.store.fair_semaphore import FairSemaphore
from kalends.store.notifier import Notifier
from kalends.store.standby import StandbyWatch

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

Tx: TypeAlias = asyncpg.Connection


class TenantConnection(NamedTuple):
    """A connection, perhaps in a transaction, on behalf of one organization. Every function that
    reads or writes an organization's rows takes it as its first argument."""

    organization_id: UUID
    tx: Tx


ANSWER_SECONDS: Final = 4.0
# The byte that precedes the text in the binary format of jsonb.
JSONB_VERSION: Final = b"\x01"


class ConnectionLimits(Struct, frozen=True):
    """How long one use of a connection may last, in seconds, and the settings of its session, by
    which the server ends what takes longer."""

    seconds: float
    session: Mapping[str, str]


# A connection keeps the plans of so many statements (docs/decisions/0034-plans.md). A tour of the
# API sent 66 different texts; lists have one for each set of filters.
KEPT_STATEMENTS: Final = 256
SESSION: Final = {
    "timezone": "UTC",
    "jit": "off",
    "lock_timeout": "3s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "application_name": "kalends",
    # If the machine of a process vanishes, PostgreSQL would keep its connections for two hours. In
    # seconds; on a Unix socket they have no effect.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60s",
}
REQUEST_LIMITS: Final = ConnectionLimits(ANSWER_SECONDS, SESSION)
SESSION_OF_JOBS: Final = SESSION | {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "application_name": "kalends jobs",
}
JOB_LIMITS: Final = ConnectionLimits(20.0, SESSION_OF_JOBS)
# For commands, for which a person waits, and whose output a person reads.
COMMANDS: Final = ConnectionLimits(
    60.0,
    SESSION
    | {
        "lock_timeout": "10s",
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "60s",
    },
)


class Database:
    """The database, with a pool of at most `size` connections of this process.

    A use that lasts too long is cancelled at the server, and its connection is used again. Merely
    closing our end would leave the statement, and its connection, waiting at the server.
    """

    def __init__(
        self,
        parameters: ConnectParameters,
        size: int = 10,
        limits: ConnectionLimits = REQUEST_LIMITS,
    ) -> None:
        self.parameters = parameters
        self._limits = limits
        self._places = FairSemaphore(size)
        self._pool = ConnectionPool(self._connect)
        self._standby = StandbyWatch(self.connection)
        self.notifier = Notifier(self.connection)

    async def close(self) -> None:
        await self.notifier.finish()
        self._standby.close()
        self._pool.terminate()

    def connection(self, organization_id: UUID | None = None) -> ConnectionUse:
        """A connection without a transaction, for a statement that reads (or several that need no
        common snapshot). Without an organization it is only for finding out whose request it is.

        Raises Unavailable, at the latest when its time is over.
        """
        return ConnectionUse(
            self._places,
            self._pool,
            self._standby,
            self._forget_schema,
            organization_id,
            self._limits.seconds,
        )

    @asynccontextmanager
    async def transaction(self, organization_id: UUID | None = None) -> AsyncIterator[Tx]:
        """A transaction at READ COMMITTED, as locks and the exclusion constraint guard the data.

        Raises Unavailable; RunAgain if the use case may simply be run again; and NotReplicated if
        the standby does not confirm the commit.
        """
        self._standby.admit()
        use = self.connection(organization_id)
        with self._standby.blamed():
            async with use as connection, connection.transaction():
                self._standby.admit()  # it may have failed while we waited for a place
                yield connection
                self._standby.admit()  # or while we waited for a row
                use.wait_for_commit()

    @asynccontextmanager
    async def tenant_connection(self, organization_id: UUID) -> AsyncIterator[TenantConnection]:
        """A `connection` for reading the rows of one organization."""
        async with self.connection(organization_id) as connection:
            yield TenantConnection(organization_id, connection)

    @asynccontextmanager
    async def tenant_transaction(self, organization_id: UUID) -> AsyncIterator[TenantConnection]:
        """A `transaction` for changing the rows of one organization."""
        async with self.transaction(organization_id) as connection:
            yield TenantConnection(organization_id, connection)

    async def _connect(self) -> asyncpg.Connection:
        connection = await connect(
            self.parameters,
            server_settings=dict(self._limits.session),
            statement_cache_size=KEPT_STATEMENTS,
            max_cached_statement_lifetime=0,
        )
        try:
            await _pass_json_on(connection)
        except BaseException:
            connection.terminate()
            raise
        self._standby.listen(connection)
        return connection

    def _forget_schema(self, error: BaseException) -> None:
        """Replaces all connections, as what they have cached of tables and types is out of date."""
        log.warning("the schema has changed under a request", error=repr(error))
        self._pool.expire()


async def fetch_planned(
    tx: Tx, sql: str, *arguments: Any, timeout: float | None = None
) -> list[Any]:
    """The rows of a statement that is planned for its actual arguments each time it runs. Raises
    TimeoutError if it takes longer than `timeout` seconds.

    It is for statements whose generic plan would read far more than necessary, and costs an
    additional round trip.
    """
    statement = await tx.prepare(sql, name="")
    rows: list[Any] = await statement.fetch(*arguments, timeout=timeout)
    return rows


async def _pass_json_on(connection: asyncpg.Connection) -> None:
    """Makes JSON columns come as undecoded `Raw`, as most JSON is only passed on."""
    for name, encoder, decoder in (("json", bytes, Raw), ("jsonb", _to_jsonb, _from_jsonb)):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=encoder, decoder=decoder, format="binary"
        )


def _to_jsonb(value: Raw) -> bytes:
    return JSONB_VERSION + bytes(value)


def _from_jsonb(sent: bytes) -> Raw:
    return Raw(sent[len(JSONB_VERSION) :])
