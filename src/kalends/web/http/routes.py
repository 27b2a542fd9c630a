"""What a route is. The table of them, in `web/app.py`, is what is served and what is described."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, NamedTuple, TypedDict, Unpack

from msgspec import Struct

from kalends.domain.access import Scope
from kalends.runtime.idempotency import HttpAnswer
from kalends.web.http.call import Call

Handler = Callable[[Call], Awaitable[HttpAnswer]]


class Access(Enum):
    """Who may call a route that takes no API key."""

    OPEN = auto()
    SESSION = auto()


@dataclass(frozen=True, kw_only=True)
class Route:
    """One call of the API.

    `access` is a scope (the call takes an API key) or says otherwise; there is no default, so a
    route that names none does not exist. `query` and `body` are the structs that are read,
    `answers` what comes back by status. `errors` are codes beyond those that every route has. What
    is `repeatable` is done each time it is asked for, whatever `Idempotency-Key` says.
    """

    method: str
    path: str
    handler: Handler
    access: Scope | Access
    summary: str
    answers: dict[int, Any]
    tag: str
    description: str = ""
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    etag: bool = False
    if_match: bool = False
    errors: tuple[str, ...] = ()
    repeatable: bool = False

    @property
    def takes_key(self) -> bool:
        return isinstance(self.access, Scope)

    @property
    def idempotent_by_key(self) -> bool:
        """Whether it takes `Idempotency-Key`: every POST that takes an API key does, but for one
        that is meant to be done each time."""
        return self.method == "POST" and self.takes_key and not self.repeatable


class RouteOptions(TypedDict, total=False):
    """What not every route has; see `Route`. `access` is for one that differs from the others."""

    access: Scope | Access
    query: type[Struct]
    body: type[Struct]
    etag: bool
    if_match: bool
    errors: tuple[str, ...]
    repeatable: bool


class Scopes(NamedTuple):
    """Who may read, and who may write."""

    reads: Scope | Access
    writes: Scope | Access


BOOKING_SCOPES: Final = Scopes(Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What the calls below one path have in common: the tag, and who may read and write.

    The docstring of a handler is what the OpenAPI description says of its call: the first line
    is the summary, the rest the description. One without a docstring raises TypeError.
    """

    tag: str
    path: str
    scopes: Scopes

    def __call__(
        self, call: str, handler: Handler, answers: dict[int, Any], **more: Unpack[RouteOptions]
    ) -> Route:
        """The route of a call such as `GET /{id}`, its path below the resource's."""
        method, _, path = call.partition(" ")
        summary, description = documented(handler)
        more.setdefault("access", self.scopes.reads if method == "GET" else self.scopes.writes)
        return Route(
            method=method,
            path=self.path + path,
            handler=handler,
            summary=summary,
            description=description,
            answers=answers,
            tag=self.tag,
            **more,
        )


def documented(handler: Handler) -> tuple[str, str]:
    """A handler's docstring as summary and description, whose paragraphs are a line each."""
    text = inspect.getdoc(handler)
    if not text:
        raise TypeError(f"{handler.__name__} has no docstring to describe its call")
    summary, *paragraphs = text.split("\n\n")
    return summary, "\n\n".join(" ".join(lines.split("\n")) for lines in paragraphs)
