"""Processor time of the server and of PostgreSQL, as the kernel counts it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
NANOSECONDS: Final = 1_000_000_000
# What ended just now is counted twice or not at all until its parent has taken note.
REAPED_AFTER_SECONDS: Final = 0.3
# Fields of /proc/PID/stat after the name: user, system, and the same of children that ended.
OWN: Final = slice(11, 13)
OF_CHILDREN: Final = slice(13, 15)


@dataclass
class Spent:
    """Processor seconds while something ran."""

    server: float = 0.0
    database: float = 0.0

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.server - other.server, self.database - other.database)


@dataclass(frozen=True)
class Meter:
    """Of a server's process, and of PostgreSQL's with all that it ever started."""

    server_pid: int
    postmaster_pid: int

    @classmethod
    def of(cls, server_pid: int, data_dir: Path) -> "Meter":
        first_line = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]
        return cls(server_pid, int(first_line))

    @contextmanager
    def measure(self) -> Iterator[Spent]:
        """What is spent within the block."""
        spent, before = Spent(), self.read()
        yield spent
        time.sleep(REAPED_AFTER_SECONDS)
        difference = self.read() - before
        spent.server, spent.database = difference.server, difference.database

    def read(self) -> Spent:
        """Since the processes began. The server's is with all its threads, also those that ended,
        to a hundredth of a second."""
        return Spent(_seconds(self.server_pid, OWN), self._database_seconds())

    def _database_seconds(self) -> float:
        pid = self.postmaster_pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        seconds = _seconds(pid, OWN) + _seconds(pid, OF_CHILDREN)
        for child in children:
            with suppress(FileNotFoundError, ProcessLookupError):
                seconds += _seconds_exactly(int(child))
        return seconds


def _seconds(pid: int, which: slice) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[which])) / TICKS_A_SECOND


def _seconds_exactly(pid: int) -> float:
    """Of a process with one thread, as PostgreSQL's are: there are dozens of them, which in
    hundredths of a second would each be off by one."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / NANOSECONDS
