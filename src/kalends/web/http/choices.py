"""What a field may be where it is one of several words, for the error that refuses another one."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from msgspec import inspect


def choices_at(shape: Any, path: str) -> list[str]:
    """The words that the field at this path of the shape may be; none where it is no choice."""
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
    """The kinds that stand for this one. The path does not name the key of a value."""
    match kind:
        case inspect.Metadata(type=inner):
            return [inner]
        case inspect.UnionType(types=types):
            return types
        case inspect.DictType(value_type=value):
            return [value]
        case _:
            return []
