"""Ends commits that wait for a standby which is away, and lets no more of them begin meanwhile.

Under synchronous replication a COMMIT waits for the standby for ever, with its connection and its
locks, and past every time limit of its session; not even a client that disconnects ends it. If it
is cancelled, it succeeds with a warning: the change is made, but is lost if the standby is promoted
without it. So such a change must not be answered as done.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Final

import asyncpg
import structlog

from kalends.domain.errors import NotReplicated, Unavailable
from kalends.store.time_budget import note_failed_wait

log = structlog.get_logger("kalends.database")

# A use of a connection that has lasted so long may be waiting for a standby; from then on the
# database is asked whether its commit does, and for how long.
LATE_SECONDS: Final = 2.0
WAITING_SECONDS: Final = 1.0
LOOK_EVERY_SECONDS: Final = 0.5
PROBE_EVERY_SECONDS: Final = 1.0
# Ends commits of other processes too, as a process that was killed leaves its commits waiting.
END_WAITING: Final = """
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'kalends%'
  AND wait_event = 'SyncRep' AND state_change < clock_timestamp() - make_interval(secs => $1)
"""
# Changes nothing, but its commit waits like any other.
PROBE: Final = "SELECT pg_logical_emit_message(true, 'kalends', '')"
# The function of PostgreSQL that raises the warning, whose text is in the server's language.
WARNS: Final = "SyncRepWaitForLSN"
REFUSED: Final = (
    "Nothing was changed: the standby of the database does not answer, and without it no change"
    " is safe. Please try again."
)
UNCONFIRMED: Final = (
    "The standby of the database does not answer, so the change may be made or not. Please send"
    " it again, with the same Idempotency-Key if it had one."
)


class StandbyWatch:
    """Watches the uses of one pool; `connect` gives a connection from it."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._late: set[asyncpg.Connection] = set()
        self._unconfirmed: set[asyncpg.Connection] = set()
        self._looking: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None

    def listen(self, connection: asyncpg.Connection) -> None:
        """Starts listening for warnings that a commit of this connection was not replicated."""
        connection.add_log_listener(self._note)

    def confirm(self, connection: asyncpg.Connection) -> None:
        """Raises NotReplicated if a commit of this use was not confirmed by the standby."""
        if connection in self._unconfirmed:
            raise _not_replicated(UNCONFIRMED)

    def end(self, connection: asyncpg.Connection) -> None:
        self._late.discard(connection)
        self._unconfirmed.discard(connection)

    def admit(self) -> None:
        """Raises NotReplicated, without asking the database, while the standby is away."""
        if self._probing is not None:
            raise _not_replicated(REFUSED)

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Turns failures in the block into NotReplicated while the standby is away, as it is their
        cause: others keep their locks until their commits are given up."""
        try:
            yield
        except NotReplicated:
            raise
        except Unavailable as error:
            if self._probing is None:
                raise
            raise _not_replicated(UNCONFIRMED) from error

    def close(self) -> None:
        for task in (self._looking, self._probing):
            if task is not None:
                task.cancel()

    def _note(self, connection: asyncpg.Connection, message: Any) -> None:
        if message.as_dict().get("server_source_function") != WARNS:
            return
        self._unconfirmed.add(connection)
        if self._probing is None:
            log.warning("the standby does not answer: changes are refused")
            self._probing = asyncio.create_task(self._probe())

    def note_late(self, connection: asyncpg.Connection) -> None:
        """Notes that a use of the connection lasts so long that it may wait for the standby."""
        self._late.add(connection)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Ends commits that wait for the standby, as long as any use is late."""
        try:
            while self._late:
                await self._end_waiting()
                await asyncio.sleep(LOOK_EVERY_SECONDS)
        finally:
            self._looking = None

    async def _end_waiting(self) -> None:
        try:
            async with self._connect() as tx:
                await tx.execute(END_WAITING, WAITING_SECONDS)
        except Unavailable as error:  # then the whole database is away; each use has its limit
            log.warning("cannot look for commits that wait", error=repr(error))

    async def _probe(self) -> None:
        """Commits repeatedly until the standby confirms a commit."""
        try:
            while not await self._is_confirming():
                pass
            log.info("the standby answers again")
        finally:
            self._probing = None

    async def _is_confirming(self) -> bool:
        await asyncio.sleep(PROBE_EVERY_SECONDS)
        try:
            async with self._connect() as tx, tx.transaction():
                await tx.execute(PROBE)
        except Unavailable:  # a limit has ended it, or the whole database is away
            return False
        return True


def _not_replicated(message: str) -> NotReplicated:
    note_failed_wait("standby", message)
    return NotReplicated(message)
