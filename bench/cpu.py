"""Processor time of the server and of PostgreSQL."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

# What ended just now is counted twice or not at all until its parent has taken note.
REAPED_AFTER_SECONDS: Final = 0.3


@dataclass
class Spent:
    """Processor seconds while something ran."""

    server: float = 0.0
    database: float = 0.0


@dataclass(frozen=True)
class Meter:
    """Of the server's process, and of PostgreSQL's with all that it ever started."""

    server: psutil.Process
    postmaster: psutil.Process

    @classmethod
    def of(cls, server_pid: int, data_dir: Path) -> "Meter":
        first_line = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]
        return cls(psutil.Process(server_pid), psutil.Process(int(first_line)))

    @contextmanager
    def measure(self) -> Iterator[Spent]:
        spent = Spent()
        server, database = self._server_seconds(), self._database_seconds()
        yield spent
        time.sleep(REAPED_AFTER_SECONDS)
        spent.server = self._server_seconds() - server
        spent.database = self._database_seconds() - database

    def _server_seconds(self) -> float:
        used = self.server.cpu_times()
        return float(used.user + used.system)

    def _database_seconds(self) -> float:
        own = self.postmaster.cpu_times()
        seconds = own.user + own.system + own.children_user + own.children_system
        for child in self.postmaster.children():
            with suppress(psutil.NoSuchProcess):
                used = child.cpu_times()
                seconds += used.user + used.system
        return float(seconds)
