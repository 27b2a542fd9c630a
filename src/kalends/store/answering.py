"""The time that a request has for the database, however many connections it uses one after the
other: looking up its key, and its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from kalends.domain.errors import Unavailable


class Answering:
    """What is left of a request's time, in seconds; waiting for the client uses none of it."""

    def __init__(self, seconds: float) -> None:
        self._left: float | None = seconds

    def begun(self) -> None:
        """The answer goes out: from now on each use has a time of its own, as long answers come
        in pieces."""
        self._left = None

    def least(self, seconds: float) -> float:
        return seconds if self._left is None else min(seconds, self._left)

    def use(self, seconds: float) -> None:
        if self._left is not None:
            self._left -= seconds


_answering: ContextVar[Answering | None] = ContextVar("answering", default=None)


@contextmanager
def answering(seconds: float) -> Iterator[Answering]:
    """What the block and all its tasks ask the database together takes no longer than that."""
    request = Answering(seconds)
    token = _answering.set(request)
    try:
        yield request
    finally:
        _answering.reset(token)


@contextmanager
def time_to_answer(seconds: float) -> Iterator[float]:
    """How long one use of the database may last: so many seconds, or what is left of the
    request's time. Raises Unavailable where nothing is left."""
    request = _answering.get()
    allowed = seconds if request is None else request.least(seconds)
    if allowed <= 0:
        raise Unavailable("The database did not answer in time. Please try again.")
    began = monotonic()
    try:
        yield allowed
    finally:
        if request is not None:
            request.use(monotonic() - began)
