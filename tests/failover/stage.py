"""What is made to fail: a pair of PostgreSQL, servers that name both nodes, and destinations."""

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kalends.compose import Installation
from kalends.services.setup import MadeOrganization, set_up_organization
from tests.conftest import PASSWORD
from tests.failover.load import BookingLanes
from tests.failover.pair import DATABASE, Node, Pair
from tests.fire.destinations import CHANNELS, Destination
from tests.homes import BESIDE, environment_in, migrated
from tests.servers import Server
from tests.world import World

HOOKS = "/api/v1/webhooks"


@contextmanager
def short_folder() -> Iterator[Path]:
    """A short path, as sockets lie in it, which the user of PostgreSQL may pass."""
    folder = Path(tempfile.mkdtemp(prefix="kalends-pair-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def made_template(folder: Path) -> Path:
    """The data of a migrated cluster that lies still."""
    node = Node(folder / "template")
    node.make()
    node.start()
    node.psql(f"CREATE DATABASE {DATABASE}", "postgres")
    url = f"postgresql://kalends@/{DATABASE}?host={node.folder}"
    with migrated(environment_in(folder, DATABASE_URL=url, SECRET="x" * 32)):
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


@dataclass
class PairedServers:
    """Two servers on one pair, of which the first names the primary first, the second last; and an
    organization that nobody has used before."""

    pair: Pair
    servers: list[Server]
    environment: dict[str, str]
    home: Installation
    world: World

    def load(
        self, lanes: int = 8, *, changing: bool = False, pause_seconds: float = 0.05
    ) -> BookingLanes:
        schedules = [self.world.create_schedule(name=f"Lane {n}") for n in range(lanes)]
        urls = [server.url for server in self.servers]
        return BookingLanes(self.world, urls, schedules, changing, pause_seconds)


@dataclass
class Serving:
    """The servers by the node that they name first, their installation, and where messages of each
    channel go."""

    by_node: dict[Node, Server]
    home: Installation
    destinations: Mapping[str, Destination]


@contextmanager
def running_servers(pair: Pair, folder: Path) -> Iterator[Serving]:
    """They serve while the block lasts, also where what they run on fails."""
    one, two = pair.primary, pair.standby
    with ExitStack() as stack:
        destinations = {
            name: stack.enter_context(Destination(name, folder / name)) for name in CHANNELS
        }
        by_node = {
            nodes[0]: Server(
                environment_in(folder, **messaging(destinations), DATABASE_URL=pair.url(*nodes)),
                folder / f"{nodes[0].folder.name}.log",
            )
            for nodes in ((one, two), (two, one))
        }
        for server in by_node.values():  # side by side
            stack.callback(server.stop)
            server.start()
        home = stack.enter_context(migrated(dict(by_node[one].environment)))
        for server in by_node.values():
            server.wait_until_ready()
        yield Serving(by_node, home, destinations)


def messaging(destinations: Mapping[str, Destination]) -> dict[str, str]:
    """Settings by which messages go to the destinations, and are soon tried again."""
    return {
        "SECRET": "x" * 32,
        "OUTBOUND_ALLOW": "127.0.0.1",
        "WEBHOOK_RETRY_SCALE": "0.0001",
        "SMTP_URL": f"smtp://127.0.0.1:{destinations['mail'].port}",
        "PUBLIC_URL": "https://book.example.com",
        "MAIL_FROM": "bookings@example.com",
    }


@contextmanager
def running_fleet(pair: Pair, serving: Serving) -> Iterator[PairedServers]:
    """The servers, and the pair as it was, whatever failed in the block."""
    servers = [serving.by_node[node] for node in (pair.primary, pair.standby)]
    world = World(servers[0].url, asyncio.run(make_organization(serving.home)), PASSWORD)
    try:
        yield PairedServers(pair, servers, dict(servers[0].environment), serving.home, world)
    finally:
        world.close()
        if pair.has_failed_over:
            pair.rejoin()


def subscribe(world: World, destination: Destination) -> None:
    """All events of the organization go there."""
    url = f"http://127.0.0.1:{destination.port}/{uuid.uuid4().hex}"
    assert world.api.post(HOOKS, json={"url": url}).status_code == 201


async def make_organization(home: Installation) -> MadeOrganization:
    """A new one, on a connection that is closed again, as the servers' are counted."""
    context = home.context(BESIDE)
    try:
        name = uuid.uuid4().hex
        return await set_up_organization(context, name, f"{name}@example.test", PASSWORD)
    finally:
        await context.close()
