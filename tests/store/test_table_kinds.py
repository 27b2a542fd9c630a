"""Every table has a kind, and keys that hold where its rows lie."""

from collections.abc import Iterable
from typing import Any

import pytest
from tests.conftest import fetch

from kalends.compose import Installation
from kalends.store.table_kinds import (
    FOREIGN_KEYS,
    KINDS,
    TENANT_COLUMN,
    WIDER_KEYS,
    WITHOUT_IDENTITY,
    TableKind,
    tables_of,
)

DISTRIBUTED, REFERENCE, LOCAL = TableKind.DISTRIBUTED, TableKind.REFERENCE, TableKind.LOCAL
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
"""
TENANT_COLUMNS = f"""
SELECT a.attrelid::regclass::text, a.atttypid::regtype::text, a.attnotnull FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attname = '{TENANT_COLUMN}' AND c.relkind = 'r'
"""
# Of expressions the column is null: they hold no organization.
KEYS = """
SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text,
    array_agg(a.attname::text) FILTER (WHERE a.attname IS NOT NULL)
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) AS k (attnum)
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND (i.indisunique OR i.indisexclusion)
GROUP BY i.indrelid, i.indexrelid
"""
REFERENCES = """
SELECT conname, conrelid::regclass::text, confrelid::regclass::text, pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype = 'f'
"""
WITHOUT_PRIMARY_KEY = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r'
    AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)
"""
# From which kind to which: the rows of both have to be on the same node.
TOGETHER = {
    (DISTRIBUTED, DISTRIBUTED),
    (DISTRIBUTED, REFERENCE),
    (REFERENCE, REFERENCE),
    (LOCAL, REFERENCE),
    (LOCAL, LOCAL),
}


def names_of(rows: Iterable[Any]) -> set[str]:
    return {row[0] for row in rows}


def test_each_table_has_a_kind(own_home: Installation) -> None:
    assert names_of(fetch(own_home, TABLES)) == set(KINDS)


def test_each_distributed_table_has_an_organization(own_home: Installation) -> None:
    rows = {row[0]: (row[1], row[2]) for row in fetch(own_home, TENANT_COLUMNS)}
    wrong = {name: rows.get(name) for name in tables_of(DISTRIBUTED)}
    assert set(wrong.values()) == {("uuid", True)}, wrong


def test_each_unique_key_of_a_distributed_table_holds_the_organization(
    own_home: Installation,
) -> None:
    narrow = {
        (table, key)
        for table, key, columns in fetch(own_home, KEYS)
        if KINDS[table] is DISTRIBUTED and TENANT_COLUMN not in (columns or ())
    }
    assert narrow == {(wider.table, wider.key) for wider in WIDER_KEYS}


def test_distributed_tables_without_a_primary_key_are_known(own_home: Installation) -> None:
    without = names_of(fetch(own_home, WITHOUT_PRIMARY_KEY))
    assert without & set(tables_of(DISTRIBUTED)) == set(WITHOUT_IDENTITY)


@pytest.mark.parametrize("wider", WIDER_KEYS, ids=lambda wider: wider.index)
def test_a_wider_key_adds_the_organization_alone(own_home: Installation, wider: Any) -> None:
    columns = {key: set(columns or ()) for _, key, columns in fetch(own_home, KEYS)}
    assert columns[wider.index] == columns[wider.key] | {TENANT_COLUMN}


def test_foreign_keys_are_between_tables_that_lie_together(own_home: Installation) -> None:
    apart = [
        name
        for name, table, target, _ in fetch(own_home, REFERENCES)
        if (KINDS[table], KINDS[target]) not in TOGETHER
    ]
    assert not apart


def test_foreign_keys_of_distributed_tables_are_known(own_home: Installation) -> None:
    between = {
        (name, table, target, definition)
        for name, table, target, definition in fetch(own_home, REFERENCES)
        if KINDS[table] is KINDS[target] is DISTRIBUTED
    }
    assert between == {(key.name, key.table, key.target, key.definition) for key in FOREIGN_KEYS}
