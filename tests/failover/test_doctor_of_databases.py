"""`kalends doctor` looks at PostgreSQL itself, and says what to do."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from kalends.cli.doctor_database import of_the_health
from kalends.store.connection import connect
from kalends.store.database import ConnectParameters
from kalends.store.database_health import inspect_health
from kalends.store.indexes import expected_indexes
from tests.commands import run_kalends
from tests.failover.pair import DATABASE, PAUSE_SECONDS, Node, Pair
from tests.failover.stage import running_pair
from tests.homes import environment_in
from tests.store.postgres_world import eventually

OF_NO_CONSTRAINT = """
SELECT indexrelid::regclass, CASE WHEN indisunique THEN 'UNIQUE' END
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'x')
"""
FOLLOWING = "SELECT pid FROM pg_stat_replication"
SHIFTED = "-csearch_path%3Dshifted,pg_catalog,public"


@pytest.fixture(scope="module")
def pair(folders: Path, template: Path) -> Iterator[Pair]:
    with running_pair(folders, template) as pair:
        yield pair


@pytest.fixture
def primary(pair: Pair) -> Node:
    return pair.primary


def doctor(url: str, folder: Path) -> tuple[int, list[str]]:
    """The exit code of the command, and every line."""
    done = run_kalends(environment_in(folder, DATABASE_URL=url, SECRET="x" * 32), "doctor")
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


async def wrong_in(pair: Pair, **words: str) -> list[str]:
    """What the doctor finds wrong, without the command around it."""
    more = "".join(f"&{name}={word}" for name, word in words.items())
    connection = await connect(ConnectParameters(dsn=pair.url() + more))
    try:
        health = await inspect_health(connection)
    finally:
        await connection.close()
    return [finding.what for finding in of_the_health(health) if not finding.is_well]


def test_the_doctor_finds_a_standby_that_lags(pair: Pair, tmp_path: Path) -> None:
    pair.standby.psql("SELECT pg_wal_replay_pause()")
    try:
        pair.primary.psql(
            "CREATE TABLE lag AS SELECT repeat('x', 2000) FROM generate_series(1, 9000)"
        )
        code, lines = doctor(pair.url(), tmp_path)
    finally:
        pair.standby.psql("SELECT pg_wal_replay_resume()")
    (line,) = (one for one in lines if one.startswith("WRONG"))
    assert code == 1
    assert "Standby two: streaming, sync, " in line
    assert "do not promote it now" in line


async def test_the_doctor_finds_a_standby_that_is_away(pair: Pair) -> None:
    pair.primary.psql("SELECT pg_create_physical_replication_slot('three', true)")
    pair.standby.psql("ALTER SYSTEM SET primary_conninfo = ''")
    pair.standby.psql("SELECT pg_reload_conf()")
    try:
        eventually(lambda: not pair.primary.psql(FOLLOWING), pause=PAUSE_SECONDS)
        slot, synchronous = await wrong_in(pair)
    finally:
        pair.standby.psql("ALTER SYSTEM RESET primary_conninfo")
        pair.standby.psql("SELECT pg_reload_conf()")
        pair.primary.psql("SELECT pg_drop_replication_slot('three')")
        pair.wait_until_in_sync()
    assert "nobody uses the slot three" in slot
    assert "synchronous_standby_names is 'two', but none of them follows" in synchronous


def test_the_doctor_says_what_its_role_may_not_see(pair: Pair, tmp_path: Path) -> None:
    pair.primary.psql("CREATE ROLE plain LOGIN; GRANT pg_read_all_data TO plain")
    code, lines = doctor(pair.url().replace("kalends@", "plain@"), tmp_path)
    assert code == 0, lines
    (line,) = (one for one in lines if "Standby" in one)
    assert "Standby two: follows; how far behind, this role may not see" in line


async def test_the_doctor_finds_connections_near_their_limit(pair: Pair, primary: Node) -> None:
    primary.psql(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT 10")
    opened = [await asyncpg.connect(pair.url()) for _ in range(8)]
    try:
        (line,) = await wrong_in(pair)
    finally:
        for connection in opened:
            await connection.close()
        primary.psql(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT -1")
    assert f"9 of 10 (CONNECTION LIMIT of database {DATABASE})" in line
    assert "lower KALENDS_DATABASE_POOL" in line


async def test_the_doctor_finds_an_index_that_is_missing(pair: Pair, primary: Node) -> None:
    primary.psql("DROP INDEX reminders_due")
    (line,) = await wrong_in(pair)
    _, _, remedy = line.partition("Index reminders_due is missing: ")
    primary.psql(remedy)
    assert await wrong_in(pair) == []


async def test_the_doctor_finds_an_index_that_was_never_finished(pair: Pair, primary: Node) -> None:
    mark = "UPDATE pg_index SET indisvalid = {} WHERE indexrelid = 'mails_by_age'::regclass"
    primary.psql(mark.format("false"))
    try:
        (line,) = await wrong_in(pair)
    finally:
        primary.psql(mark.format("true"))
    assert "Index mails_by_age was never finished: DROP INDEX mails_by_age; CREATE" in line


def test_the_doctor_knows_every_index_of_the_schema(primary: Node) -> None:
    known = [
        f"{name}|{'UNIQUE' if statement.startswith('CREATE UNIQUE') else ''}"
        for name, statement in expected_indexes().items()
    ]
    assert sorted(primary.psql(OF_NO_CONSTRAINT).splitlines()) == sorted(known)


async def test_the_doctor_finds_a_clock_that_differs(pair: Pair, primary: Node) -> None:
    primary.psql(
        "CREATE SCHEMA shifted; CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz"
        " LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() - '3 s'::interval $$"
    )
    try:
        (line,) = await wrong_in(pair, options=SHIFTED)
    finally:
        primary.psql("DROP SCHEMA shifted CASCADE")
    assert "Clock: the database's is 3.0 s behind this machine's: have NTP" in line
