"""Describes the calls for operators, which are not in the table of routes."""

from collections.abc import Iterable
from typing import Final

from kalends.web.openapi.errors import error_responses, headers
from kalends.web.openapi.schemas import Schema, object_schema
from kalends.web.openapi.words import OPERATIONS

_REQUEST_ID: Final = {"$ref": "#/components/parameters/X-Request-Id"}
_IF_NONE_MATCH: Final[Schema] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of the copy that you have; if it is still current, the answer is "
    "304.",
    "schema": {"type": "string"},
}
_HEALTH: Final = object_schema(
    {
        "status": {"type": "string", "const": "ok", "description": "Always `ok`."},
        "version": {"type": "string", "description": "The version of Kalends."},
        "tzdata": {"type": "string", "description": "The version of the time-zone data."},
    },
    required=("status", "version", "tzdata"),
    examples=[{"status": "ok", "version": "0.1.0", "tzdata": "2025.2"}],
)
_READY: Final = object_schema(
    {"status": {"type": "string", "const": "ready", "description": "`ready`."}},
    required=("status",),
    examples=[{"status": "ready"}],
)
_DOCUMENT: Final = object_schema(
    {
        "openapi": {"type": "string", "description": "The version of OpenAPI."},
        "info": {"type": "object", "description": "What this API is, with the guide."},
        "paths": {"type": "object", "description": "Every call, by path."},
    },
    required=("openapi", "info", "paths"),
)
_TEXT: Final[Schema] = {"type": "string"}


def operator_paths() -> dict[str, Schema]:
    """`/healthz`, `/readyz`, `/metrics`, `/openapi.json`, `/docs`."""
    return {
        "/healthz": _get("healthz", {"200": _json("The process is alive.", _HEALTH)}),
        "/readyz": _get(
            "readyz", {"200": _json("It can serve requests.", _READY)}, codes=["UNAVAILABLE"]
        ),
        "/metrics": _get(
            "metrics", {"200": _response("The metrics.", "text/plain", _TEXT)}, codes=["NOT_FOUND"]
        ),
        "/openapi.json": _file("openapi", "application/json", _DOCUMENT),
        "/docs": _file("docs", "text/html", _TEXT),
    }


def _file(id_: str, media_type: str, schema: Schema) -> Schema:
    same = {"description": "Not modified.", "headers": headers(["X-Request-Id", "ETag"])}
    document = _response("The document.", media_type, schema, ["ETag"])
    described = _get(id_, {"200": document, "304": same})
    described["get"]["parameters"].append(_IF_NONE_MATCH)
    return described


def _get(id_: str, answers: Schema, codes: Iterable[str] = ()) -> Schema:
    summary, description = OPERATIONS[id_]
    return {
        "get": {
            "operationId": id_,
            "tags": ["Operations"],
            "summary": summary,
            "description": f"{description}\n\nOpen to everyone.",
            "parameters": [_REQUEST_ID],
            "responses": answers | error_responses(["METHOD_NOT_ALLOWED", "INTERNAL", *codes]),
            "security": [],
        }
    }


def _json(words: str, schema: Schema) -> Schema:
    return _response(words, "application/json", schema)


def _response(words: str, media_type: str, schema: Schema, also: Iterable[str] = ()) -> Schema:
    return {
        "description": words,
        "headers": headers(["X-Request-Id", *also]),
        "content": {media_type: {"schema": schema}},
    }
