"""The time budget of a request for the database, which all connections that it uses one after the
other share: looking up its key, and its work."""

from contextvars import ContextVar
from typing import NamedTuple

from kalends.domain.errors import Unavailable


class FailedWait(NamedTuple):
    """What a request waited for in vain, as a word for the log (`pool`, `host`, `lock`,
    `statement`, `commit`, `standby`, `request`), and the failure that ended the wait."""

    waited_for: str
    why: str


class TimeBudget:
    """The time that a request has left, in seconds; waiting for the client uses none of it.
    `failed_wait` is the latest wait for the database that failed, if one did."""

    def __init__(self, seconds: float) -> None:
        self.failed_wait: FailedWait | None = None
        self._seconds_left: float | None = seconds

    def remove_limit(self) -> None:
        """Removes the common limit when the answer begins: long answers come in pieces, so from
        then on each use has only its own limit."""
        self._seconds_left = None

    def cap(self, seconds: float) -> float:
        """The smaller of `seconds` and what is left."""
        return seconds if self._seconds_left is None else min(seconds, self._seconds_left)

    def spend(self, seconds: float) -> None:
        if self._seconds_left is not None:
            self._seconds_left -= seconds


_current: ContextVar[TimeBudget | None] = ContextVar("time_budget", default=None)


class within_budget:  # noqa: N801  (used as a verb)
    """A block in which all uses of the database, also in its tasks, share the budget. It is a class
    for speed, as each request has such a block."""

    __slots__ = ("_budget", "_token")

    def __init__(self, seconds: float) -> None:
        self._budget = TimeBudget(seconds)

    def __enter__(self) -> TimeBudget:
        self._token = _current.set(self._budget)
        return self._budget

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def seconds_to_use(seconds: float) -> float:
    """How long a use of the database may last: `seconds`, or what is left of the request's time if
    that is less. Raises Unavailable if nothing is left."""
    budget = _current.get()
    allowed = seconds if budget is None else budget.cap(seconds)
    if allowed <= 0:
        note_failed_wait("request", "what it asked before took all of its time")
        raise Unavailable("The database did not answer in time. Please try again.")
    return allowed


def spend(seconds: float) -> None:
    """Subtracts the time of a use from the request's budget."""
    budget = _current.get()
    if budget is not None:
        budget.spend(seconds)


def note_failed_wait(waited_for: str, why: str) -> None:
    """Notes a failed wait for the log of the current request, if there is one."""
    budget = _current.get()
    if budget is not None:
        budget.failed_wait = FailedWait(waited_for, why)
