"""An operator's psql, who looks, changes and locks by hand."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kalends.store.embedded.process import binary


class Psql:
    """An operator's psql, in the embedded PostgreSQL."""

    def __init__(self, data_dir: Path) -> None:
        socket = str(data_dir / "postgres")
        self._command = [binary("psql"), "-XAtq", "-h", socket, "-U", "kalends", "kalends"]

    def ask(self, sql: str) -> str:
        done = subprocess.run([*self._command, "-c", sql], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def holding(self, locking: str) -> Iterator[None]:
        """An open transaction that has locked something."""
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(self._command, text=True, **pipes) as process:
            print(f"BEGIN; {locking}; SELECT 'locked';", file=process.stdin, flush=True)
            assert process.stdout
            while process.stdout.readline().strip() != "locked":
                assert process.poll() is None
            try:
                yield
            finally:
                process.kill()
