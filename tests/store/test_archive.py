"""Backup and restore, between the embedded PostgreSQL and the oldest one that is promised."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from tests.store.pg15 import BINARIES as BINARIES_15
from tests.store.pg15 import Postgres15, pg15

from kalends.store.database import ConnectParameters
from kalends.store.database_url import libpq_environment
from kalends.store.embedded.archive import ArchiveError, backup, restore
from kalends.store.embedded.process import binary
from kalends.store.embedded.programs import Program, Release
from kalends.store.embedded.server import EmbeddedPostgres
from kalends.store.embedded.tools import Tools

__all__ = ["pg15"]


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


@dataclass(frozen=True)
class ToolsOfReleases(Tools):
    """Tools of the releases that are named, and no others."""

    releases: list[str] = field(default_factory=list)

    def _find(self, name: str) -> list[Program]:
        split = [one.split(".") for one in self.releases]
        return [Program(name, Release(int(one[0]), int(one[1])), "") for one in split]


class ArchivedDatabase:
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

    def new(self, version: int) -> ArchivedDatabase:
        if version == 15:
            assert self._pg15 is not None
            return ArchivedDatabase(self._pg15.new_database())
        name = f"other_{uuid4().hex}"
        ArchivedDatabase(self._lease.url).sql(f"CREATE DATABASE {name}")
        return ArchivedDatabase(self._lease.url.replace("/kalends?", f"/{name}?"))

    def filled(self, version: int) -> ArchivedDatabase:
        place = self.new(version)
        place.sql(SCHEMA)
        return place


def program(folder: Path, name: str, release: str, does: str) -> Path:
    """A folder with a program that says its release, and else does what the shell does."""
    (folder / "programs").mkdir(exist_ok=True)
    script = folder / "programs" / name
    script.write_text(
        f'#!/bin/sh\nreal="{binary(name)}"\nif test "$1" = --version\n'
        f'then echo "{name} (PostgreSQL) {release}"; exit; fi\n'
        f"for word; do case $word in --file=*) out=${{word#--file=}};; esac; done\n{does}\n"
    )
    script.chmod(0o755)
    return script.parent


@pytest.fixture
def both_releases(lease: EmbeddedPostgres, pg15: Postgres15) -> Places:
    """Databases of either release."""
    return Places(lease, pg15)


@pytest.fixture
def places(lease: EmbeddedPostgres) -> Places:
    return Places(lease, None)


@pytest.mark.parametrize(("source", "target"), [(18, 18), (15, 18), (18, 15), (15, 15)])
def test_all_but_unlogged_rows_comes_back_in_older_and_newer_servers(
    both_releases: Places, tmp_path: Path, source: int, target: int
) -> None:
    old, new = both_releases.filled(source), both_releases.new(target)
    backup(old.parameters, tmp_path / "backup")
    restore(new.parameters, tmp_path / "backup")
    old.sql("DELETE FROM rate_windows")
    assert new.sql(EVERYTHING) == old.sql(EVERYTHING)


def test_a_backup_by_an_older_pg_dump_comes_back(
    places: Places, pg15: Postgres15, tmp_path: Path
) -> None:
    url = pg15.new_database()
    ArchivedDatabase(url).sql(SCHEMA)
    dumped: list[str | Path] = [BINARIES_15 / "pg_dump", "-Fc", "-f", tmp_path / "backup", url]
    subprocess.run(dumped, check=True)
    new = places.new(18)
    restore(new.parameters, tmp_path / "backup")
    assert new.sql("SELECT name FROM organizations") == "Ada’s 💇"


@pytest.mark.parametrize("target", [18, 15])
def test_the_real_schema_comes_back_and_needs_no_migration(
    both_releases: Places, tmp_path: Path, target: int
) -> None:
    from kalends.store.migrate import migrate

    old, new = both_releases.new(18), both_releases.new(target)
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


@pytest.mark.server
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


# What servers of November 2026 keep for each column, and an older pg_dump writes down.
KEPT_FOR_COLUMNS = """
SET allow_system_table_mods = on;
UPDATE pg_attribute SET attoptions = '{pg_attver=22161896}'
WHERE attrelid IN ('organizations'::regclass, 'notes'::regclass) AND attnum > 0;
UPDATE pg_attribute SET attoptions = '{n_distinct=7,pg_attver=22161897}'
WHERE attrelid = 'occupancies'::regclass AND attnum > 0;
"""
COLUMN_OPTIONS = """
SELECT string_agg(DISTINCT array_to_string(array_remove_pg, ','), ' ') FROM (
    SELECT ARRAY(SELECT o FROM unnest(attoptions) o WHERE o NOT LIKE 'pg_attver=%')
        AS array_remove_pg
    FROM pg_attribute WHERE attrelid = 'public.occupancies'::regclass AND attnum > 0
) AS kept
"""


@pytest.mark.parametrize("target", [18, 15])
def test_column_options_that_a_server_keeps_for_itself_are_left_out(
    both_releases: Places, tmp_path: Path, target: int
) -> None:
    old, new = both_releases.filled(18), both_releases.new(target)
    old.sql(KEPT_FOR_COLUMNS)
    backup(old.parameters, tmp_path / "backup")
    restored = restore(new.parameters, tmp_path / "backup")
    assert "column option pg_attver (12 times)" in restored.left_out
    assert new.sql(COLUMN_OPTIONS) == "n_distinct=7"
    assert new.sql("SELECT name FROM organizations") == "Ada’s 💇"


def test_table_options_and_settings_of_a_newer_server_are_left_out(
    both_releases: Places, tmp_path: Path
) -> None:
    old, new = both_releases.filled(18), both_releases.new(15)
    old.sql(
        "ALTER TABLE notes SET (autovacuum_vacuum_max_threshold = 5, fillfactor = 70);"
        "ALTER TABLE occupancies SET (autovacuum_vacuum_max_threshold = 5);"
        "CREATE INDEX thin ON notes (line) WITH (fillfactor = 60)"
    )
    backup(old.parameters, tmp_path / "backup")
    restored = restore(new.parameters, tmp_path / "backup")
    assert restored.left_out == [
        "setting transaction_timeout",
        "table option autovacuum_vacuum_max_threshold (2 times)",
    ]
    options = new.sql(
        "SELECT relname, reloptions FROM pg_class WHERE reloptions <> '{}' "
        "AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    assert options == "notes|{fillfactor=70}\nthin|{fillfactor=60}"


def test_what_looks_like_an_unknown_option_in_texts_stays(
    both_releases: Places, tmp_path: Path
) -> None:
    old, new = both_releases.filled(18), both_releases.new(15)
    line = "ALTER TABLE ONLY public.notes ALTER COLUMN line SET (pg_attver=1);"
    old.sql(
        f"INSERT INTO notes VALUES ('{line}');"
        f"ALTER TABLE notes ALTER COLUMN line SET DEFAULT E'it''s;\\n{line}';"
        "CREATE FUNCTION said() RETURNS text LANGUAGE plpgsql AS "
        f"$said$ BEGIN -- it's\nRETURN '\nSET transaction_timeout = 0;\n{line}'; END $said$;"
        f"COMMENT ON COLUMN notes.line IS 'a;\n{line}'"
    )
    backup(old.parameters, tmp_path / "backup")
    restore(new.parameters, tmp_path / "backup")
    kept = (
        "SELECT said(), col_description('notes'::regclass, 1), (SELECT column_default "
        "FROM information_schema.columns WHERE table_name = 'notes'), "
        "(SELECT string_agg(line, ' ' ORDER BY line COLLATE \"C\") FROM notes)"
    )
    assert new.sql(kept) == old.sql(kept)


@pytest.mark.parametrize(
    ("server", "there", "chosen"),
    [
        ((15, 18), ["18.6", "15.18"], "15.18"),
        ((15, 20), ["18.6", "15.18"], "18.6"),
        ((15, 20), ["18.6", "15.20", "15.21"], "15.21"),
        ((18, 7), ["18.6", "15.20"], "18.6"),
        ((18, 7), ["18.6", "18.7", "19.0"], "18.7"),
        ((17, 3), ["18.6", "15.20", "19.1"], "19.1"),
    ],
)
def test_a_backup_takes_the_program_that_knows_its_server(
    tmp_path: Path, server: tuple[int, int], there: list[str], chosen: str
) -> None:
    tools = ToolsOfReleases({}, releases=there)
    assert str(tools.pg_dump(Release(*server)).release) == chosen


def test_a_server_that_no_program_can_read_is_a_clear_error() -> None:
    with pytest.raises(ArchiveError, match="postgresql-client-19"):
        ToolsOfReleases({}, releases=["18.6"]).pg_dump(Release(19, 1))


@pytest.mark.parametrize(
    "does",
    [
        '"$real" "$@" && truncate -s -3000 "$out"',
        '"$real" "$@" && truncate -s 200 "$out"',
        '"$real" "$@" && printf x | '
        'dd of="$out" bs=1 seek=$(($(stat -c%s "$out") - 9000)) conv=notrunc',
        'timeout -s KILL 0.01 "$real" "$@"; true',
    ],
    ids=["truncated", "nearly empty", "one byte changed", "interrupted"],
)
def test_a_backup_that_is_not_whole_never_gets_its_name(
    places: Places, tmp_path: Path, does: str
) -> None:
    place = places.filled(18)
    place.sql("INSERT INTO notes SELECT md5(n::text) FROM generate_series(1, 5000) n")
    (tmp_path / "backup").write_text("yesterday's")
    broken = program(tmp_path, "pg_dump", "18.99", does)
    with pytest.raises(ArchiveError, match="damaged and was not kept"):
        backup(place.parameters, tmp_path / "backup", broken)
    assert (tmp_path / "backup").read_text() == "yesterday's"
    assert sorted(os.listdir(tmp_path)) == ["backup", "programs"]


def test_organizations_are_overwritten_only_on_request(places: Places, tmp_path: Path) -> None:
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


def test_a_pg_restore_that_fails_in_the_end_changes_nothing(places: Places, tmp_path: Path) -> None:
    old, new = places.filled(18), places.new(18)
    backup(old.parameters, tmp_path / "backup")
    failing = program(tmp_path, "pg_restore", "99.0", '"$real" "$@"; test "$3" != --section=data')
    with pytest.raises(ArchiveError):
        restore(new.parameters, tmp_path / "backup", programs=failing)
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


def test_a_backup_of_a_newer_kalends_replaces_nothing(places: Places, tmp_path: Path) -> None:
    newer, here = places.filled(18), places.filled(18)
    newer.sql(
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num text);"
        "DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('9999')"
    )
    backup(newer.parameters, tmp_path / "backup")
    here.sql("CREATE TABLE ours (of_before int)")
    with pytest.raises(ArchiveError, match="newer Kalends"):
        restore(here.parameters, tmp_path / "backup", replace=True)
    assert "ours" in here.tables()


def test_one_who_uses_the_tables_is_waited_for_but_not_for_ever(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalends.store.embedded.archive.WAIT_FOR_LOCKS", "200ms")
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
    names = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"]
    environment = libpq_environment(ConnectParameters(dsn=url))
    assert [environment.get(name) for name in names] == words
