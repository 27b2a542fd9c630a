"""The connections of one process: how long each may take over what, and how many there are.

Nobody's slowness costs others anything: a client that holds a connection without going on with a
request, or without reading the answer, is given up; and where the connections are at their limit,
the one that has waited longest makes room for a new one.
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
    """How long a client may take, in seconds: for the head of a request, from its first byte or
    from connecting; without any progress of the body; for the whole body; between requests;
    without reading anything of an answer; for the whole answer, unless it is one that goes on;
    and, after an answer that ended before its request did, to receive it."""

    head: float = 10.0
    body_stalled: float = 10.0
    body: float = 60.0
    idle: float = 75.0
    answer_stalled: float = 10.0
    answer: float = 300.0
    parting: float = 2.0

    @property
    def check_seconds(self) -> float:
        """How often it is looked whether anybody took too long."""
        shortest: float = min(vars(self).values())
        return min(1.0, shortest / CHECKS_IN_A_LIMIT)


class ClientConnection(ABC):
    """What is held against the limits."""

    @property
    @abstractmethod
    def has_unsent(self) -> bool:
        """Whether the client has yet to read what was written."""

    @abstractmethod
    def check(self, now: float, patience: ClientTimeouts) -> None:
        """Ends the connection if it took too long; `now` is in the loop's seconds."""

    @abstractmethod
    def make_room(self) -> None:
        """Closes the connection for another one."""

    @abstractmethod
    def turn_away(self) -> None:
        """Says that there is no room, and closes."""


class Connections:
    """All of one process, at most `most`. Those that wait for their client are kept in the order
    in which they began to wait. Until the first one comes it can be sent to another process."""

    def __init__(
        self, patience: ClientTimeouts | None = None, most: int = MOST_CONNECTIONS
    ) -> None:
        self.patience = patience or ClientTimeouts()
        self._most = most
        self._all: set[ClientConnection] = set()
        self._waiting: dict[ClientConnection, None] = {}
        self._is_scheduled = False
        self._warned_at = -WARN_AGAIN_AFTER_SECONDS

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    def add(self, new: ClientConnection) -> None:
        """Takes in a connection that was opened; closes another one, or this, if that is one too
        many."""
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
        """The next move is the client's: to send a request, or the rest of one."""
        if connection in self._all:
            self._waiting.pop(connection, None)
            self._waiting[connection] = None

    def works(self, connection: ClientConnection) -> None:
        """The next move is ours: a request is whole, and its answer not yet."""
        self._waiting.pop(connection, None)

    def _warn_of_limit(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._warned_at >= WARN_AGAIN_AFTER_SECONDS:
            self._warned_at = now
            log.warning(
                "connections at their limit: the longest waiting is closed", most=self._most
            )

    def _longest_waiting(self) -> ClientConnection | None:
        """Rather one to which nothing is being sent."""
        for connection in islice(self._waiting, CHECKED_FOR_ROOM):
            if not connection.has_unsent:
                return connection
        return next(iter(self._waiting), None)

    def _schedule_check(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_later(self.patience.check_seconds, self._check_all)

    def _check_all(self) -> None:
        self._is_scheduled = False
        now = asyncio.get_running_loop().time()
        for connection in list(self._all):
            connection.check(now, self.patience)
        if self._all:
            self._schedule_check()
