"""The script that distributes a database over the nodes of Citus, made from the table of kinds.

It is for psql on the coordinator and is idempotent. So it can be run again after it was cut off, or
after a backup was restored, which puts all tables on the coordinator.

Each step is a statement of its own, as Citus refuses some of them together in one transaction.
"""

from collections.abc import Iterator
from typing import Final

from kalends.store.revisions import newest_revision
from kalends.store.table_kinds import (
    CALLED_BY_TRIGGERS,
    FOREIGN_KEYS,
    TENANT_COLUMN,
    WIDER_KEYS,
    WITHOUT_IDENTITY,
    ForeignKey,
    TableKind,
    WiderKey,
    tables_of,
)

# The first allows our triggers: those of bookings and events only touch rows of the same
# organization, those of organizations only their own row, which each node has. Without the second,
# the driver takes 430 ms to look up types on each new connection.
SETTINGS: Final = {"citus.enable_unsafe_triggers": "on", "citus.override_table_visibility": "off"}

HEAD: Final = r"""-- Made by `kalends distribute --print`, for a database at revision {revision}.
-- Run it with psql on the coordinator, while no server and no worker of Kalends runs:
--   kalends distribute --print | psql -X DATABASE
\set ON_ERROR_STOP on
\set QUIET on
\pset tuples_only on
SET client_min_messages = warning;

DO $$ BEGIN
    IF to_regprocedure('create_reference_table(regclass)') IS NULL THEN
        RAISE EXCEPTION 'Citus is not there. First: CREATE EXTENSION citus, and add the nodes.';
    END IF;
    IF (SELECT version_num FROM alembic_version) <> '{revision}' THEN
        RAISE EXCEPTION 'The schema is not at revision {revision}. First: kalends migrate.';
    END IF;
END $$;
"""


def distribution_script() -> str:
    """The whole script, as text for psql."""
    parts = [HEAD.format(revision=newest_revision())]
    for title, statements in _steps():
        parts.append(f"-- {title}\n" + "\n".join(statements) + "\n")
    return "\n".join(parts)


def _steps() -> Iterator[tuple[str, list[str]]]:
    yield "Settings of every session.", [_set(*one) for one in SETTINGS.items()]
    # This comes first, because tables that refer to each other would be distributed along with one
    # another, and so copied twice.
    yield (
        "Foreign keys are in the way until both their tables are spread.",
        [_drop_foreign_key(key) for key in FOREIGN_KEYS],
    )
    yield (
        "Keys without the organization give way to those with it.",
        [line for key in WIDER_KEYS for line in _widen(key)],
    )
    yield (
        "Without a primary key, shards move by whole rows.",
        [_identify_by_row(table) for table in WITHOUT_IDENTITY],
    )
    yield (
        "Tables of which each node has all rows.",
        [_make_reference(table) for table in tables_of(TableKind.REFERENCE)],
    )
    yield "What triggers call.", [_make_known(function) for function in CALLED_BY_TRIGGERS]
    first, *others = tables_of(TableKind.DISTRIBUTED)
    yield (
        "Tables whose rows lie with their organization.",
        [_distribute(first, "none"), *(_distribute(table, first) for table in others)],
    )
    yield "Foreign keys again.", [_add_foreign_key(key) for key in FOREIGN_KEYS]


def _set(name: str, value: str) -> str:
    return (
        f"SET {name} = {value};\n"
        f"SELECT format('ALTER DATABASE %I SET {name} = {value}', current_database())\n"
        "WHERE NOT EXISTS (SELECT FROM pg_db_role_setting s\n"
        "    JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()\n"
        f"    WHERE s.setrole = 0 AND '{name}={value}' = ANY(s.setconfig)) \\gexec"
    )


def _make_reference(table: str) -> str:
    return (
        f"SELECT create_reference_table('{table}')\n"
        "WHERE NOT EXISTS (SELECT FROM pg_dist_partition\n"
        f"    WHERE logicalrelid = '{table}'::regclass AND partmethod = 'n' AND repmodel = 't');"
    )


def _make_known(function: str) -> str:
    return (
        f"SELECT create_distributed_function('{function}')\n"
        "WHERE NOT EXISTS (SELECT FROM pg_dist_object\n"
        f"    WHERE classid = 'pg_proc'::regclass AND objid = '{function}'::regprocedure);"
    )


def _distribute(table: str, beside: str) -> str:
    return (
        f"SELECT create_distributed_table(\n"
        f"    '{table}', '{TENANT_COLUMN}', colocate_with => '{beside}')\n"
        f"WHERE NOT {_is_distributed(table)};"
    )


def _drop_foreign_key(key: ForeignKey) -> str:
    return (
        f"SELECT 'ALTER TABLE {key.table} DROP CONSTRAINT {key.name}'\n"
        f"WHERE {_has(key.table, key.name)}\nAND NOT ({_is_distributed(key.table)}\n"
        f"AND {_is_distributed(key.target)}) \\gexec"
    )


def _add_foreign_key(key: ForeignKey) -> str:
    return (
        f"SELECT 'ALTER TABLE {key.table} ADD CONSTRAINT {key.name}\n    {key.definition}'\n"
        f"WHERE NOT {_has(key.table, key.name)} \\gexec"
    )


def _widen(key: WiderKey) -> Iterator[str]:
    """Replaces the unique index by one that is not, so that tokens which do not name their
    organization can still be found."""
    yield f"CREATE INDEX IF NOT EXISTS {key.lookup} ON {key.table} ({key.column});"
    yield (
        f"SELECT 'ALTER TABLE {key.table} DROP CONSTRAINT {key.key}'\n"
        f"WHERE {_has(key.table, key.key)} \\gexec"
    )
    if key.is_primary:
        yield (
            f"SELECT 'ALTER TABLE {key.table} ADD CONSTRAINT {key.index}"
            f" PRIMARY KEY USING INDEX {key.index}'\n"
            f"WHERE NOT {_has(key.table, key.index)} \\gexec"
        )


def _identify_by_row(table: str) -> str:
    return (
        f"SELECT 'ALTER TABLE {table} REPLICA IDENTITY FULL' WHERE EXISTS (SELECT FROM pg_class\n"
        f"    WHERE oid = '{table}'::regclass AND relreplident <> 'f') \\gexec"
    )


def _is_distributed(table: str) -> str:
    return _exists("pg_dist_partition", f"logicalrelid = '{table}'::regclass AND partmethod = 'h'")


def _has(table: str, constraint: str) -> str:
    return _exists(
        "pg_constraint", f"conrelid = '{table}'::regclass\n    AND conname = '{constraint}'"
    )


def _exists(catalog: str, condition: str) -> str:
    return f"EXISTS (SELECT FROM {catalog}\n    WHERE {condition})"
