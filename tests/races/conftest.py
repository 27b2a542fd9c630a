"""Three server processes on one database: the embedded one, and Debian's PostgreSQL 15."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kalends.compose import Installation
from tests.conftest import PASSWORD, make_organization
from tests.homes import migrated
from tests.servers import Server
from tests.store.pg15 import pg15
from tests.world import World

__all__ = ["pg15"]

PROCESSES = 3


@dataclass
class Fleet:
    """Servers that share a database."""

    home: Installation
    servers: list[Server]

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    @property
    def url(self) -> str:
        """That of their database."""
        dsn = self.home.parameters.dsn
        assert dsn is not None
        return dsn

    def new_world(self) -> World:
        return World(self.urls[0], make_organization(self.home), PASSWORD)


@pytest.fixture(scope="package", params=["embedded", "postgresql-15"])
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with migrated(_environment(request, folder)) as home:
        servers = [
            Server(_environment(request, folder), folder / f"{number}.log").start()
            for number in range(PROCESSES)
        ]
        try:
            yield Fleet(home, [server.wait_until_ready() for server in servers])
        finally:
            for server in servers:
                server.stop()


def _environment(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    environment = {
        "KALENDS_DATA_DIR": str(folder / "data"),
        "KALENDS_RATE_LIMIT_READ": "none",
        "KALENDS_RATE_LIMIT_WRITE": "none",
        "KALENDS_RATE_LIMIT_PAGE_ADDRESS": "none",
        # A line for each of fifteen thousand requests, which nobody reads.
        "KALENDS_LOG_LEVEL": "warning",
    }
    if request.param == "postgresql-15":
        environment["KALENDS_DATABASE_URL"] = request.getfixturevalue("pg15").url
        environment["KALENDS_SECRET"] = "a secret for tests, and for nothing else"
    return environment


@pytest.fixture
def world(fleet: Fleet) -> Iterator[World]:
    world = fleet.new_world()
    yield world
    world.close()
