"""Backup and restore, in pg_dump's custom format, from and into any PostgreSQL from 15 on.

A backup only gets its name after all of it was read back. A restore is one transaction, so that
afterwards there is either the whole backup or what was there before. Kalends has a database of its
own, of which a backup contains the schema `public`.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from kalends.store.database import ConnectParameters
from kalends.store.database_url import libpq_environment
from kalends.store.embedded.cluster import sync_folder
from kalends.store.embedded.dump_script import (
    KEPT_BY_SERVER,
    SETTING,
    leave_out,
    option_query,
    options_in,
)
from kalends.store.embedded.programs import Program, Release
from kalends.store.embedded.tools import (
    ArchiveError,
    Tools,
    error_text,
    run,
    run_bytes,
    start_process,
)
from kalends.store.revisions import newest_revision

__all__ = ["ArchiveError", "Backup", "Restored", "backup", "restore"]

WAIT_FOR_LOCKS = "10s"
WAIT_FOR_LOCKS_OF_BACKUP_MILLISECONDS = 60_000
EXTENSIONS = "btree_gin|btree_gist|pg_trgm|plpgsql"
# A line of a table of contents: `217; 1259 16391 TABLE public bookings kalends`.
ENTRY = re.compile(r"\d+; \d+ \d+ (?P<what>.+)")
TABLE = re.compile(r"TABLE public (?P<name>\S+) ")
REVISION = re.compile(r"^COPY public\.alembic_version .*\n(?P<revision>\w+)$", re.MULTILINE)
# STATISTICS DATA is left out, as older servers do not support it, and ANALYZE computes it again.
NOT_OURS = (
    "SCHEMA - ",
    "COMMENT - ",
    "EXTENSION - plpgsql",
    "DATABASE PROPERTIES",
    "STATISTICS DATA ",
)
# The beginnings of the lines with which the script of a section opens, before any rows.
OPENING = (b"--", b"\\", b"\n", b"SET ", b"SELECT pg_catalog.set_config(")

OUR_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT EXISTS
    (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.deptype = 'e')
"""
# Locks all tables at once before any is dropped. Whoever holds one and waits for another deadlocks
# with us, and one of both is aborted. If that is us, all locks are released, and taken again.
TAKE_THE_TABLES = f"""
DO $take$
DECLARE
    named text := (SELECT string_agg(format('public.%I', relname), ', ' ORDER BY relname)
        FROM ({OUR_TABLES}) AS ours);
BEGIN
    FOR attempt IN 1..10 LOOP
        EXIT WHEN named IS NULL;
        BEGIN
            EXECUTE 'LOCK TABLE ' || named || ' IN ACCESS EXCLUSIVE MODE';
            EXIT;
        EXCEPTION WHEN deadlock_detected THEN
            IF attempt = 10 THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END
$take$;
"""
# Drops everything in the schema except what belongs to an extension (or to an identity column, with
# which it is dropped); the schema itself and its privileges stay.
EMPTY_THE_SCHEMA = """
DO $empty$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY(
        SELECT found.kind || ' IF EXISTS ' || found.name
        FROM (
            SELECT 'pg_class'::regclass AS class, c.oid, format('public.%I', c.relname) AS name,
                CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                    WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace
                AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid, p.oid::regprocedure::text, 'ROUTINE'
            FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            UNION ALL
            SELECT 'pg_type'::regclass, t.oid, format('public.%I', t.typname), 'TYPE'
            FROM pg_type t
            WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd', 'r')
        ) AS found
        WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = found.class
            AND d.objid = found.oid AND d.objsubid = 0 AND d.deptype IN ('e', 'i'))
    )
    LOOP
        EXECUTE 'DROP ' || one || ' CASCADE';
    END LOOP;
END
$empty$;
"""


class Backup(NamedTuple):
    """The program that made a backup, and the server that it read."""

    program: Program
    server: Release

    @property
    def may_lack(self) -> bool:
        """Whether the server's release is newer than the program's, which then may not know all
        that the server stores."""
        return self.program.release < self.server


class Restored(NamedTuple):
    """What a restore left out because the server does not know it, or maintains it by itself."""

    server: Release
    left_out: list[str]


def backup(parameters: ConnectParameters, file: Path, programs: Path | None = None) -> Backup:
    """Writes a consistent backup that only its owner can read; the file is complete, or not there.

    Unlogged tables are without their rows. `programs` is a folder with further tools. Raises
    ArchiveError.
    """
    tools = Tools(libpq_environment(parameters), programs)
    with _temporary_file(file) as temporary:
        server = tools.server()
        program = tools.pg_dump(server)
        run(
            [
                *(program.path, "--format=custom", "--no-password"),
                f"--lock-wait-timeout={WAIT_FOR_LOCKS_OF_BACKUP_MILLISECONDS}",
                *("--no-unlogged-table-data", "--no-owner", "--no-privileges"),
                *("--schema=public", f"--extension={EXTENSIONS}", f"--file={temporary}"),
            ],
            tools.environment,
        )
        _check_archive(temporary, tools)
    return Backup(program, server)


def _check_archive(file: Path, tools: Tools) -> None:
    """Reads all of a backup, including its rows. Raises ArchiveError if it is incomplete."""
    try:
        run([tools.newest("pg_restore"), "--file=/dev/null", str(file)], {})
    except ArchiveError as error:
        raise ArchiveError(f"The backup is damaged and was not kept: {error}") from error


def restore(
    parameters: ConnectParameters,
    file: Path,
    *,
    replace: bool = False,
    programs: Path | None = None,
) -> Restored:
    """Restores a backup, which may be of an older PostgreSQL or a newer one than the server.

    Options and settings that the server does not know are left out and named in the result. Refuses
    a database that has organizations, or tables that the backup lacks, unless `replace` is true.
    Waits ten seconds for locks on the tables. Raises ArchiveError; then nothing has changed.
    """
    tools = Tools(libpq_environment(parameters), programs)
    entries = _table_of_contents(file, tools)
    _refuse_a_newer_one(file, tools)
    if not replace:
        _refuse_what_would_be_lost(entries, tools)
    with tempfile.NamedTemporaryFile("w", suffix=".toc") as listed:
        listed.writelines(f"{entry}\n" for entry in entries)
        listed.flush()
        source = _RestoreScript(tools, Path(listed.name), file)
        options_left_out = _replay(source, tools)
    tools.sql("ANALYZE")
    return Restored(tools.server(), options_left_out)


class _RestoreScript:
    """The output of pg_restore: one part of a backup as a script."""

    def __init__(self, tools: Tools, listed: Path, file: Path) -> None:
        self._words = [tools.newest("pg_restore"), "--no-owner", "--no-privileges"]
        self._last = [f"--use-list={listed}", "--file=-", str(file)]

    def command(self, section: str) -> list[str]:
        return [*self._words, f"--section={section}", *self._last]

    def script(self, section: str) -> bytes:
        return run_bytes(self.command(section), {})


def _replay(source: _RestoreScript, tools: Tools) -> list[str]:
    """Lets psql run what pg_restore writes, and commits only if both have succeeded."""
    before, after = source.script("pre-data"), source.script("post-data")
    unknown = _unknown_in(before + after, tools)
    with (
        tempfile.TemporaryFile() as restore_errors,
        tempfile.TemporaryFile() as psql_errors,
        start_process(
            source.command("data"), {}, stdout=subprocess.PIPE, stderr=restore_errors
        ) as rows,
        start_process(
            tools.psql("--file=-"), tools.environment,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=psql_errors,
        ) as psql,
    ):  # fmt: skip
        assert rows.stdout is not None
        assert psql.stdin is not None
        with suppress(BrokenPipeError):
            psql.stdin.write(
                f"BEGIN; SET LOCAL lock_timeout = '{WAIT_FOR_LOCKS}';\n"
                f"{TAKE_THE_TABLES}{EMPTY_THE_SCHEMA}".encode()
            )
            psql.stdin.write(leave_out(before, unknown))
            _copy_script(rows.stdout, psql.stdin, unknown)
            if rows.wait() == 0:
                psql.stdin.write(leave_out(after, unknown) + b"\nCOMMIT;\n")
        with suppress(BrokenPipeError):
            psql.stdin.close()
        if psql.wait() != 0:
            raise ArchiveError(error_text(psql_errors))
        if rows.wait() != 0:
            raise ArchiveError(error_text(restore_errors))
    counts = Counter((option.kind, option.name) for option in options_in(before + after))
    return [
        f"{kind} {name}" + (f" ({counts[kind, name]} times)" if kind != SETTING else "")
        for kind, name in sorted(unknown)
    ]


def _unknown_in(script: bytes, tools: Tools) -> set[tuple[str, str]]:
    """The options in a script that the server does not know, or maintains by itself."""
    options = list(options_in(script))
    asking, probes = option_query(options)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(asking)
        file.flush()
        answer = run(tools.psql(f"--file={file.name}"), tools.environment)
    unknown = {(probes[int(place)].kind, probes[int(place)].name) for place in answer.split()}
    return unknown | (KEPT_BY_SERVER & {(option.kind, option.name) for option in options})


def _copy_script(source: IO[bytes], target: IO[bytes], unknown: Iterable[tuple[str, str]]) -> None:
    """Copies a script of rows, without the unknown ones of its opening settings."""
    opening = []
    line = source.readline()
    while line.startswith(OPENING):
        opening.append(line)
        line = source.readline()
    target.write(leave_out(b"".join(opening), unknown) + line)
    shutil.copyfileobj(source, target, 1024 * 1024)


def _refuse_a_newer_one(file: Path, tools: Tools) -> None:
    """Raises ArchiveError for a backup of a newer Kalends, which would replace the present data and
    could not be used by this version."""
    only = ["--data-only", "--table=alembic_version", "--file=-", str(file)]
    match = REVISION.search(run([tools.newest("pg_restore"), *only], {}))
    if match and match["revision"] > newest_revision():
        raise ArchiveError(
            f"{file} is of a newer Kalends (revision {match['revision']}, and this one knows "
            f"{newest_revision()}): restore it with that version. Nothing was changed."
        )


def _refuse_what_would_be_lost(entries: Sequence[str], tools: Tools) -> None:
    present = set(tools.sql(OUR_TABLES).split())
    if "organizations" in present and int(tools.sql("SELECT count(*) FROM public.organizations")):
        raise ArchiveError(
            "This database has organizations in it. Restore into an empty one, or have them "
            "replaced (kalends restore --replace)."
        )
    matches = (TABLE.match(_what(entry)) for entry in entries)
    strangers = present - {match["name"] for match in matches if match}
    if strangers:
        raise ArchiveError(
            f"This database has tables that the backup has not: {', '.join(sorted(strangers))}. "
            "Restore into an empty one, or have all replaced (kalends restore --replace)."
        )


def _table_of_contents(file: Path, tools: Tools) -> list[str]:
    """The entries of a backup that are restored."""
    if not file.is_file():
        raise ArchiveError(f"There is no file {file}.")
    listing = run([tools.newest("pg_restore"), "--list", str(file)], {})
    entries = [line for line in listing.splitlines() if ENTRY.match(line)]
    if not any(_what(entry).startswith("TABLE public organizations ") for entry in entries):
        raise ArchiveError(f"{file} is no backup of Kalends: it has no organizations.")
    return [entry for entry in entries if not _what(entry).startswith(NOT_OURS)]


def _what(entry: str) -> str:
    match = ENTRY.match(entry)
    return match["what"] if match else ""


@contextmanager
def _temporary_file(file: Path) -> Iterator[Path]:
    """A private file in the same folder, which gets the name if the block succeeds."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise ArchiveError(f"{file} cannot be written: {error.strerror}.") from error
    os.close(handle)
    try:
        yield Path(name)
        os.replace(name, file)
        sync_folder(file.parent)
    except OSError as error:
        raise ArchiveError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        Path(name).unlink(missing_ok=True)
