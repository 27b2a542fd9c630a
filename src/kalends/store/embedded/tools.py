"""Runs pg_dump, pg_restore and psql as child processes, and chooses which of several."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from kalends.domain.failures import OperatorError
from kalends.store.embedded.programs import Program, Release, find_programs, newest

SSL_MODES_WITHOUT_TLS: Final = frozenset({"disable", "allow", "prefer"})


class ArchiveError(OperatorError):
    """A backup or restore has failed; the text says why, in the tool's own words."""


@dataclass(frozen=True)
class Tools:
    """The programs for one database: `environment` has libpq's variables, and `named` is the folder
    of KALENDS_POSTGRES_PROGRAMS. The wheel's programs do not support TLS."""

    environment: dict[str, str]
    named: Path | None = None

    def sql(self, text: str) -> str:
        """The output of psql for a script. Raises ArchiveError."""
        return run(self.psql("--command", text), self.environment).strip()

    def psql(self, *what: str) -> list[str]:
        """A psql command that stops at the first error."""
        quiet = ("--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align")
        return [self.newest("psql"), *quiet, "--set=ON_ERROR_STOP=1", *what]

    def server(self) -> Release:
        """The release of the database's server. Raises ArchiveError."""
        return Release.of_number(int(self.sql("SHOW server_version_num")))

    def newest(self, name: str) -> str:
        """The newest program with that name, which can read what all older ones have written."""
        return newest(self._find(name)).path

    def pg_dump(self, server: Release) -> Program:
        """The pg_dump that is sure to know all that the server stores: the newest of the server's
        own major version, if it is not older than the server, or else the newest of all.

        Raises ArchiveError if there is none that can read the server.
        """
        able = [one for one in self._find("pg_dump") if one.release.major >= server.major]
        if not able:
            raise ArchiveError(
                f"This is PostgreSQL {server}, and no pg_dump here can read that: install the "
                f"package postgresql-client-{server.major}, or name a folder that has one in "
                "KALENDS_POSTGRES_PROGRAMS."
            )
        same = [one for one in able if one.release.major == server.major and one.release >= server]
        newer = [one for one in able if one.release.major > server.major]
        return newest(same or newer or able)

    def _find(self, name: str) -> list[Program]:
        wants_tls = self.environment.get("PGSSLMODE", "prefer") not in SSL_MODES_WITHOUT_TLS
        programs = find_programs(name, self.named, wheel_too=not wants_tls)
        if not programs:
            raise ArchiveError(
                f"This database wants TLS, which needs your system's own {name}: "
                "install the package postgresql-client."
                if wants_tls
                else f"There is no {name} here: install the package postgresql-client."
            )
        return programs


def run(command: Sequence[str], environment: dict[str, str]) -> str:
    """The output of a program. Raises ArchiveError if it fails."""
    return run_bytes(command, environment).decode()


def run_bytes(command: Sequence[str], environment: dict[str, str]) -> bytes:
    """The output of a program as bytes. Raises ArchiveError if it fails."""
    with tempfile.TemporaryFile() as errors:
        with start_process(command, environment, stdout=subprocess.PIPE, stderr=errors) as process:
            output = process.communicate()[0]
        if process.returncode != 0:
            raise ArchiveError(error_text(errors))
    return output


@contextmanager
def start_process(
    command: Sequence[str],
    environment: dict[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int,
    stderr: IO[bytes],
) -> Iterator[subprocess.Popen[bytes]]:
    """A child process that ends with the block. It inherits no PG* variables of our own."""
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


def error_text(file: IO[bytes]) -> str:
    """The first lines of a tool's error output."""
    file.seek(0)
    lines = file.read().decode(errors="replace").splitlines()
    relevant = [line for line in lines if "NOTICE:" not in line and "CONTEXT:" not in line]
    return "\n".join(relevant[:5]) or "the tool wrote nothing"
