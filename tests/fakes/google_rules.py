"""What Google's own description of its API says of a request: which calls there are, with which
parameters, for which scopes, and what their bodies hold (`tests/data/google_calendar.json`, from
its discovery document; schemas as JSON Schema without text)."""

import re
from typing import Any, NamedTuple

from tests.fakes.descriptions import JSON, Description, parts_of

GOOGLE = Description("google_calendar.json")
DESCRIPTION = GOOGLE.said


class Method(NamedTuple):
    """A call, and the parts of its path."""

    name: str
    described: JSON
    path: dict[str, str]


def method_of(verb: str, path: str) -> Method | None:
    """The call that a path below `/calendar/v3/` is for, as it was written."""
    for name, described in DESCRIPTION["methods"].items():
        parts = parts_of(described["path"], path)
        if described["verb"] == verb and parts is not None:
            return Method(name, described, parts)
    return None


def fault_in_query(method: Method, query: list[tuple[str, str]]) -> str | None:
    """Why the parameters are refused."""
    known = {**DESCRIPTION["parameters"], **method.described["parameters"]}
    names = [name for name, _ in query]
    for name, value in query:
        rule = known.get(name)
        if rule is None or rule.get("location") == "path":
            return f"unknown parameter {name}"
        if names.count(name) > 1 and not rule.get("repeated"):
            return f"{name} is there twice"
        if not _is_valid(rule, value):
            return f"invalid value of {name}"
    return None


def fault_in_body(method: Method, body: Any) -> str | None:
    """Why the body is refused. What is null is to be cleared, and nothing else."""
    schema: str | None = method.described["body"]
    return schema and GOOGLE.fault(schema, _without_null(body))


def projected(value: Any, fields: str | None) -> Any:
    """The part of an answer that `fields` asks for."""
    return value if fields is None else _part(value, _parse(fields))


def _is_valid(rule: JSON, value: str) -> bool:
    if rule["type"] == "boolean":
        return value in ("true", "false")
    if rule["type"] == "integer":
        least, most = int(rule.get("minimum", 0)), int(rule.get("maximum", 2**31))
        return value.isdigit() and least <= int(value) <= most
    if rule.get("format") == "date-time":
        return (
            re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value)
            is not None
        )
    return value in rule["enum"] if "enum" in rule else True


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_null(v) for k, v in value.items() if v is not None}
    return value


def _parse(fields: str) -> JSON:
    """`a,b(c,d),e/f` as a tree."""
    tree: JSON = {}
    depth, piece = 0, ""
    for character in f"{fields},":
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            name, _, rest = piece.partition("(")
            if rest:
                tree[name] = _parse(rest.removesuffix(")"))
            else:
                head, _, tail = name.partition("/")
                tree.setdefault(head, {}).update(_parse(tail) if tail else {})
            piece = ""
        else:
            piece += character
    return tree


def _part(value: Any, tree: JSON) -> Any:
    if not tree or "*" in tree:
        return value
    if isinstance(value, list):
        return [_part(one, tree) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _part(value[name], inner) for name, inner in tree.items() if name in value}
