"""Installations of their own, for tests that need other settings, or break what they run on."""

import asyncio
import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kalends.compose import Installation, installation, migrate_now
from kalends.settings import Settings
from kalends.store.database import COMMANDS, ConnectionLimits, ConnectParameters
from kalends.store.embedded.server import EmbeddedPostgres
from kalends.store.migrate import migrate
from tests.servers import Server

# Processes are killed in tests, machines are not.
UNSAFE = {"fsync": "off"}
# Of what tests do beside the server: as patient as a command, and told from the server's own.
BESIDE = ConnectionLimits(COMMANDS.seconds, {**COMMANDS.session, "application_name": "tests"})


def environment_in(folder: Path, **settings: str) -> dict[str, str]:
    """Settings with a data directory in the folder and without rate limits; further ones by
    their names without `KALENDS_`."""
    named = {f"KALENDS_{name}": value for name, value in settings.items()}
    return {
        "KALENDS_DATA_DIR": str(folder / "data"),
        "KALENDS_RATE_LIMIT_READ": "none",
        "KALENDS_RATE_LIMIT_WRITE": "none",
        "KALENDS_RATE_LIMIT_PAGE_ADDRESS": "none",
        "KALENDS_RATE_LIMIT_PAGE_SCHEDULE": "none",
    } | named


class Template:
    """A migrated cluster that lies still. All workers of a run copy it instead of making and
    migrating one for each installation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster = folder / "data" / "postgres"

    def copy_to(self, data_dir: Path) -> None:
        self._make_once()
        data_dir.mkdir(mode=0o700, parents=True)
        subprocess.run(["cp", "-a", self._cluster, data_dir], check=True)

    def _make_once(self) -> None:
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self._folder / "made").exists():
                self._make()
                (self._folder / "made").touch()

    def _make(self) -> None:
        with EmbeddedPostgres(self._cluster.parent, settings=UNSAFE) as lease:
            asyncio.run(migrate(ConnectParameters(dsn=lease.url)))
        with (self._cluster / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in UNSAFE.items())


class _Templates:
    """Where the template of this run is: a fixture of the session says so."""

    folder: Path


def templates_in(folder: Path) -> None:
    """Has all workers of this run share a template in the folder."""
    _Templates.folder = folder


def copy_template(data_dir: Path) -> None:
    """Has a data directory, which is not there yet, begin with a migrated cluster."""
    Template(_Templates.folder).copy_to(data_dir)


@contextmanager
def migrated(environment: dict[str, str]) -> Iterator[Installation]:
    """The installation, whose PostgreSQL runs while the block does, though servers come and go.

    A data directory that is not there begins as a copy of the template.
    """
    settings = Settings.from_environ(environment)
    if not settings.database_url and not settings.data_dir.exists():
        copy_template(settings.data_dir)
    with installation(settings) as home:
        migrate_now(home)
        yield home


@dataclass(frozen=True)
class RunningInstallation:
    """A migrated installation, and a server of it."""

    environment: dict[str, str]
    home: Installation
    server: Server


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[RunningInstallation]:
    """One with these settings, in the folder; its PostgreSQL is not stopped while servers come
    and go."""
    environment = environment_in(folder, **settings)
    with migrated(environment) as home, Server(environment, folder / "server.log") as server:
        yield RunningInstallation(environment, home, server)
