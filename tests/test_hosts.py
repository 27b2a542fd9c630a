"""Two PostgreSQL in one URL: the first hangs, the second is promoted, and everything goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from kalends.store.connection import connect
from kalends.store.database import ConnectParameters
from kalends.store.jobs import queue_connection
from tests.conftest import PASSWORD, make_organization
from tests.homes import environment_in, migrated
from tests.servers import Server
from tests.store.pg15 import BINARIES, Postgres15, pg15
from tests.store.postgres_world import eventually
from tests.world import World

__all__ = ["pg15"]


@dataclass
class Pair:
    """A primary that can be made to hang, and a standby that takes over."""

    primary: Postgres15
    standby: Path
    database: str

    @property
    def url(self) -> str:
        hosts = f"{self.primary.folder},{self.standby}"
        wanted = "target_session_attrs=read-write"
        return f"postgresql://kalends@/{self.database}?host={hosts}&{wanted}"

    def hang(self) -> None:
        for process in self._processes():
            process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        for process in reversed(self._processes()):
            process.send_signal(signal.SIGCONT)

    def promote(self) -> None:
        assert self.on_standby("SELECT pg_promote()") == "t"

    def on_standby(self, sql: str) -> str:
        program = str(BINARIES / "psql")
        command = [program, "-XAtq", "-h", str(self.standby), "-U", "kalends", self.database]
        done = subprocess.run([*command, "-c", sql], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _processes(self) -> list[psutil.Process]:
        postmaster = psutil.Process(self.primary.pid)
        return [postmaster, *postmaster.children()]


@pytest.fixture
def pair(pg15: Postgres15) -> Iterator[Pair]:
    """Streaming replication between two servers of their own."""
    primary = Postgres15()
    database = primary.new_database().partition("@/")[2].partition("?")[0]
    standby, process = primary.standby()
    pair = Pair(primary, standby, database)
    eventually(lambda: pair.on_standby("SELECT pg_is_in_recovery()") == "t", within=60)
    yield pair
    pair.wake()
    process.send_signal(signal.SIGINT)
    process.wait(20)
    primary.stop()


def test_a_first_host_that_hangs_is_passed_by(pair: Pair, tmp_path: Path, log_file: Path) -> None:
    environment = environment_in(tmp_path, DATABASE_URL=pair.url, SECRET="x" * 32)
    with migrated(environment) as home, Server(environment, log_file) as server:
        world = World(server.url, make_organization(home), PASSWORD)
        schedule = world.create_schedule()
        kept = world.book(schedule)
        numbers = "SELECT count(*) FROM bookings"
        waiting = "SELECT count(*) FROM mails WHERE state = 'queued'"
        eventually(lambda: pair.on_standby(numbers) == "1")
        eventually(lambda: pair.on_standby(waiting) == "0")
        pair.hang()
        pair.promote()
        eventually(lambda: answers(world, kept["id"]), within=60)
        world.book(schedule, "2099-01-01T10:00:00Z")
        # Jobs have connections of their own: the mails about this booking are dealt with, too. One
        # that fails while the host hangs is tried again after 5 s, 30 s and 5 min.
        eventually(lambda: pair.on_standby(waiting) == "0", within=420)
        assert pair.on_standby("SELECT count(*) FROM mails") != "0"
        for command in (["doctor"], ["jobs"], ["backup", str(tmp_path / "backup")]):
            done = kalends(environment, *command)
            assert done.returncode == 0, done


def test_every_way_to_the_database_passes_a_hanging_host_by(pair: Pair) -> None:
    parameters = ConnectParameters(dsn=pair.url)

    async def take_all() -> list[str]:
        by_queue = queue_connection(parameters)
        async with by_queue as listening:
            one = await connect(parameters)
            directories = [await each.fetchval("SHOW data_directory") for each in (listening, one)]
            await one.close()
            return directories

    pair.hang()
    pair.promote()
    assert asyncio.run(take_all()) == [str(pair.standby / "data")] * 2


def kalends(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command: list[Any] = [sys.executable, "-m", "kalends", *words]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )


def answers(world: World, booking_id: str) -> bool:
    try:
        answer = world.api.get(f"/api/v1/bookings/{booking_id}", timeout=10)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200
