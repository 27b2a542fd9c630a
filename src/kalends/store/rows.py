"""Rows to nouns and back, the same way for every noun whose struct mirrors its table."""

from typing import TypeVar

from msgspec import Raw, Struct, json

S = TypeVar("S", bound=Struct)


def columns_of(struct: type[Struct], alias: str = "") -> str:
    """The struct's fields as a column list, in their order."""
    prefix = alias + "." if alias else ""
    return ", ".join(prefix + name for name in struct.__struct_fields__)


def parameters(first: int, count: int) -> str:
    """`$first, …` for `count` parameters."""
    return ", ".join(f"${number}" for number in range(first, first + count))


def as_raw(value: object) -> Raw:
    """A value as JSON text, for a JSON column."""
    return Raw(json.encode(value))
