"""A kept connection answers what psql prints."""

import subprocess
from pathlib import Path

import pytest

from kalends.compose import Installation
from kalends.store.embedded.process import binary
from tests.sql_session import SqlSession

pytestmark = pytest.mark.server


@pytest.fixture
def session(home: Installation) -> SqlSession:
    return SqlSession(folder_of(home))


def folder_of(home: Installation) -> Path:
    return home.settings.data_dir / "postgres"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1, NULL, 'Ada’s', true, '[1,3)'::int4range, now() > '2000-01-01'",
        "SELECT n, 'x' || n FROM generate_series(1, 3) n",
        "SELECT 'first'; SELECT 'second' WHERE false; SELECT ''; SELECT 'third'",
        "DO $$ BEGIN RAISE NOTICE 'said beside'; END $$; SELECT 2",
        "CREATE TEMPORARY TABLE seen (n integer); INSERT INTO seen VALUES (1) RETURNING n",
    ],
)
def test_an_answer_is_what_psql_prints(home: Installation, session: SqlSession, sql: str) -> None:
    command = [binary("psql"), "-XAtq", "-h", str(folder_of(home)), "-U", "kalends", "kalends"]
    printed = subprocess.check_output([*command, "-c", sql], text=True, stderr=subprocess.DEVNULL)
    assert session.ask(sql) == printed.strip()


def test_statements_sent_at_once_are_one_transaction(session: SqlSession) -> None:
    made = "CREATE TABLE made_by_a_session (); SELECT 1 / 0"
    with pytest.raises(AssertionError, match="division by zero"):
        session.ask(made)
    assert session.ask("SELECT to_regclass('made_by_a_session') IS NULL") == "t"


def test_a_session_that_the_server_ended_begins_anew(session: SqlSession) -> None:
    first = session.ask("SELECT pg_backend_pid()")
    with SqlSession(Path(session.address).parent) as other:
        other.ask(f"SELECT pg_terminate_backend({first}, 60000)")
    assert session.ask("SELECT pg_backend_pid()") != first
