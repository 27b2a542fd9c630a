"""Compares the indexes that the migrations create with those that a database has."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from kalends.store.database import Tx
from kalends.store.revisions import MIGRATIONS

CREATED: Final = re.compile(r"CREATE (UNIQUE )?INDEX (?:IF NOT EXISTS )?(\w+)\s+(ON [^;]+)")
DROPPED: Final = re.compile(r"DROP INDEX (?:CONCURRENTLY )?(?:IF EXISTS )?(\w+)")
EXCLUDING: Final = re.compile(
    r"CREATE TABLE (\w+) \((?:(?!CREATE TABLE)[^;])*?CONSTRAINT (\w+) (EXCLUDE [^;]+)\n\);"
)
# The functions of `migrations/plain.py` that create indexes, and the kind of index.
CREATING: Final = {
    "create_index": "",
    "create_index_concurrently": "",
    "create_unique_index_concurrently": "UNIQUE ",
}
THERE: Final = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
"""


class IndexFault(Struct, frozen=True):
    """An index that is missing or was never finished, and the SQL that repairs that."""

    name: str
    is_there: bool
    remedy: str


async def find_index_faults(tx: Tx) -> list[IndexFault]:
    """The indexes that this database lacks; it has to be at the newest revision."""
    is_valid = {row[0]: row[1] for row in await tx.fetch(THERE)}
    expected = expected_indexes()
    missing = [
        IndexFault(name, False, statement)
        for name, statement in expected.items()
        if name not in is_valid
    ]
    unfinished = [
        IndexFault(name, True, f"DROP INDEX {name}; {expected.get(name, 'it is not of Kalends')}")
        for name, valid in is_valid.items()
        if not valid
    ]
    return missing + unfinished


def expected_indexes() -> dict[str, str]:
    """The indexes that the migrations create by name and do not drop again, each with a statement
    that creates it while servers are running."""
    indexes: dict[str, str] = {}
    for path in sorted((MIGRATIONS / "versions").glob("[0-9]*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                _follow(node.value, indexes)
        for name, definition, kind in _created_by_calls(tree):
            indexes[name] = _statement(name, definition, kind)
    return indexes


def _follow(sql: str, indexes: dict[str, str]) -> None:
    for match in DROPPED.finditer(sql):
        indexes.pop(match[1], None)
    for match in CREATED.finditer(sql):
        indexes[match[2]] = _statement(match[2], match[3], match[1] or "")
    for match in EXCLUDING.finditer(sql):
        table, name, rule = match[1], match[2], _on_one_line(match[3])
        indexes[name] = f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}"


def _module_texts(tree: ast.Module) -> Mapping[str, str]:
    """The module's constants that are texts, by name."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _created_by_calls(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Name, definition and kind of indexes that are created by calls with name and definition, or
    by a loop over a dict of these."""
    texts = _module_texts(tree)
    for call in ast.walk(tree):
        kind = CREATING.get(_called(call))
        if kind is None or not isinstance(call, ast.Call):
            continue
        name, definition = (_text(part, texts) for part in call.args)
        if name and definition:
            yield name, definition, kind
        else:
            yield from ((name, definition, kind) for name, definition in _in_dicts(tree))


def _called(node: ast.AST) -> str:
    """The name of the function that is called, if it is a call: `f(…)` or `module.f(…)`."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def _in_dicts(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                name, definition = _text(key, {}), _text(value, {})
                if name and definition and definition.startswith("ON "):
                    yield name, definition


def _text(node: ast.expr | None, texts: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return texts.get(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _statement(name: str, definition: str, kind: str) -> str:
    return f"CREATE {kind}INDEX CONCURRENTLY {name} {_on_one_line(definition)}"


def _on_one_line(sql: str) -> str:
    return " ".join(sql.split())
