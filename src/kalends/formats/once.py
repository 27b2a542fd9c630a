"""A cached property without a lock."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801  (used as a decorator)
    """Like `functools.cached_property`, but without its lock on the first access; a mail has
    fourteen such properties. The instance needs a `__dict__`."""

    def __init__(self, ask: Callable[[Any], T]) -> None:
        self._ask = ask
        self._name = ask.__name__
        self.__doc__ = ask.__doc__

    def __get__(self, thing: Any, _: type[Any] | None = None) -> T:
        answer: T = self._ask(thing)
        thing.__dict__[self._name] = answer
        return answer
