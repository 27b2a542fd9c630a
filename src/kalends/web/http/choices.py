"""Finds the words that a field may have, for the error that refuses any other."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from msgspec import inspect


def choices_at(shape: Any, path: str) -> list[str]:
    """The allowed words of the field at this path of the shape; empty if it is not a choice."""
    kinds = [_info(shape)]
    for part in filter(None, path.split(".")):
        kinds = [child for kind in kinds for child in _children(kind, part)]
    return list(dict.fromkeys(word for kind in kinds for word in _words(kind)))


@cache
def _info(shape: Any) -> inspect.Type:
    return inspect.type_info(shape)


def _children(kind: inspect.Type, part: str) -> Iterator[inspect.Type]:
    match kind:
        case inspect.StructType(fields=fields):
            yield from (field.type for field in fields if field.encode_name == part)
        case inspect.CollectionType(item_type=item) if part.isdigit():
            yield item
        case inspect.Metadata() | inspect.UnionType() | inspect.DictType():
            for inner in _within(kind):
                yield from _children(inner, part)


def _words(kind: inspect.Type) -> Iterator[str]:
    match kind:
        case inspect.EnumType(cls=cls):
            yield from (str(member.value) for member in cls)
        case inspect.LiteralType(values=values):
            yield from map(str, values)
        case _:
            for inner in _within(kind):
                yield from _words(inner)


def _within(kind: inspect.Type) -> Sequence[inspect.Type]:
    """The types that a type wraps: its alternatives, or the values of a dict, whose keys are not in
    paths."""
    match kind:
        case inspect.Metadata(type=inner):
            return [inner]
        case inspect.UnionType(types=types):
            return types
        case inspect.DictType(value_type=value):
            return [value]
        case _:
            return []
