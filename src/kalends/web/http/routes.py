"""The types of an API route. The table of routes in `web/app.py` is what is served and what
OpenAPI describes."""

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
from kalends.web.http.request_models import PageQuery

Codes = tuple[str, ...]
Handler = Callable[[Call], Awaitable[HttpAnswer]]


class Access(Enum):
    """The access of a route that takes neither an API key nor a session."""

    OPEN = auto()


RouteAccess = Scope | Right | Access


@dataclass(frozen=True, kw_only=True)
class Route:
    """One call of the API.

    `access` is a scope (the call takes an API key), a right (it takes a session) or open. It has
    no default, so no route is open by omission. `query` and `body` are the structs that the request
    is read into (a body may be a list of them); `answers` has the type of each answer by status.
    `errors` lists codes beyond those that every route has. A `repeatable` call is carried out each
    time it is made, whatever its `Idempotency-Key`.
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
        """Whether the call honours `Idempotency-Key`: every POST with an API key does, unless it
        is repeatable."""
        return self.method == "POST" and self.takes_key and not self.repeatable


R = TypeVar("R")


@dataclass(frozen=True)
class PathRoutes(Generic[R]):
    """The routes of one path, by method."""

    path: str
    by_method: Mapping[str, R]

    def open(self, scope: ASGIScope) -> R | None:
        """The route for the request's method, if there is one. Puts the path's pattern into the
        scope, for the metrics."""
        scope["route_path"] = self.path
        return self.by_method.get(method_of(scope))

    @property
    def any(self) -> R:
        """Any one of the routes, to read what all of them have in common."""
        return next(iter(self.by_method.values()))


class RouteOptions(TypedDict, total=False):
    """The fields of `Route` that not every route sets; `access` overrides the resource's scopes."""

    access: RouteAccess
    query: type[Struct]
    body: Any
    etag: bool
    if_match: bool
    errors: tuple[str, ...]
    repeatable: bool


class Scopes(NamedTuple):
    """The access that reads and writes of a resource need."""

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
    """Makes the routes below one path, which share a tag and the scopes for reading and writing.

    A handler's docstring is what OpenAPI says about its call: the first line is the summary, the
    rest the description. A handler without one raises TypeError.

    `list`, `create`, `get`, `update` and `delete` make the routes that most resources have, from
    the struct of the answer and the struct that is read. `item` is the path of a single thing,
    below the resource's own. With `has_versions`, answers about a single thing have an ETag, and
    changes take `If-Match`.
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
        """The route of a call such as `GET /{id}`, whose path is below the resource's."""
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

    def list(
        self, handler: Handler, body: type[Struct], query: type[PageQuery] = PageQuery
    ) -> Route:
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
    """The method of the route that serves a request: HEAD is served by the route of GET."""
    return "GET" if scope["method"] == "HEAD" else str(scope["method"])


def documented(handler: Handler) -> tuple[str, str]:
    """The summary and description in a handler's docstring, with each paragraph on one line."""
    text = inspect.getdoc(handler)
    if not text:
        raise TypeError(f"{handler.__name__} has no docstring to describe its call")
    summary, *paragraphs = text.split("\n\n")
    return summary, "\n\n".join(" ".join(lines.split("\n")) for lines in paragraphs)
