"""`/openapi.json`: the API described (OpenAPI 3.1), from the table of routes that is served.

It has schemas from the routes' structs, an operation for each route, links from calls that create a
thing to calls about it, and the guide as the overall description.
"""

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from kalends import __version__
from kalends.web.http.routes import Route
from kalends.web.http.sign_ins import SESSION_COOKIE
from kalends.web.openapi.errors import DETAIL, ERROR, table_of_codes
from kalends.web.openapi.operations import operation, operation_id
from kalends.web.openapi.operator import operator_paths
from kalends.web.openapi.schemas import Schema, Schemas
from kalends.web.openapi.webhooks import webhooks
from kalends.web.openapi.words import HEADERS, PARAMETERS, TAGS

SECURITY: Final[Schema] = {
    "bearerKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "wk_live_… or wk_test_…",
        "description": "An API key: `Authorization: Bearer wk_live_…`.",
    },
    "headerKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key in a header of its own.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "A signed-in user, by `POST /api/auth/login`.",
    },
}


def describe(routes: Iterable[Route]) -> Schema:
    """The OpenAPI document. `routes` is the table that is served."""
    routes = list(routes)
    schemas = Schemas(routes)
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route, schemas)
    _link(routes, paths)
    used = {route.tag for route in routes} | {"Operations"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kalends",
            "version": __version__,
            "summary": "The bookings API that a business runs itself.",
            "description": guide(),
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag, "description": TAGS.get(tag, "")} for tag in _in_order(used)],
        "paths": {**paths, **operator_paths()},
        "webhooks": webhooks(),
        "components": {
            "schemas": {**schemas.components, "Error": ERROR, "ErrorDetail": DETAIL},
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": SECURITY,
        },
    }


def guide() -> str:
    """The guide, which explains what concerns more than one call, in Markdown."""
    text = (files("kalends.web.openapi") / "docs" / "guide.md").read_text(encoding="utf-8")
    return text.replace("{{codes}}", table_of_codes())


def _in_order(tags: set[str]) -> list[str]:
    order = list(TAGS)
    return sorted(tags, key=lambda tag: order.index(tag) if tag in order else len(order))


def _link(routes: list[Route], paths: dict[str, Schema]) -> None:
    """Adds links from each call that creates a thing to the calls about it, which use its id."""
    for maker in routes:
        created = paths[maker.path][maker.method.lower()]["responses"].get("201")
        about = re.compile(re.escape(maker.path) + r"/\{(\w+)\}")
        for route in routes if created else ():
            if match := about.fullmatch(route.path):
                created.setdefault("links", {})[operation_id(route)] = _to(route, match[1])


def _to(route: Route, own_id: str) -> Schema:
    outer = set(re.findall(r"\{(\w+)\}", route.path)) - {own_id}
    return {
        "operationId": operation_id(route),
        "parameters": {own_id: "$response.body#/data/id"}
        | {name: f"$request.path.{name}" for name in sorted(outer)},
    }
