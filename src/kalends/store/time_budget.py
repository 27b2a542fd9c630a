"""The time that a request has for the database, however many connections it uses one after the
other: looking up its key, and its work."""

from contextvars import ContextVar
from typing import NamedTuple

from kalends.domain.errors import Unavailable


class FailedWait(NamedTuple):
    """What a request waited for in vain, in one word that an operator is told (`pool`, `host`,
    `lock`, `statement`, `commit`, `standby`, `request`), and the failure of it."""

    waited_for: str
    why: str


class TimeBudget:
    """What is left of a request's time, in seconds; waiting for the client uses none of it.
    `failed_wait` is the last wait for the database that failed, if any did."""

    def __init__(self, seconds: float) -> None:
        self.failed_wait: FailedWait | None = None
        self._seconds_left: float | None = seconds

    def remove_limit(self) -> None:
        """The answer goes out: from now on each use has a time of its own, as long answers come
        in pieces."""
        self._seconds_left = None

    def cap(self, seconds: float) -> float:
        """So many seconds, or what is left."""
        return seconds if self._seconds_left is None else min(seconds, self._seconds_left)

    def spend(self, seconds: float) -> None:
        if self._seconds_left is not None:
            self._seconds_left -= seconds


_current: ContextVar[TimeBudget | None] = ContextVar("time_budget", default=None)


class within_budget:  # noqa: N801  (used as a verb)
    """What the block and all its tasks ask the database together takes no longer than that. A
    class, as each request is one such block."""

    __slots__ = ("_budget", "_token")

    def __init__(self, seconds: float) -> None:
        self._budget = TimeBudget(seconds)

    def __enter__(self) -> TimeBudget:
        self._token = _current.set(self._budget)
        return self._budget

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def seconds_to_use(seconds: float) -> float:
    """How long one use of the database may last: so many seconds, or what is left of the
    request's time. Raises Unavailable where nothing is left."""
    budget = _current.get()
    allowed = seconds if budget is None else budget.cap(seconds)
    if allowed <= 0:
        note_failed_wait("request", "what it asked before took all of its time")
        raise Unavailable("The database did not answer in time. Please try again.")
    return allowed


def spend(seconds: float) -> None:
    """Takes what a use lasted from the request's time."""
    budget = _current.get()
    if budget is not None:
        budget.spend(seconds)


def note_failed_wait(waited_for: str, why: str) -> None:
    """For the log of the request that is being answered, if there is one."""
    budget = _current.get()
    if budget is not None:
        budget.failed_wait = FailedWait(waited_for, why)
