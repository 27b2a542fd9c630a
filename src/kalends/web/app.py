"""The table of routes, and the application that is made of it."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from starlette.routing import Route as PathRoute
from starlette.routing import Router
from starlette.types import ASGIApp

from kalends.web import docs, health
from kalends.web.api import (
    api_keys,
    auth,
    bookings,
    busy_times,
    event_log,
    event_types,
    holds,
    organization,
    schedules,
    slots,
    webhooks,
)
from kalends.web.door import Door
from kalends.web.endpoint import Endpoint, Gate, Nowhere, ReadOnly
from kalends.web.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *bookings.ROUTES,
    *schedules.ROUTES,
    *busy_times.ROUTES,
    *event_types.ROUTES,
    *slots.ROUTES,
    *holds.ROUTES,
    *webhooks.ROUTES,
    *event_log.ROUTES,
    *organization.ROUTES,
    *api_keys.ROUTES,
    *auth.ROUTES,
)

Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]


def build_app(gate: Gate, lifespan: Lifespan, checks: health.Checks) -> ASGIApp:
    """The whole of HTTP: the API by the table, what operators ask, its description, and 404 in
    our shape."""
    paths = [PathRoute(path, Endpoint(gate, path, methods)) for path, methods in by_path(ROUTES)]
    beside = [*health.routes(checks), *docs.routes(ROUTES)]
    router = Router(
        [*paths, *(PathRoute(r.path, ReadOnly(r.path, r.app)) for r in beside)],
        redirect_slashes=False,
        default=Nowhere(gate),
        lifespan=lifespan,
    )
    return Door(router)


def by_path(routes: Iterable[Route]) -> list[tuple[str, dict[str, Route]]]:
    """The routes grouped by path, in the order of the table."""
    grouped: dict[str, dict[str, Route]] = {}
    for route in routes:
        grouped.setdefault(route.path, {})[route.method] = route
    return list(grouped.items())
