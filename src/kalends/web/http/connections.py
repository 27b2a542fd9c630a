"""The open connections of one process: their timeouts, and how many there may be.

A slow client must not cost others anything. One that holds a connection without going on with its
request, or without reading the answer, is disconnected; and when the process is at its limit of
connections, the one that has waited longest is closed in favour of a new one.
"""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import islice
from typing import Final

import structlog

log = structlog.get_logger("kalends.http")

MOST_CONNECTIONS: Final = 10_000
CHECKS_IN_A_LIMIT: Final = 10
CHECKED_FOR_ROOM: Final = 100
WARN_AGAIN_AFTER_SECONDS: Final = 60.0


@dataclass(frozen=True)
class ClientTimeouts:
    """How long a client may take, in seconds."""

    head: float = 10.0  # for a request's head, from its first byte or from connecting
    body_stalled: float = 10.0  # without sending anything of the body
    body: float = 60.0  # for the whole body
    idle: float = 75.0  # between requests
    answer_stalled: float = 10.0  # without reading anything of an answer
    answer: float = 300.0  # for the whole answer, unless it is an endless one
    parting: float = 2.0  # to receive an answer that was complete before its request was

    @property
    def check_seconds(self) -> float:
        """The pause between two checks of all connections."""
        shortest: float = min(vars(self).values())
        return min(1.0, shortest / CHECKS_IN_A_LIMIT)


class ClientConnection(ABC):
    """One connection, as `Connections` sees it."""

    @property
    @abstractmethod
    def has_unsent(self) -> bool:
        """Whether something that was written has not been read by the client yet."""

    @abstractmethod
    def check(self, now: float, timeouts: ClientTimeouts) -> None:
        """Ends the connection if it took too long; `now` is in the loop's seconds."""

    @abstractmethod
    def make_room(self) -> None:
        """Closes the connection for another one."""

    @abstractmethod
    def turn_away(self) -> None:
        """Answers 503, as there is no room, and closes."""


class Connections:
    """All connections of one process, at most `most`.

    Those that wait for their client are kept in the order in which they began to wait. An instance
    can be pickled for another process until it has its first connection.
    """

    def __init__(
        self, timeouts: ClientTimeouts | None = None, most: int = MOST_CONNECTIONS
    ) -> None:
        self.timeouts = timeouts or ClientTimeouts()
        self._most = most
        self._all: set[ClientConnection] = set()
        self._waiting: dict[ClientConnection, None] = {}
        self._is_scheduled = False
        self._warned_at = -WARN_AGAIN_AFTER_SECONDS

    @property
    def count(self) -> int:
        """How many connections are open."""
        return len(self._all)

    def add(self, new: ClientConnection) -> None:
        """Adds a connection that was just opened. If that is one too many, it closes the one that
        has waited longest for its client or, if none waits, the new one."""
        self._all.add(new)
        self._schedule_check()
        if len(self._all) <= self._most:
            self._waiting[new] = None
            return
        self._warn_of_limit()
        if (old := self._longest_waiting()) is not None:
            self._waiting[new] = None
            self.remove(old)
            old.make_room()
        else:
            new.turn_away()

    def remove(self, connection: ClientConnection) -> None:
        self._all.discard(connection)
        self._waiting.pop(connection, None)

    def waits(self, connection: ClientConnection) -> None:
        """Notes that the next move is the client's: to send a request, or the rest of one."""
        if connection in self._all:
            self._waiting.pop(connection, None)
            self._waiting[connection] = None

    def works(self, connection: ClientConnection) -> None:
        """Notes that the next move is ours: a request has arrived in full and awaits its answer."""
        self._waiting.pop(connection, None)

    def _warn_of_limit(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._warned_at >= WARN_AGAIN_AFTER_SECONDS:
            self._warned_at = now
            log.warning(
                "connections at their limit: the longest waiting is closed", most=self._most
            )

    def _longest_waiting(self) -> ClientConnection | None:
        """Prefers, among the first hundred, a connection to which nothing is being sent."""
        for connection in islice(self._waiting, CHECKED_FOR_ROOM):
            if not connection.has_unsent:
                return connection
        return next(iter(self._waiting), None)

    def _schedule_check(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_later(self.timeouts.check_seconds, self._check_all)

    def _check_all(self) -> None:
        self._is_scheduled = False
        now = asyncio.get_running_loop().time()
        for connection in list(self._all):
            connection.check(now, self.timeouts)
        if self._all:
            self._schedule_check()
