"""What a route is. The table of them, in `web/app.py`, is what is served and what is described."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum, auto
from typing import Any, Final, Generic, NamedTuple, TypedDict, TypeVar, Unpack

from msgspec import Struct
from starlette.types import Scope as ASGIScope

from kalends.domain.rights import Right
from kalends.domain.scopes import Scope
from kalends.runtime.idempotency import HttpAnswer
from kalends.web.http.answers import DataOf, Deleted, data_of, page_of
from kalends.web.http.call import Call

Codes = tuple[str, ...]
Handler = Callable[[Call], Awaitable[HttpAnswer]]


class Access(Enum):
    """Who may call a route that takes neither an API key nor a session."""

    OPEN = auto()


RouteAccess = Scope | Right | Access


@dataclass(frozen=True, kw_only=True)
class Route:
    """One call of the API.

    `access` is a scope (the call takes an API key), a right (it takes a session) or open; there is
    no default, so a route that names none does not exist. `query` and `body` are the structs that
    are read (a body may be a list of them), `answers` what comes back by status. `errors` are codes
    beyond those that every route has. What is `repeatable` is done each time it is asked for,
    whatever `Idempotency-Key` says.
    """

    method: str
    path: str
    handler: Handler
    access: RouteAccess
    summary: str
    answers: dict[int, Any]
    tag: str
    description: str = ""
    query: type[Struct] | None = None
    body: Any = None
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


R = TypeVar("R")


@dataclass(frozen=True)
class PathRoutes(Generic[R]):
    """The routes of one path, by method."""

    path: str
    by_method: Mapping[str, R]

    def open(self, scope: ASGIScope) -> R | None:
        """The route of a request, whose path is noted for the log."""
        scope["route_path"] = self.path
        return self.by_method.get(method_of(scope))

    @property
    def any(self) -> R:
        """One of them, for what holds for all."""
        return next(iter(self.by_method.values()))


class RouteOptions(TypedDict, total=False):
    """What not every route has; see `Route`. `access` is for one that differs from the others."""

    access: RouteAccess
    query: type[Struct]
    body: Any
    etag: bool
    if_match: bool
    errors: tuple[str, ...]
    repeatable: bool


class Scopes(NamedTuple):
    """Who may read, and who may write."""

    reads: RouteAccess
    writes: RouteAccess


BOOKING_SCOPES: Final = Scopes(Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE)
CALENDAR_SCOPES: Final = Scopes(Scope.CALENDARS_READ, Scope.CALENDARS_WRITE)
USER_SCOPES: Final = Scopes(Scope.USERS_READ, Scope.USERS_WRITE)
WEBHOOK_SCOPES: Final = Scopes(Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE)
# Of what all who show bookings know, and administrators set.
SETTING_SCOPES: Final = Scopes(Scope.BOOKINGS_READ, Scope.ALL)


@dataclass(frozen=True)
class Resource:
    """What the calls below one path have in common: the tag, and who may read and write.

    The docstring of a handler is what the OpenAPI description says of its call: the first line
    is the summary, the rest the description. One without a docstring raises TypeError.

    `list`, `create`, `get`, `update` and `delete` are the routes that most resources have; they
    take the struct that is answered, and the one that is read. `item` is the path of one thing,
    below that of all. Where `has_versions`, answers about
    one thing have an ETag, and changes take `If-Match`.
    """

    tag: str
    path: str
    scopes: Scopes
    _: KW_ONLY
    item: str = "/{id}"
    has_versions: bool = False

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

    def list(self, handler: Handler, body: type[Struct], query: type[Struct]) -> Route:
        return self("GET", handler, {200: page_of(body)}, query=query)

    def create(
        self, handler: Handler, body: type[Struct], new: type[Struct], errors: Codes = ()
    ) -> Route:
        answers = {201: data_of(body)}
        return self("POST", handler, answers, body=new, etag=self.has_versions, errors=errors)

    def get(self, handler: Handler, body: type[Struct]) -> Route:
        return self(f"GET {self.item}", handler, {200: data_of(body)}, etag=self.has_versions)

    def update(
        self, handler: Handler, body: type[Struct], changes: type[Struct], errors: Codes = ()
    ) -> Route:
        return self(
            f"PATCH {self.item}",
            handler,
            {200: data_of(body)},
            body=changes,
            etag=self.has_versions,
            if_match=self.has_versions,
            errors=errors,
        )

    def delete(self, handler: Handler, errors: Codes = ()) -> Route:
        answers = {200: DataOf[Deleted]}
        return self(
            f"DELETE {self.item}", handler, answers, if_match=self.has_versions, errors=errors
        )


def method_of(scope: ASGIScope) -> str:
    """Of the route that a request is for: a HEAD goes by that of GET."""
    return "GET" if scope["method"] == "HEAD" else str(scope["method"])


def documented(handler: Handler) -> tuple[str, str]:
    """A handler's docstring as summary and description, whose paragraphs are a line each."""
    text = inspect.getdoc(handler)
    if not text:
        raise TypeError(f"{handler.__name__} has no docstring to describe its call")
    summary, *paragraphs = text.split("\n\n")
    return summary, "\n\n".join(" ".join(lines.split("\n")) for lines in paragraphs)
