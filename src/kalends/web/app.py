"""The tables of API routes and pages, and the ASGI application that is built from them."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

from starlette.routing import Route as PathRoute
from starlette.routing import Router
from starlette.types import ASGIApp

from kalends.web.accounts import pages
from kalends.web.api import (
    absences,
    api_keys,
    auth,
    bookings,
    busy_times,
    calcom,
    event_log,
    event_types,
    feeds,
    holds,
    message_templates,
    notifications,
    organization,
    schedules,
    slots,
    users,
    video,
    webhooks,
)
from kalends.web.api.calendars import connections as calendar_connections
from kalends.web.api.calendars import consents as calendar_consents
from kalends.web.api.calendars import events as calendar_events
from kalends.web.api.calendars import findings as calendar_findings
from kalends.web.api.calendars import hooks as calendar_hooks
from kalends.web.console import table as console
from kalends.web.http import health
from kalends.web.http.endpoint import ApiContext, Endpoint, NotFoundApp, ReadOnly
from kalends.web.http.paths import ApiPaths
from kalends.web.http.routes import PathRoutes, Route
from kalends.web.middleware import RequestMiddleware
from kalends.web.openapi import docs
from kalends.web.pages import files
from kalends.web.pages.endpoint import PageEndpoint, PageNotFoundApp
from kalends.web.pages.request import PageContext, PageLimits
from kalends.web.pages.routes import PageRoute
from kalends.web.public import booking, consents, machine_readable, offers, pictures, self_service
from kalends.web.public import feeds as feed_pages

ROUTES: Final[tuple[Route, ...]] = (
    *bookings.ROUTES,
    *schedules.ROUTES,
    *feeds.ROUTES,
    *busy_times.ROUTES,
    *absences.ROUTES,
    *event_types.ROUTES,
    *slots.ROUTES,
    *holds.ROUTES,
    *calendar_connections.ROUTES,
    *calendar_consents.ROUTES,
    *calendar_events.ROUTES,
    *calendar_findings.ROUTES,
    *calendar_hooks.ROUTES,
    *webhooks.ROUTES,
    *event_log.ROUTES,
    *organization.ROUTES,
    *video.ROUTES,
    *message_templates.ROUTES,
    *users.ROUTES,
    *notifications.ROUTES,
    *api_keys.ROUTES,
    *auth.ROUTES,
    *calcom.ROUTES,
)

# The order matters: paths that begin with an organization's slug come last.
PAGES: Final[tuple[PageRoute, ...]] = (
    *files.PAGES,
    *pictures.PAGES,
    *feed_pages.PAGES,
    *pages.PAGES,
    *console.PAGES,
    *consents.PAGES,
    *machine_readable.PAGES,
    *self_service.PAGES,
    *booking.PAGES,
    *offers.PAGES,
)

R = TypeVar("R", Route, PageRoute)
Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]


def build_app(
    api_context: ApiContext, limits: PageLimits, lifespan: Lifespan, checks: health.Checks
) -> ASGIApp:
    """The application: API and pages from their tables, the operators' endpoints, the OpenAPI
    description, and a 404 with our error body."""
    endpoints = {r.path: Endpoint(api_context, r) for r in by_path(ROUTES)}
    beside = [*health.routes(checks), *docs.routes(ROUTES)]
    pages = PageContext(
        api_context.context, api_context.keyring, api_context.limiter, api_context.sessions, limits
    )
    router = Router(
        [
            *(PathRoute(r.path, ReadOnly(r.path, r.app)) for r in beside),
            *(PathRoute(r.path, PageEndpoint(pages, r)) for r in by_path(PAGES)),
        ],
        redirect_slashes=False,
        default=PageNotFoundApp(pages, NotFoundApp(api_context)),
        lifespan=lifespan,
    )
    return RequestMiddleware(ApiPaths(endpoints, router))


def by_path(routes: Iterable[R]) -> list[PathRoutes[R]]:
    """The routes grouped by path, in the order of the table."""
    grouped: dict[str, dict[str, R]] = {}
    for route in routes:
        grouped.setdefault(route.path, {})[route.method] = route
    return [PathRoutes(path, by_method) for path, by_method in grouped.items()]
