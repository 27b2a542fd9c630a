"""Backup and restore, between the embedded PostgreSQL and the oldest one that is promised."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.store.pg15 import BINARIES as BINARIES_15
from tests.store.pg15 import Postgres15, pg15

from kalends.store.archive import ArchiveError, backup, restore
from kalends.store.database import ConnectParameters
from kalends.store.embedded import EmbeddedPostgres
from kalends.store.postgres_process import binary

__all__ = ["pg15"]

pytestmark = pytest.mark.timeout(60)

# What our own schema is made of, and all that makes restoring difficult.
SCHEMA = r"""
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TYPE state AS ENUM ('PENDING', 'CONFIRMED');
CREATE DOMAIN minutes AS integer CHECK (VALUE >= 0);
CREATE FUNCTION twice(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 2 * n';
CREATE TABLE organizations (id uuid PRIMARY KEY, name text NOT NULL);
COMMENT ON TABLE organizations IS 'the tenant';
CREATE TABLE occupancies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations, state state, took minutes,
    claim_id uuid NOT NULL, during tstzrange NOT NULL, bytes bytea, data jsonb,
    doubled integer GENERATED ALWAYS AS (twice(7)) STORED,
    EXCLUDE USING gist (organization_id WITH =, claim_id WITH <>, during WITH &&)
);
CREATE TABLE notes (line text);
CREATE UNLOGGED TABLE rate_windows (subject text PRIMARY KEY);
INSERT INTO organizations VALUES ('00000000-0000-7000-8000-000000000001', 'Ada’s 💇');
INSERT INTO occupancies (organization_id, state, took, claim_id, during, bytes, data)
    SELECT id, 'PENDING', 30, id, '[2026-03-01 10:00+00,2026-03-01 11:00+00)', '\x00ff', '{"a": 1}'
    FROM organizations;
INSERT INTO notes VALUES (E'SET transaction_timeout = 0;'), (E'a\tb\nc'), ('\.'), ('COMMIT;');
INSERT INTO rate_windows VALUES ('gone after a crash anyway');
"""
EVERYTHING = """
SELECT json_build_array(
    (SELECT json_agg(o) FROM organizations o), (SELECT json_agg(o) FROM occupancies o),
    (SELECT json_agg(n ORDER BY line) FROM notes n), (SELECT count(*) FROM rate_windows),
    obj_description('organizations'::regclass),
    (SELECT json_agg(conname ORDER BY conname) FROM pg_constraint
        WHERE contype IN ('p', 'f', 'x') AND connamespace = 'public'::regnamespace),
    nextval('occupancies_id_seq') > 1)
"""


@pytest.fixture(scope="module")
def lease(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    data_dir = tmp_path_factory.mktemp("archive") / "data"
    with EmbeddedPostgres(data_dir, settings={"fsync": "off", "timezone": "UTC"}) as lease:
        yield lease


class Place:
    """A database and what can be asked of it."""

    def __init__(self, url: str) -> None:
        self.parameters = ConnectParameters(dsn=url)
        self._url = url

    def sql(self, text: str) -> str:
        command = [binary("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", self._url]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def tables(self) -> list[str]:
        return self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()


class Places:
    def __init__(self, lease: EmbeddedPostgres, pg15: Postgres15 | None) -> None:
        self._lease = lease
        self._pg15 = pg15

    def new(self, version: int) -> Place:
        if version == 15:
            assert self._pg15 is not None
            return Place(self._pg15.new_database())
        name = f"other_{uuid4().hex}"
        Place(self._lease.url).sql(f"CREATE DATABASE {name}")
        return Place(self._lease.url.replace("/kalends?", f"/{name}?"))

    def filled(self, version: int) -> Place:
        place = self.new(version)
        place.sql(SCHEMA)
        return place


@pytest.fixture
def places(lease: EmbeddedPostgres) -> Places:
    return Places(lease, None)


@pytest.mark.parametrize(("source", "target"), [(18, 18), (15, 18), (18, 15), (15, 15)])
def test_all_but_unlogged_rows_comes_back_in_older_and_newer_servers(
    lease: EmbeddedPostgres, pg15: Postgres15, tmp_path: Path, source: int, target: int
) -> None:
    places = Places(lease, pg15)
    old, new = places.filled(source), places.new(target)
    backup(old.parameters, tmp_path / "backup")
    restore(new.parameters, tmp_path / "backup")
    old.sql("DELETE FROM rate_windows")
    assert new.sql(EVERYTHING) == old.sql(EVERYTHING)


def test_a_backup_by_an_older_pg_dump_comes_back(
    places: Places, pg15: Postgres15, tmp_path: Path
) -> None:
    url = pg15.new_database()
    Place(url).sql(SCHEMA)
    dumped = [BINARIES_15 / "pg_dump", "-Fc", "-f", tmp_path / "backup", url]
    subprocess.run(dumped, check=True)
    new = places.new(18)
    restore(new.parameters, tmp_path / "backup")
    assert new.sql("SELECT name FROM organizations") == "Ada’s 💇"


@pytest.mark.parametrize("target", [18, 15])
def test_the_real_schema_comes_back_and_needs_no_migration(
    lease: EmbeddedPostgres, pg15: Postgres15, tmp_path: Path, target: int
) -> None:
    from kalends.store.migrate import migrate

    places = Places(lease, pg15)
    old, new = places.new(18), places.new(target)
    revision = asyncio.run(migrate(old.parameters))
    backup(old.parameters, tmp_path / "backup")
    restore(new.parameters, tmp_path / "backup")
    assert new.sql("SELECT version_num FROM alembic_version") == revision
    assert sorted(new.tables()) == sorted(old.tables())


def test_the_file_is_its_owners_alone_and_nothing_lies_beside_it(
    places: Places, tmp_path: Path
) -> None:
    backup(places.filled(18).parameters, tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["backup"]


def test_a_backup_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("yesterday's")
    nowhere = ConnectParameters(host=str(tmp_path), user="kalends", database="kalends")
    with pytest.raises(ArchiveError, match="connection to server"):
        backup(nowhere, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "yesterday's"
    assert os.listdir(tmp_path) == ["backup"]


def test_a_folder_that_is_not_there_is_a_clear_error(places: Places, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be written: No such file"):
        backup(places.new(18).parameters, tmp_path / "no" / "backup")


def test_organizations_are_overwritten_only_when_asked(places: Places, tmp_path: Path) -> None:
    place = places.filled(18)
    backup(place.parameters, tmp_path / "backup")
    place.sql("UPDATE organizations SET name = 'newer'; CREATE TABLE later AS SELECT 1")
    with pytest.raises(ArchiveError, match="has organizations in it"):
        restore(place.parameters, tmp_path / "backup")
    assert place.sql("SELECT name FROM organizations") == "newer"
    restore(place.parameters, tmp_path / "backup", replace=True)
    assert place.sql("SELECT name FROM organizations") == "Ada’s 💇"
    assert "later" not in place.tables()


def test_a_schema_without_organizations_is_filled(places: Places, tmp_path: Path) -> None:
    old, new = places.filled(18), places.filled(18)
    backup(old.parameters, tmp_path / "backup")
    new.sql("TRUNCATE organizations CASCADE")
    restore(new.parameters, tmp_path / "backup")
    assert new.sql("SELECT name FROM organizations") == "Ada’s 💇"


def test_tables_of_another_program_are_left_alone(places: Places, tmp_path: Path) -> None:
    backup(places.filled(18).parameters, tmp_path / "backup")
    other = places.new(18)
    other.sql("CREATE TABLE invoices AS SELECT 1 AS number")
    with pytest.raises(ArchiveError, match="invoices"):
        restore(other.parameters, tmp_path / "backup")
    assert other.tables() == ["invoices"]


@pytest.mark.parametrize("version", [18, 15])
def test_a_damaged_backup_changes_nothing(
    lease: EmbeddedPostgres, pg15: Postgres15, tmp_path: Path, version: int
) -> None:
    place = Places(lease, pg15).filled(version)
    place.sql(
        "INSERT INTO notes SELECT md5(n::text) || md5((n + 1)::text) "
        "FROM generate_series(1, 9999) n"
    )
    backup(place.parameters, tmp_path / "backup")
    place.sql("UPDATE organizations SET name = 'newer'")
    before = place.sql("SELECT count(*), min(line) FROM notes")
    whole = (tmp_path / "backup").read_bytes()
    for size in (len(whole) // 2, len(whole) - 5000):
        (tmp_path / "backup").write_bytes(whole[:size])
        with pytest.raises(ArchiveError, match=r"pg_restore|COPY"):
            restore(place.parameters, tmp_path / "backup", replace=True)
        assert place.sql("SELECT name FROM organizations") == "newer"
        assert place.sql("SELECT count(*), min(line) FROM notes") == before


def test_a_pg_restore_that_fails_in_the_end_changes_nothing(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = places.filled(18), places.new(18)
    backup(old.parameters, tmp_path / "backup")
    failing = tmp_path / "pg_restore"
    failing.write_text(f'#!/bin/sh\n{binary("pg_restore")} "$@" && test "$1" = --list\n')
    failing.chmod(0o755)
    tools = {"pg_restore": str(failing), "psql": binary("psql")}
    monkeypatch.setattr("kalends.store.archive._tool", lambda name, _: tools[name])
    with pytest.raises(ArchiveError):
        restore(new.parameters, tmp_path / "backup")
    assert new.tables() == []


def test_rows_that_break_a_rule_change_nothing(places: Places, tmp_path: Path) -> None:
    old, new = places.filled(18), places.new(18)
    old.sql("SET session_replication_role = replica; DELETE FROM organizations")
    backup(old.parameters, tmp_path / "backup")
    with pytest.raises(ArchiveError, match="violates foreign key"):
        restore(new.parameters, tmp_path / "backup")
    assert new.tables() == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "no file"), (b"", "too short"), (b"PK\3\4" * 999, "does not appear")],
)
def test_what_is_no_backup_is_refused(
    places: Places, tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / "backup").write_bytes(content)
    with pytest.raises(ArchiveError, match=complaint):
        restore(places.new(18).parameters, tmp_path / "backup")


def test_a_backup_of_something_else_is_refused(places: Places, tmp_path: Path) -> None:
    other = places.new(18)
    other.sql("CREATE TABLE invoices AS SELECT 1 AS number")
    backup(other.parameters, tmp_path / "backup")
    with pytest.raises(ArchiveError, match="no backup of Kalends"):
        restore(places.new(18).parameters, tmp_path / "backup")


def test_one_who_uses_the_tables_is_waited_for_but_not_for_ever(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalends.store.archive.WAIT_FOR_LOCKS", "200ms")
    place = places.filled(18)
    backup(place.parameters, tmp_path / "backup")
    command = [binary("psql"), "-XAtq", str(place.parameters.dsn)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    user: subprocess.Popen[str] = subprocess.Popen(command, **pipes)  # type: ignore[call-overload]
    assert user.stdin
    assert user.stdout
    print("BEGIN; SELECT name FROM organizations;", file=user.stdin, flush=True)
    user.stdout.readline()
    with pytest.raises(ArchiveError, match="lock timeout"):
        restore(place.parameters, tmp_path / "backup", replace=True)
    user.communicate()
    restore(place.parameters, tmp_path / "backup", replace=True)


def test_a_password_is_on_no_command_line(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    start = subprocess.Popen

    def watched(command: list[str], **more: object) -> object:
        seen.extend(command)
        return start(command, **more)  # type: ignore[call-overload]

    url = str(places.filled(18).parameters.dsn).replace("kalends@", "kalends:s%40crt@")
    monkeypatch.setattr(subprocess, "Popen", watched)
    backup(ConnectParameters(dsn=url), tmp_path / "backup")
    assert seen
    assert not [word for word in seen if "crt" in word]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "postgresql://ada:p%40ss%3A@db.example:6432/book%20ings?sslmode=require",
            ["db.example", "6432", "ada", "p@ss:", "book ings", "require"],
        ),
        (
            "postgres://ada@a.example:1,[::1]:2,c.example/x",
            ["a.example,::1,c.example", "1,2,5432", "ada", None, "x", None],
        ),
        ("postgresql:///x?host=/run/pg&user=ada", ["/run/pg", "5432", "ada", None, "x", None]),
    ],
)
def test_a_url_says_the_same_to_libpq(url: str, words: list[str | None]) -> None:
    from kalends.store.archive import _environment

    names = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"]
    environment = _environment(ConnectParameters(dsn=url))
    assert [environment.get(name) for name in names] == words
