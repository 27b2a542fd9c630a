"""Marks the texts in answers that are instants.

For a `datetime` that need not have a zone, msgspec's schema only says that it is a text, and
clients that are generated from the description would treat it as one.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import inspect

Schema = dict[str, Any]


def mark_instants(kinds: Iterable[Any], components: dict[str, Schema]) -> None:
    """Gives each field of these structs that is an instant the format `date-time`."""
    by_title: dict[str, list[Schema]] = {}
    for component in components.values():
        by_title.setdefault(component.get("title", ""), []).append(component)
    for struct in _structs(inspect.multi_type_info(list(kinds))):
        instants = [field.encode_name for field in struct.fields if _is_instant(field.type)]
        for component in by_title.get(struct.cls.__name__, ()):
            for name in instants:
                _mark(component["properties"][name])


def _structs(kinds: Iterable[inspect.Type]) -> Iterator[inspect.StructType]:
    """All structs that can be reached from these types, each once."""
    open_, seen = list(kinds), set[type]()
    while open_:
        kind = open_.pop()
        if isinstance(kind, inspect.StructType):
            if kind.cls in seen:
                continue
            seen.add(kind.cls)
            yield kind
            open_ += [field.type for field in kind.fields]
        open_ += _within(kind)


def _within(kind: inspect.Type) -> list[inspect.Type]:
    match kind:
        case inspect.Metadata(type=inner):
            return [inner]
        case inspect.UnionType(types=types):
            return list(types)
        case inspect.CollectionType(item_type=item):
            return [item]
        case inspect.DictType(value_type=value):
            return [value]
        case _:
            return []


def _is_instant(kind: inspect.Type) -> bool:
    """Whether the type is `datetime`, or a `datetime` that may be missing."""
    if isinstance(kind, inspect.Metadata | inspect.UnionType):
        return any(_is_instant(one) for one in _within(kind))
    return isinstance(kind, inspect.DateTimeType)


def _mark(schema: Schema) -> None:
    for one in [schema, *schema.get("anyOf", ())]:
        if one.get("type") == "string":
            one["format"] = "date-time"
