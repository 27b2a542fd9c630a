"""Describes one call: its parameters and body, its answers and its errors."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from kalends.domain.scopes import Scope
from kalends.web.http.routes import Access, Route, RouteAccess
from kalends.web.openapi.errors import RATE_LIMITS, codes_of, error_responses, headers
from kalends.web.openapi.examples import ANSWERS, REQUESTS, example_of
from kalends.web.openapi.schemas import Schema, Schemas

SESSION_TAKES_AND_GIVES: Final = frozenset({"login", "logout"})
_IN_PATH: Final = re.compile(r"\{(\w+)\}")
# Nouns that people write differently from the segments of a path.
_NOUNS: Final = {"api key": "API key", "sync calcom": "sync"}
_TOKEN: Final = "The secret token of this address."


def operation(route: Route, schemas: Schemas) -> Schema:
    """The operation object of a route."""
    described: Schema = {
        "operationId": operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "description": _description(route),
        "parameters": [
            *_of_path(route.path),
            *_of_query(route, schemas),
            *({"$ref": f"#/components/parameters/{name}"} for name in _headers_taken(route)),
        ],
        "responses": {
            **_answers(route, schemas),
            **error_responses(codes_of(route, schemas), RATE_LIMITS if route.takes_key else ()),
        },
        "security": _security(route.access),
    }
    if route.body is not None:
        described["requestBody"] = _request(route, schemas)
    if isinstance(route.access, Scope):
        described["x-required-scope"] = str(route.access)
    return described


def operation_id(route: Route) -> str:
    """The handler's name in the style of JavaScript: `listBookings`."""
    first, *rest = route.handler.__name__.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _description(route: Route) -> str:
    if isinstance(route.access, Scope):
        needs = f"Needs a key with the scope `{route.access}`."
    else:
        needs = "Open to everyone." if route.access is Access.OPEN else "Needs a signed-in user."
    return f"{route.description}\n\n{needs}".strip()


def _security(access: RouteAccess) -> list[Schema]:
    if isinstance(access, Scope):
        return [{"bearerKey": [str(access)]}, {"headerKey": [str(access)]}]
    return [] if access is Access.OPEN else [{"session": []}]


def _of_path(path: str) -> Iterable[Schema]:
    segments = path.split("/")
    for before, segment in pairwise(segments):
        if named := _IN_PATH.fullmatch(segment):
            noun = re.sub("ie$", "y", before.replace("-", " ").removesuffix("s"))
            yield {
                "name": named[1],
                "in": "path",
                "required": True,
                "description": _TOKEN
                if named[1] == "token"
                else f"The id of the {_NOUNS.get(noun, noun)}.",
                "schema": {"type": "string", "minLength": 1},
            }


def _of_query(route: Route, schemas: Schemas) -> Iterable[Schema]:
    if route.query is None:
        return
    for name, required, schema in schemas.fields_of_query(route.query):
        words = schema.get("description", "")
        shape = {key: value for key, value in schema.items() if key != "description"}
        yield {
            "name": name,
            "in": "query",
            "required": required,
            "description": words,
            "schema": shape,
        }


def _headers_taken(route: Route) -> Iterable[str]:
    if route.idempotent_by_key:
        yield "Idempotency-Key"
    if route.if_match:
        yield "If-Match"
    if route.takes_key:
        yield "Kalends-Now"
    yield "X-Request-Id"


def _request(route: Route, schemas: Schemas) -> Schema:
    schema = schemas.of(route.body)
    example = REQUESTS.get(operation_id(route)) or example_of(schema, schemas.components)
    return {
        "required": bool(schemas.fields_required(route.body)),
        "content": {"application/json": {"schema": schema, "example": example}},
    }


def _answers(route: Route, schemas: Schemas) -> dict[str, Schema]:
    return {
        str(status): _answer(route, status, answer, schemas)
        for status, answer in route.answers.items()
    }


def _answer(route: Route, status: int, answer: Any, schemas: Schemas) -> Schema:
    described: Schema = {
        "description": {200: "Done.", 201: "Created.", 202: "Accepted."}.get(status, "Done."),
        "headers": headers(_headers_given(route)),
    }
    if answer is not None:
        schema = schemas.of(answer)
        example = ANSWERS.get(operation_id(route)) or example_of(schema, schemas.components)
        described["content"] = {"application/json": {"schema": schema, "example": example}}
    return described


def _headers_given(route: Route) -> Iterable[str]:
    yield "X-Request-Id"
    if route.takes_key:
        yield from RATE_LIMITS
    if route.etag:
        yield "ETag"
    if route.idempotent_by_key:
        yield "Idempotency-Replayed"
    if operation_id(route) in SESSION_TAKES_AND_GIVES:
        yield "Set-Cookie"
