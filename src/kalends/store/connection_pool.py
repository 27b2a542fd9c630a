"""The pool of one process, which keeps connections open between their uses.

The driver's own pool creates a task, two timers and a proxy for each use, and limits the number of
connections, as our semaphore does already (docs/decisions/0025-connections.md).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakKeyDictionary, WeakSet

import asyncpg

IDLE_SECONDS: Final = 300.0
LOOK_EVERY_SECONDS: Final = 60.0
# PostgreSQL keeps a plan until its tables are analyzed, also one that it made when they were empty:
# it reads all of a table that has thousands of rows by now. After a use that took this long, the
# plans of its connection are made anew, but not more often than that.
SLOW_USE_SECONDS: Final = 0.1
PLANS_KEPT_SECONDS: Final = 10.0
FORGET_PLANS: Final = "DISCARD PLANS"


class ConnectionPool:
    """Hands out the connection that was used last, or a new one. A connection that was not used for
    five minutes is closed."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        # Each with the loop's time when it was released; the latest is at the end.
        self._idle: deque[tuple[asyncpg.Connection, float]] = deque()
        self._generation = 0
        # Each with the generation in which it was handed out.
        self._in_use: dict[asyncpg.Connection, int] = {}
        self._slow: WeakSet[asyncpg.Connection] = WeakSet()
        # The loop's time when the connection's plans were last forgotten.
        self._planned_at: WeakKeyDictionary[asyncpg.Connection, float] = WeakKeyDictionary()
        self._next_look: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def acquire(self) -> asyncpg.Connection:
        """A connection. Raises what the driver raises; InterfaceError once the pool is closed."""
        if self._is_closed:
            raise asyncpg.InterfaceError("the pool is closed")
        generation = self._generation
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                break
        else:
            connection = await self._connect()
        self._in_use[connection] = generation
        if connection in self._slow:
            self._slow.discard(connection)
            try:
                await connection.execute(FORGET_PLANS)
            except BaseException:
                del self._in_use[connection]
                connection.terminate()
                raise
        return connection

    def release(self, connection: asyncpg.Connection, seconds: float = 0.0) -> None:
        """Takes back a connection on which nothing runs, after it was used for `seconds`. It is not
        used again if it is closed, in a transaction, or was handed out before `expire`."""
        if seconds > SLOW_USE_SECONDS:
            self._note_slow(connection)
        is_current = self._in_use.pop(connection) == self._generation and not self._is_closed
        if not is_current or connection.is_closed() or connection.is_in_transaction():
            connection.terminate()
            return
        loop = asyncio.get_running_loop()
        self._idle.append((connection, loop.time()))
        if self._next_look is None:
            self._next_look = loop.call_later(LOOK_EVERY_SECONDS, self._close_idle)

    def _note_slow(self, connection: asyncpg.Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._planned_at.get(connection, 0.0) > PLANS_KEPT_SECONDS:
            self._planned_at[connection] = now
            self._slow.add(connection)

    def expire(self) -> None:
        """Makes sure that no present connection is handed out again."""
        self._generation += 1
        self._terminate_idle()

    def terminate(self) -> None:
        """Terminates all connections and closes the pool."""
        self._is_closed = True
        if self._next_look is not None:
            self._next_look.cancel()
        self._terminate_idle()
        for connection in self._in_use:
            connection.terminate()

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0][1] < loop.time() - IDLE_SECONDS:
            self._idle.popleft()[0].terminate()
        self._next_look = (
            loop.call_later(LOOK_EVERY_SECONDS, self._close_idle) if self._idle else None
        )

    def _terminate_idle(self) -> None:
        while self._idle:
            self._idle.pop()[0].terminate()
