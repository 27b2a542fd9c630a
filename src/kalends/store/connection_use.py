"""One use of a connection: it waits for a place in the pool, and ends within its time limit.

It is a class with a single timer for all of its limits, as every request has at least one use.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Final
from uuid import UUID

import asyncpg

from kalends.store.connection_pool import ConnectionPool
from kalends.store.failures import AWAY, SCHEMA_CHANGED, failed_wait_of, failure_of
from kalends.store.fair_semaphore import FairSemaphore
from kalends.store.standby import LATE_SECONDS, StandbyWatch
from kalends.store.time_budget import note_failed_wait, seconds_to_use, spend

# A statement is cancelled after this part of its time; the rest is for the server to confirm that.
CANCELLED_AT: Final = 7 / 8
RELEASE_SECONDS: Final = 0.5
# All work is done and only has to be stored, and giving up would not undo it. A busy disk may take
# a while.
COMMIT_SECONDS: Final = 12.0


class ConnectionUse:
    """An `async with` block that has a connection.

    It raises Unavailable at the latest when the time of this use, or of the request that it is a
    part of, is over. Then a running statement is cancelled, and the connection is closed if even
    that brings no answer. `on_schema_changed` is called with an error that shows that connections
    have cached tables or types which no longer exist.
    """

    __slots__ = (
        "_began",
        "_cancel_at",
        "_cancelling",
        "_connection",
        "_connections",
        "_cut_at",
        "_held_since",
        "_holder",
        "_is_over",
        "_late_at",
        "_loop",
        "_on_schema_changed",
        "_places",
        "_seconds",
        "_standby",
        "_task",
        "_timer",
        "_waits_for",
    )

    def __init__(
        self,
        places: FairSemaphore,
        connections: ConnectionPool,
        standby: StandbyWatch,
        on_schema_changed: Callable[[BaseException], None],
        holder: UUID | None,
        seconds: float,
    ) -> None:
        self._places = places
        self._connections = connections
        self._standby = standby
        self._on_schema_changed = on_schema_changed
        self._holder = holder
        self._seconds = seconds
        self._connection: asyncpg.Connection | None = None
        self._is_over = False
        self._waits_for = "pool"

    async def __aenter__(self) -> asyncpg.Connection:
        seconds = seconds_to_use(self._seconds)
        self._begin(seconds)
        try:
            await self._places.acquire(self._holder)
            self._waits_for = "host"
            try:
                self._connection = await self._connections.acquire()
            except BaseException:
                self._places.release(self._holder)
                raise
        except BaseException as error:
            self._end(error)
            raise
        self._waits_for = "statement"
        self._held_since = self._loop.time()
        self._late_at = self._held_since + LATE_SECONDS
        return self._connection

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            await self._give_back(error)
        except BaseException as failure:
            self._end(failure)
            raise
        self._end(error)

    def wait_for_commit(self) -> None:
        """Notes that only a commit is left, which has a time limit of its own."""
        self._waits_for = "commit"
        if not self._is_over:
            self._cancel_at = self._loop.time() + COMMIT_SECONDS
            self._cut_at = self._cancel_at + RELEASE_SECONDS

    def _begin(self, seconds: float) -> None:
        self._began = monotonic()
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._late_at = now + LATE_SECONDS
        self._cancel_at = now + seconds * CANCELLED_AT
        self._cut_at = now + seconds
        self._timer = self._loop.call_at(min(self._late_at, self._cancel_at), self._look)

    def _look(self) -> None:
        """The timer: does what is due, and schedules itself for what is due next."""
        now = self._loop.time()
        if self._is_over:
            if now >= self._cut_at:
                if self._connection is not None:
                    self._connection.terminate()
                return
        elif now >= self._cancel_at:
            self._is_over = True
            self._task.cancel()
        elif now >= self._late_at:
            if self._connection is not None:
                self._standby.note_late(self._connection)
            self._late_at = self._cancel_at
        next_at = self._cut_at if self._is_over else min(self._late_at, self._cancel_at)
        self._timer = self._loop.call_at(next_at, self._look)

    async def _give_back(self, error: BaseException | None) -> None:
        connection = self._connection
        assert connection is not None
        try:
            if error is None:
                self._standby.confirm(connection)
            elif isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                connection.terminate()  # it is a standby's; a new one may reach the primary
            elif isinstance(error, asyncio.CancelledError | TimeoutError):
                await _end_cancelled(connection)
                if not connection.is_closed():  # a closed one has dropped its listeners
                    self._standby.listen(connection)
        finally:
            self._standby.end(connection)
            self._connections.release(connection, self._loop.time() - self._held_since)
            self._places.release(self._holder)

    def _end(self, error: BaseException | None) -> None:
        """Raises the domain error that a failure of the database means; passes on other errors."""
        self._timer.cancel()
        spend(monotonic() - self._began)
        is_ours = self._is_over and self._task.uncancel() <= self._cancelling
        if is_ours and isinstance(error, asyncio.CancelledError):
            error = TimeoutError()
        if error is None or (failure := failure_of(error)) is None:
            return
        note_failed_wait(failed_wait_of(error) or self._waits_for, repr(error))
        if isinstance(error, SCHEMA_CHANGED):
            self._on_schema_changed(error)
        raise failure from error


async def _end_cancelled(connection: asyncpg.Connection) -> None:
    """Waits until the server has ended a cancelled statement, so that the connection can be used
    again; terminates the connection if it does not."""
    try:
        await connection.reset(timeout=RELEASE_SECONDS)
    except (*AWAY, asyncpg.PostgresError):
        connection.terminate()
    except asyncio.CancelledError:
        connection.terminate()
        raise
