"""Pairs of PostgreSQL, copies of one that is migrated, and servers that name both."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kalends.compose import Installation
from kalends.services.setup import MadeOrganization, set_up_organization
from tests.conftest import PASSWORD
from tests.failover.load import BookingLanes
from tests.failover.pair import DATABASE, Node, Pair
from tests.homes import BESIDE, environment_in, migrated
from tests.servers import Server
from tests.store.pg15 import BINARIES, HOW_TO_GET_IT
from tests.world import World


@pytest.fixture(scope="session")
def folders() -> Iterator[Path]:
    """Short paths, as sockets lie in them, which the user of PostgreSQL may pass. Skips without
    PostgreSQL 15, and fails in CI, where it must be there."""
    if not (BINARIES / "postgres").exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW_TO_GET_IT)
    folder = Path(tempfile.mkdtemp(prefix="kalends-pair-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(folders: Path) -> Path:
    """The data of a migrated cluster that lies still."""
    node = Node(folders / "template")
    node.make()
    node.start()
    node.psql(f"CREATE DATABASE {DATABASE}", "postgres")
    url = f"postgresql://kalends@/{DATABASE}?host={node.folder}"
    with migrated(environment_in(folders, DATABASE_URL=url, SECRET="x" * 32)):
        node.stop_cleanly()
    return node.data


@contextmanager
def running_pair(folders: Path, template: Path) -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(dir=folders))
    folder.chmod(0o755)
    pair = Pair(folder, template)
    try:
        yield pair
    finally:
        pair.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def served_pair(folders: Path, template: Path) -> Iterator[Pair]:
    """The one that servers use."""
    with running_pair(folders, template) as pair:
        yield pair


@dataclass
class PairedServers:
    """Two servers on one pair, of which the first names the primary first, the second last; and an
    organization that nobody has used before."""

    pair: Pair
    servers: list[Server]
    environment: dict[str, str]
    home: Installation
    world: World

    def load(self, lanes: int = 8) -> BookingLanes:
        schedules = [self.world.create_schedule(name=f"Lane {n}") for n in range(lanes)]
        return BookingLanes(self.world, [server.url for server in self.servers], schedules)


@dataclass
class Serving:
    """The servers by the node that they name first, and their installation."""

    by_node: dict[Node, Server]
    home: Installation


@pytest.fixture(scope="session")
def serving(served_pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """They serve for all tests: what fails is PostgreSQL, which they outlive."""
    folder = tmp_path_factory.mktemp("fleet")
    one, two = served_pair.primary, served_pair.standby
    by_node = {
        nodes[0]: Server(
            environment_in(folder, DATABASE_URL=served_pair.url(*nodes), SECRET="x" * 32),
            folder / f"{nodes[0].folder.name}.log",
        )
        for nodes in ((one, two), (two, one))
    }
    with ExitStack() as stack:
        for server in by_node.values():  # side by side
            stack.callback(server.stop)
            server.start()
        home = stack.enter_context(migrated(dict(by_node[one].environment)))
        for server in by_node.values():
            server.wait_until_ready()
        yield Serving(by_node, home)


@contextmanager
def running_fleet(pair: Pair, serving: Serving) -> Iterator[PairedServers]:
    """The servers, and the pair as it was, whatever failed in the block."""
    servers = [serving.by_node[node] for node in (pair.primary, pair.standby)]
    world = World(servers[0].url, asyncio.run(make_organization(serving.home)), PASSWORD)
    try:
        yield PairedServers(pair, servers, dict(servers[0].environment), serving.home, world)
    finally:
        world.close()
        if pair.has_failed_over():
            pair.rejoin()


@pytest.fixture
def fleet(served_pair: Pair, serving: Serving) -> Iterator[PairedServers]:
    with running_fleet(served_pair, serving) as fleet:
        yield fleet


async def make_organization(home: Installation) -> MadeOrganization:
    """A new one, on a connection that is closed again, as the servers' are counted."""
    context = home.context(BESIDE)
    try:
        name = uuid.uuid4().hex
        return await set_up_organization(context, name, f"{name}@example.test", PASSWORD)
    finally:
        await context.close()
