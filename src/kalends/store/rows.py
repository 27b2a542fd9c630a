"""Converts rows to structs and back, for all structs that mirror their tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from msgspec import Raw, Struct, json, structs

from kalends.domain.errors import SlugTaken
from kalends.store.database import TenantConnection

S = TypeVar("S", bound=Struct)
T = TypeVar("T")


def columns_of(struct: type[Struct], alias: str = "") -> str:
    """The struct's fields as a list of columns, in their order."""
    prefix = alias + "." if alias else ""
    return ", ".join(prefix + name for name in struct.__struct_fields__)


def parameters(first: int, count: int) -> str:
    """`$first, …` for `count` parameters."""
    return ", ".join(f"${number}" for number in range(first, first + count))


def select_from(table: str, struct: type[Struct], where: str) -> str:
    """A SELECT of the struct's fields in their order; the organization is its first parameter.
    `where` uses those behind it."""
    return f"SELECT {columns_of(struct)} FROM {table} WHERE organization_id = $1 AND {where}"


def insert_into(table: str, struct: type[Struct]) -> str:
    """An INSERT of a row that has the struct's fields; the organization is its first parameter, and
    then the fields in their order."""
    values = parameters(1, len(struct.__struct_fields__) + 1)
    return f"INSERT INTO {table} (organization_id, {columns_of(struct)}) VALUES ({values})"


def values_of(struct: type[Struct], row: Sequence[Any]) -> dict[str, Any]:
    """The struct's values by name, from the first columns of a row, which are `columns_of` it."""
    return dict(zip(struct.__struct_fields__, row, strict=False))


def struct_from(struct: type[S], row: Sequence[Any]) -> S:
    """The struct in the first columns of a row, which are `columns_of` it."""
    return struct(**values_of(struct, row))


def lists_of(struct: type[Struct], items: Sequence[Struct]) -> list[list[Any]]:
    """For each field of the struct, in order, the list of the items' values; for `unnest`."""
    return [[getattr(item, name) for item in items] for name in struct.__struct_fields__]


def as_raw(value: object) -> Raw:
    """A value as JSON text, for a JSON column."""
    return Raw(json.encode(value))


def values_with_json(thing: Struct, json_columns: Iterable[str]) -> dict[str, Any]:
    """The thing's values by name, those of JSON columns as JSON text; None is NULL."""
    values: dict[str, Any] = structs.asdict(thing)
    raw = {name: as_raw(values[name]) for name in json_columns if values[name] is not None}
    return values | raw


def decode_json(values: dict[str, Any], decoders: Mapping[str, json.Decoder[Any]]) -> None:
    """Puts what JSON columns hold in the place of their text; NULL is None."""
    for name, decoder in decoders.items():
        if values[name] is not None:
            values[name] = decoder.decode(values[name])


def is_violated(error: asyncpg.IntegrityConstraintViolationError, constraint: str) -> bool:
    """Whether the error is about that constraint. On a node that has a shard of the table, names of
    constraints end with the number of the shard."""
    name: str | None = error.constraint_name
    return name == constraint or (
        name is not None and name.startswith(f"{constraint}_") and name[-1].isdecimal()
    )


def page_of(table: str, columns: str, where: str, order: str, parameters: int) -> str:
    """The statement for a page, with the total in the column `total`, in one snapshot.

    `where` uses the first `parameters` parameters; limit and offset are the two after them. The
    statement always returns a row, so that the total is known beyond the last page too.
    """
    return (
        f"SELECT page.*, counted.total"
        f" FROM (SELECT count(*) AS total FROM {table} WHERE {where}) counted"
        f" LEFT JOIN (SELECT {columns} FROM {table} WHERE {where}"
        f" ORDER BY {order} LIMIT ${parameters + 1} OFFSET ${parameters + 2}) page"
        f" ON true ORDER BY {order}"
    )


async def find_several(
    tenant: TenantConnection, query: str, noun_of: Callable[[Any], T], ids: Sequence[UUID]
) -> dict[UUID, T]:
    """The things in the query's rows by id, for those of the ids that exist."""
    rows = await tenant.tx.fetch(query, tenant.organization_id, ids)
    return {row["id"]: noun_of(row) for row in rows}


async def find_one(
    tenant: TenantConnection, query: str, noun_of: Callable[[Any], T], *values: Any
) -> T | None:
    """The thing in the query's first row, or None; its first parameter is the organization."""
    row = await tenant.tx.fetchrow(query, tenant.organization_id, *values)
    return None if row is None else noun_of(row)


async def is_so(tenant: TenantConnection, query: str, *values: Any) -> bool:
    """Whether the query returns a row that begins with true; its first parameter is the
    organization."""
    return bool(await tenant.tx.fetchval(query, tenant.organization_id, *values))


async def update_with_slug(tenant: TenantConnection, table: str, values: Mapping[str, Any]) -> None:
    """Writes the whole row of a thing that has a slug, by its id. Raises SlugTaken."""
    changeable = [name for name in values if name not in ("id", "created_at")]
    query = (
        f"UPDATE {table} SET ({', '.join(changeable)}) = ROW({parameters(3, len(changeable))})"
        " WHERE organization_id = $1 AND id = $2"
    )
    new_values = [values[name] for name in changeable]
    try:
        await tenant.tx.execute(query, tenant.organization_id, values["id"], *new_values)
    except asyncpg.UniqueViolationError:
        raise SlugTaken(values["slug"]) from None
