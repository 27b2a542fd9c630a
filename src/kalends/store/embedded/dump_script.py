"""Finds in a schema's script what not every server knows: settings, and options of columns, tables
and indexes.

A dump by an older pg_dump contains what a newer server maintains by itself (`pg_attver`, since the
releases of November 2026), and a dump of a newer server contains what an older one lacks.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

SETTING: Final = "setting"
COLUMN: Final = "column option"
# The server maintains it by itself, so that a value from elsewhere would be wrong in any case.
KEPT_BY_SERVER: Final = frozenset({(COLUMN, "pg_attver")})

TOKEN: Final = re.compile(
    rb"""
    \b[eE]'(?:\\.|[^'\\])*' | '[^']*' | "[^"]*" | (?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)
    | --[^\n]* | /\*.*?\*/ | (?P<end>;|^\\[^\n]*$)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
# What may precede a statement once comments are blanked out.
NOTHING_YET: Final = rb"^[_\s]*"
SET: Final = re.compile(NOTHING_YET + rb"SET (?P<name>[\w.]+) = [^;]*;$")
CLAUSE: Final = re.compile(rb" ?\b(?:SET|WITH) \((?P<items>[^)]*)\)")
ITEM: Final = re.compile(rb"""(?P<name>[\w."]+)(?:=(?:'(?:[^']|'')*'|"[^"]*"|[^,'"]+))?""")
KINDS: Final = (
    (re.compile(NOTHING_YET + rb"ALTER (?:FOREIGN )?TABLE .* ALTER COLUMN .* SET \("), COLUMN),
    (
        re.compile(NOTHING_YET + rb"CREATE (?:UNIQUE )?INDEX .* USING (?P<method>\w+) "),
        "option of an index",
    ),
    (
        re.compile(NOTHING_YET + rb"ALTER TABLE .* EXCLUDE USING (?P<method>\w+) "),
        "option of an index",
    ),
    (re.compile(NOTHING_YET + rb"ALTER TABLE .* ADD CONSTRAINT "), "option of an index (btree)"),
    (
        re.compile(NOTHING_YET + rb"CREATE (?:(?:UNLOGGED )?TABLE|MATERIALIZED VIEW) "),
        "table option",
    ),
    (re.compile(NOTHING_YET + rb"CREATE VIEW "), "view option"),
)
# The statements by which a server shows whether it knows an option.
PROBES: Final = {
    COLUMN: "ALTER TABLE kalends_probe ALTER COLUMN number SET ({})",
    "table option": "ALTER TABLE kalends_probe SET ({})",
    "view option": "ALTER VIEW kalends_probe_view SET ({})",
    "option of an index (btree)": "CREATE INDEX ON kalends_probe USING btree (number) WITH ({})",
    "option of an index (hash)": "CREATE INDEX ON kalends_probe USING hash (number) WITH ({})",
    "option of an index (brin)": "CREATE INDEX ON kalends_probe USING brin (number) WITH ({})",
    "option of an index (gist)": "CREATE INDEX ON kalends_probe USING gist (place) WITH ({})",
    "option of an index (spgist)": "CREATE INDEX ON kalends_probe USING spgist (place) WITH ({})",
    "option of an index (gin)": "CREATE INDEX ON kalends_probe USING gin (numbers) WITH ({})",
}
BEFORE_PROBES: Final = """
BEGIN;
SET LOCAL client_min_messages = error;
CREATE TEMP TABLE kalends_probe (number integer, place point, numbers integer[]);
CREATE TEMP VIEW kalends_probe_view AS SELECT number FROM kalends_probe;
CREATE TEMP TABLE kalends_unknown (place integer);
"""
AFTER_PROBES: Final = "SELECT place FROM kalends_unknown ORDER BY place; ROLLBACK;\n"
PROBE: Final = """
DO $kalends$ BEGIN {statement};
EXCEPTION WHEN invalid_parameter_value OR undefined_object OR syntax_error THEN
    INSERT INTO kalends_unknown VALUES ({place});
END $kalends$;
"""
PROBE_SETTING: Final = """
INSERT INTO kalends_unknown SELECT {place} WHERE current_setting('{name}', true) IS NULL;
"""


class Option(NamedTuple):
    """A setting or option in a script; `text` is how it is written there."""

    kind: str
    name: str
    text: str


class _Clause(NamedTuple):
    """The part of a statement that has options in parentheses."""

    kind: str
    start: int
    end: int
    items: list[re.Match[bytes]]


def options_in(script: bytes) -> Iterator[Option]:
    """All settings and options in a script, with repetitions."""
    for statement in statements(script):
        if named := SET.search(_bare(statement)):
            name = named["name"].decode()
            yield Option(SETTING, name, name)
        if clause := _clause_of(statement):
            for item in clause.items:
                yield Option(clause.kind, _name(item), item[0].decode())


def leave_out(script: bytes, unknown: Iterable[tuple[str, str]]) -> bytes:
    """The script without the unknown options, which are given by kind and name."""
    names = frozenset(unknown)
    return b"".join(_without(statement, names) for statement in statements(script))


def option_query(options: Iterable[Option]) -> tuple[str, list[Option]]:
    """A script that finds out which of the options a server does not know, in a transaction that is
    rolled back. It outputs their indexes in the list."""
    probes = sorted({(o.kind, o.name): o for o in options}.values())
    lines = [BEFORE_PROBES]
    for place, option in enumerate(probes):
        if option.kind == SETTING:
            lines.append(PROBE_SETTING.format(place=place, name=option.name))
        elif option.kind in PROBES:
            statement = PROBES[option.kind].format(option.text)
            lines.append(PROBE.format(statement=statement, place=place))
    return "".join([*lines, AFTER_PROBES]), probes


def statements(script: bytes) -> Iterator[bytes]:
    """The script in pieces, each up to the semicolon that ends a statement (or to the end of a line
    for psql). In SQL-standard function bodies, pieces are smaller than statements.
    """
    start = 0
    for token in TOKEN.finditer(script):
        if token["end"] is not None:
            yield script[start : token.end()]
            start = token.end()
    yield script[start:]


def _without(statement: bytes, unknown: frozenset[tuple[str, str]]) -> bytes:
    if (named := SET.search(_bare(statement))) and (SETTING, named["name"].decode()) in unknown:
        return b""
    clause = _clause_of(statement)
    if clause is None:
        return statement
    known_items = [item[0] for item in clause.items if (clause.kind, _name(item)) not in unknown]
    if len(known_items) == len(clause.items):
        return statement
    if known_items:
        opened = statement.index(b"(", clause.start) + 1
        return statement[:opened] + b", ".join(known_items) + statement[clause.end - 1 :]
    if clause.kind == COLUMN:
        return b""
    return statement[: clause.start] + statement[clause.end :]


def _clause_of(statement: bytes) -> _Clause | None:
    bare = _bare(statement)
    for pattern, kind in KINDS:
        of_kind = pattern.search(bare)
        if of_kind is None:
            continue
        place = CLAUSE.search(bare)
        if place is None:
            return None
        if "method" in of_kind.groupdict():
            kind = f"{kind} ({of_kind['method'].decode()})"
        items = ITEM.finditer(statement, place.start("items"), place.end("items"))
        return _Clause(kind, place.start(), place.end(), list(items))
    return None


def _bare(statement: bytes) -> bytes:
    """The statement in one line of the same length, with quoted texts and comments blanked out."""
    blotted = TOKEN.sub(lambda token: token[0] if token["end"] else b"_" * len(token[0]), statement)
    return blotted.replace(b"\n", b" ")


def _name(item: re.Match[bytes]) -> str:
    return item["name"].decode().replace('"', "")
