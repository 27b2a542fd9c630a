"""The time that a request has for the database, however many connections it uses one after the
other: looking up its key, and its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from kalends.domain.errors import Unavailable


class TimeBudget:
    """What is left of a request's time, in seconds; waiting for the client uses none of it."""

    def __init__(self, seconds: float) -> None:
        self._seconds_left: float | None = seconds

    def lift(self) -> None:
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


@contextmanager
def within_budget(seconds: float) -> Iterator[TimeBudget]:
    """What the block and all its tasks ask the database together takes no longer than that."""
    budget = TimeBudget(seconds)
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


@contextmanager
def seconds_to_use(seconds: float) -> Iterator[float]:
    """How long one use of the database may last: so many seconds, or what is left of the
    request's time. Raises Unavailable where nothing is left."""
    budget = _current.get()
    allowed = seconds if budget is None else budget.cap(seconds)
    if allowed <= 0:
        raise Unavailable("The database did not answer in time. Please try again.")
    began = monotonic()
    try:
        yield allowed
    finally:
        if budget is not None:
            budget.spend(monotonic() - began)
