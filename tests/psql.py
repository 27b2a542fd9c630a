"""An operator's psql, who looks, changes and locks by hand."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kalends.store.embedded.process import binary
from tests.sql_session import SqlSession


class Psql:
    """An operator's psql, in the embedded PostgreSQL. What is only asked needs no program."""

    def __init__(self, data_dir: Path) -> None:
        socket = str(data_dir / "postgres")
        self._session = SqlSession(data_dir / "postgres")
        self._command = [binary("psql"), "-XAtq", "-h", socket, "-U", "kalends", "kalends"]

    def ask(self, sql: str) -> str:
        """As `psql -c` does, over a connection that is kept."""
        return self._session.ask(sql)

    def run(self, script: str) -> "subprocess.CompletedProcess[str]":
        """A script for psql, with its own commands, and what came of it."""
        return subprocess.run(self._command, input=script, capture_output=True, text=True)

    def wait_for(self, sql: str, answer: str) -> None:
        """Until that is what it says."""
        until = time.monotonic() + 90
        while (last := self.ask(sql)) != answer:
            assert time.monotonic() < until, last
            time.sleep(0.05)

    @contextmanager
    def holding(self, locking: str) -> Iterator[None]:
        """An open transaction that has locked something; nothing is locked any more afterwards."""
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(self._command, text=True, **pipes) as process:
            _say(process, f"BEGIN; {locking}; SELECT 'locked';", "locked")
            try:
                yield
            finally:
                # A session whose psql was killed goes on holding for a moment.
                _say(process, "ROLLBACK; SELECT 'free';", "free")


def _say(psql: subprocess.Popen[str], statements: str, last: str) -> None:
    """Runs statements, until their last answer has come."""
    assert psql.stdin
    assert psql.stdout
    print(statements, file=psql.stdin, flush=True)
    while (line := psql.stdout.readline()).strip() != last:
        assert line, "psql has ended"
