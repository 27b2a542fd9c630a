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


def page_of(table: str, columns: str, where: str, order: str, parameters: int) -> str:
    """A page, and in the column `total` how many there are in all, in one snapshot.

    `where` uses the first `parameters` parameters; limit and offset are the two after them. It
    always gives a row, so that the total is known beyond the last page too.
    """
    return (
        f"SELECT page.*, counted.total"
        f" FROM (SELECT count(*) AS total FROM {table} WHERE {where}) counted"
        f" LEFT JOIN (SELECT {columns} FROM {table} WHERE {where}"
        f" ORDER BY {order} LIMIT ${parameters + 1} OFFSET ${parameters + 2}) page"
        f" ON true ORDER BY {order}"
    )
