"""The schemas of requests and answers: those of msgspec, completed and simplified.

msgspec describes the structs. Here each field also gets its description, answers say which fields
are always present, and what only the parser needs (look-aheads, surrogates) is simplified.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from kalends.domain.invisible_characters import NOT_BLANK
from kalends.web.http.routes import Route
from kalends.web.openapi.instants import mark_instants
from kalends.web.openapi.words import FIELDS

Schema = dict[str, Any]


REF: Final = "#/components/schemas/"
# `^(?![\s\S]*[…])…`: none of these characters anywhere, in a form that Python's parser takes.
NOWHERE_IN_TEXT: Final = re.compile(r"\^\(\?!\[\\s\\S\]\*\[(\^?)([^\]]+)\]\)(.*)")
# JSON in UTF-8 cannot contain them, and some regular-expression engines cannot express them.
SURROGATES: Final = r"\ud800-\udfff"
# Components that clients know by more than the name of their class.
NOUNS: Final = {"State": "DeliveryState", "Status": "BookingStatus"}
# msgspec's name for `DataOf[BookingBody]`, in a component's title and name.
ANSWER: Final = re.compile(r"(?P<kind>DataOf|PageOf)_(?:(?P<list>list)_[\w.]*\.)?(?P<noun>\w+?)_+")
NAME_OF_TITLE: Final = str.maketrans("[]", "__")
ENDINGS: Final = {"DataOf": "Response", "PageOf": "List"}


def object_schema(properties: Schema, required: Sequence[str], **more: Any) -> Schema:
    """The schema of an object with these properties; `more` is its title, description, examples."""
    shape = {"type": "object", "properties": properties, "required": list(required)}
    return {**more, **shape}


class Schemas:
    """The schemas of all routes: `components`, and references to each struct among them."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = list(routes)
        bodies = _distinct(route.body for route in routes)
        queries = _distinct(route.query for route in routes)
        answered = _distinct(answer for route in routes for answer in route.answers.values())
        kinds = _distinct([*bodies, *queries, *answered])
        their_refs, structs = msgspec.json.schema_components(
            kinds, schema_hook=_schema_of, ref_template=REF + "{name}"
        )
        mark_instants(kinds, structs)
        refs, components = named_by_noun(their_refs, structs)
        self._refs: dict[Any, Schema] = dict(zip(kinds, refs, strict=True))
        only_answered = self._reached(answered, components) - self._reached(
            [*bodies, *queries], components
        )
        for name in only_answered:
            _require_what_has_a_default(components[name])
        all_of_them = {name: _completed(name, schema) for name, schema in components.items()}
        query_names = {_name(self._refs[query]) for query in queries}
        self._queries = {name: all_of_them[name] for name in query_names}
        self.components = {n: s for n, s in all_of_them.items() if n not in query_names}

    def of(self, kind: Any) -> Schema:
        """The schema of a body or an answer: a reference to its component."""
        return self._refs[kind]

    def fields_of_query(self, query: type[Struct]) -> Iterator[tuple[str, bool, Schema]]:
        """The parameters of a query: name, whether it is required, and schema (never null)."""
        shape = self._queries[_name(self._refs[query])]
        for name, schema in shape["properties"].items():
            yield name, name in shape.get("required", []), _never_null(schema)

    def fields_required(self, kind: Any) -> list[str]:
        """The required fields of a struct; if there are none, the body may be left out."""
        if "$ref" not in self._refs[kind]:
            return ["0"]  # a list
        required: list[str] = self.components[_name(self._refs[kind])].get("required", [])
        return required

    def names_things(self, kind: Any) -> bool:
        """Whether the struct has a field with the id of a thing, at any depth."""
        names = self._reached([kind], self.components)
        fields = (field for name in names for field in self.components[name].get("properties", ()))
        return any(field.endswith(("_id", "_ids", "Id")) for field in fields)

    def _reached(self, kinds: Iterable[Any], components: dict[str, Schema]) -> set[str]:
        """The components that can be reached from these structs, including their own."""
        open_, reached = [self._refs[kind] for kind in kinds], set[str]()
        while open_:
            for name in set(_references(open_.pop())) - reached:
                reached.add(name)
                open_.append(components[name])
        return reached


def named_by_noun(
    refs: Iterable[Schema], components: dict[str, Schema]
) -> tuple[list[Schema], dict[str, Schema]]:
    """The references and components under the names that clients see: `Booking`, not `BookingBody`.
    Raises ValueError if two components would get the same name."""
    names = {name: _noun_of(name) for name in components}
    if len(set(names.values())) < len(names):
        raise ValueError(f"Two components would have one name: {sorted(names.values())}")
    schemas = {names[name]: _renamed(schema, names) for name, schema in components.items()}
    return [_renamed(ref, names) for ref in refs], dict(sorted(schemas.items()))


def _noun_of(name: str) -> str:
    if whole := ANSWER.fullmatch(name):
        listed = "List" if whole["list"] else ""
        return whole["noun"].removesuffix("Body") + listed + ENDINGS[whole["kind"]]
    return NOUNS.get(name, name.removesuffix("Body"))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """The schema with title and references renamed."""
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(one, names) for key, one in value.items()}
    if isinstance(value.get("$ref"), str):
        renamed["$ref"] = REF + names[_name(value)]
    if isinstance(value.get("title"), str):
        title = value["title"].translate(NAME_OF_TITLE)
        renamed["title"] = names.get(title, value["title"])
    return renamed


def _schema_of(kind: type[Any]) -> Schema:
    """The schema of one of our parsed types, whose meaning the guide explains once."""
    schema: Schema = {k: v for k, v in kind.SCHEMA.items() if k != "description"}
    return schema


def _distinct(kinds: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(kind for kind in kinds if kind is not None))


def _name(ref: Schema) -> str:
    return str(ref["$ref"]).removeprefix(REF)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield _name(value)
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            yield from _references(child)


def _require_what_has_a_default(schema: Schema) -> None:
    """Makes fields with a default required, as an answer always has them. (A field that may be
    missing is UNSET, which msgspec shows without a default.)"""
    properties = schema.get("properties", {})
    always = {name for name, field in properties.items() if "default" in field}
    required = always | set(schema.get("required", ()))
    schema["required"] = [name for name in properties if name in required]
    for field in properties.values():
        field.pop("default", None)


def _completed(name: str, schema: Schema) -> Schema:
    """The component with a description of each field, and without what only msgspec needs."""
    if "enum" in schema:
        return {"type": "string", **schema}
    if schema.get("required") == []:
        del schema["required"]
    properties = {
        field: _with_words(name, field, _plain(value))
        for field, value in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties}


def _with_words(component: str, field: str, schema: Schema) -> Schema:
    if "description" in schema:
        return schema
    words = FIELDS.get(f"{component}.{field}") or FIELDS.get(field)
    return {**schema, "description": words} if words else schema


def _plain(schema: Schema) -> Schema:
    """The schema with `X or null` as one type, portable patterns, and no default of null."""
    schema = {key: _plain_child(value) for key, value in schema.items()}
    if isinstance(schema.get("pattern"), str):
        schema["pattern"] = _plain_pattern(schema["pattern"])
    if schema.get("default", ...) is None:
        del schema["default"]
    return _folded(schema)


def _plain_pattern(pattern: str) -> str:
    """The pattern with `^(?![\\s\\S]*[…])` as `^[^…]*$`, which is equivalent and easier to read."""
    match = NOWHERE_IN_TEXT.fullmatch(pattern)
    if not match:
        return pattern
    negated, characters, more = match.groups()
    allowed = "" if negated else "^"
    # Only the description says "not blank": tools that generate examples take minutes for such a
    # look-ahead.
    return f"^{more.replace(NOT_BLANK, '')}[{allowed}{characters.replace(SURROGATES, '')}]*$"


def _plain_child(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, list):
        return [_plain_child(child) for child in value]
    return value


def _folded(schema: Schema) -> Schema:
    """The schema with descriptions moved up from `anyOf`, and `anyOf [a simple type, null]` as one
    type."""
    branches = [dict(branch) for branch in schema.get("anyOf", ())]
    if len(branches) != 2 or branches[1] != {"type": "null"}:
        return schema
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    inner = branches[0]
    if isinstance(inner.get("type"), str) and "enum" not in inner:
        return {**inner, "type": [inner["type"], "null"], **outer}
    words = {key: inner.pop(key) for key in ("description", "examples") if key in inner}
    return {"anyOf": [inner, branches[1]], **words, **outer}


def _never_null(schema: Schema) -> Schema:
    """The schema without null, as a query has none: a parameter is just left out."""
    if isinstance(schema.get("type"), list):
        return {**schema, "type": schema["type"][0]}
    if "anyOf" in schema and {"type": "null"} in schema["anyOf"]:
        rest = [branch for branch in schema["anyOf"] if branch != {"type": "null"}]
        outer = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**rest[0], **outer} if len(rest) == 1 else {**outer, "anyOf": rest}
    return schema
