"""`kalends distribute --print`, run by psql against stand-ins of what it calls."""

from pathlib import Path

import pytest
from tests.commands import run_kalends
from tests.psql import Psql

from kalends.store.table_kinds import (
    CALLED_BY_TRIGGERS,
    FOREIGN_KEYS,
    KINDS,
    WIDER_KEYS,
    TableKind,
    tables_of,
)

STAND_INS = (Path(__file__).parent / "citus_stand_ins.sql").read_text()
CALLS = "SELECT call FROM calls ORDER BY number"
SCHEMA = """
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
UNION ALL
SELECT indrelid::regclass, indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid
FROM pg_index
UNION ALL
SELECT oid::regclass, relreplident::text, '', true FROM pg_class WHERE relkind = 'r'
UNION ALL
SELECT setdatabase::regclass, setconfig::text, '', true FROM pg_db_role_setting
ORDER BY 1, 2, 3
"""
FOREIGN = """
SELECT conname FROM pg_constraint f JOIN pg_dist_partition c ON c.logicalrelid = f.conrelid
JOIN pg_dist_partition p ON p.logicalrelid = f.confrelid
WHERE f.contype = 'f' AND c.partmethod = 'h' AND p.partmethod = 'h' ORDER BY conname
"""
# What triggers of distributed tables call, and what that calls.
CALLED = f"""
WITH RECURSIVE ours AS (
    SELECT p.oid, p.proname, p.prosrc FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')),
called AS (
    SELECT ours.* FROM ours JOIN pg_trigger t ON t.tgfoid = ours.oid
    WHERE t.tgrelid = ANY('{{{",".join(tables_of(TableKind.DISTRIBUTED))}}}'::regclass[])
    UNION
    SELECT ours.* FROM called JOIN ours ON called.prosrc ~ ('\\m' || ours.proname || '\\('))
SELECT DISTINCT called.oid::regprocedure FROM called JOIN pg_proc p USING (oid)
WHERE p.prorettype <> 'trigger'::regtype
"""


@pytest.fixture(scope="module")
def script() -> str:
    done = run_kalends({}, "distribute", "--print")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def coordinator(psql: Psql) -> Psql:
    """A migrated database in which the stand-ins are, and nothing was called."""
    if psql.ask("SELECT to_regclass('calls') IS NULL") == "t":
        psql.ask(STAND_INS)
    psql.ask("TRUNCATE calls, pg_dist_partition, pg_dist_object, refusals")
    return psql


def calls_of(psql: Psql) -> list[str]:
    return psql.ask(CALLS).splitlines()


def test_all_tables_are_made_what_their_kind_says(coordinator: Psql, script: str) -> None:
    assert coordinator.run(script).returncode == 0
    first, *others = tables_of(TableKind.DISTRIBUTED)
    assert calls_of(coordinator) == [
        *(f"reference {table}" for table in tables_of(TableKind.REFERENCE)),
        *(f"function {function}" for function in CALLED_BY_TRIGGERS),
        f"distribute {first} by organization_id beside none",
        *(f"distribute {table} by organization_id beside {first}" for table in others),
    ]
    assert len(calls_of(coordinator)) + len(tables_of(TableKind.LOCAL)) == (
        len(KINDS) + len(CALLED_BY_TRIGGERS)
    )


def test_the_script_changes_nothing_a_second_time(coordinator: Psql, script: str) -> None:
    coordinator.run(script)
    calls, schema = calls_of(coordinator), coordinator.ask(SCHEMA)
    done = coordinator.run(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (calls_of(coordinator), coordinator.ask(SCHEMA)) == (calls, schema)


def test_foreign_keys_are_there_again(coordinator: Psql, script: str) -> None:
    coordinator.run(script)
    assert coordinator.ask(FOREIGN).splitlines() == sorted(key.name for key in FOREIGN_KEYS)


def test_a_restored_database_is_spread_again(coordinator: Psql, script: str) -> None:
    """A backup of a spread database holds its keys, and brings all tables back to one node."""
    coordinator.run(script)
    schema = coordinator.ask(SCHEMA)
    coordinator.ask("TRUNCATE calls, pg_dist_partition, pg_dist_object")
    assert coordinator.run(script).returncode == 0
    assert len(calls_of(coordinator)) == len(KINDS) + len(CALLED_BY_TRIGGERS) - len(
        tables_of(TableKind.LOCAL)
    )
    assert coordinator.ask(SCHEMA) == schema


def test_a_script_that_was_cut_off_goes_on(coordinator: Psql, script: str) -> None:
    coordinator.ask("INSERT INTO refusals VALUES ('deliveries')")
    assert coordinator.run(script).returncode == 3
    before = calls_of(coordinator)
    assert before[-1].startswith("distribute webhook_lanes")
    coordinator.ask("TRUNCATE refusals")
    assert coordinator.run(script).returncode == 0
    after = calls_of(coordinator)
    assert after[: len(before)] == before
    assert after[len(before)].startswith("distribute deliveries")
    assert coordinator.ask(FOREIGN).splitlines() == sorted(key.name for key in FOREIGN_KEYS)


def test_old_tokens_are_found_by_an_index_still(coordinator: Psql, script: str) -> None:
    coordinator.run(script)
    for key in WIDER_KEYS:
        found = f"SELECT indisunique FROM pg_index WHERE indexrelid = '{key.lookup}'::regclass"
        assert coordinator.ask(found) == "f"


def test_all_that_triggers_may_call_is_made_known(psql: Psql) -> None:
    assert set(psql.ask(CALLED).splitlines()) == set(CALLED_BY_TRIGGERS)


def test_without_citus_the_script_says_so(coordinator: Psql, script: str) -> None:
    coordinator.ask("ALTER FUNCTION create_reference_table(regclass) RENAME TO elsewhere")
    done = coordinator.run(script)
    coordinator.ask("ALTER FUNCTION elsewhere(regclass) RENAME TO create_reference_table")
    assert done.returncode == 3
    assert "Citus is not there" in done.stderr


@pytest.mark.server  # a command is a process
def test_the_command_spreads_nothing_by_itself() -> None:
    done = run_kalends({}, "distribute")
    assert done.returncode == 2
    assert "--print" in done.stderr
