"""One server, and one destination of each channel, that the tests may break."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kalends.compose import Installation
from tests.conftest import PASSWORD, make_organization
from tests.fire.destinations import CHANNELS, Destination
from tests.homes import RunningInstallation, running
from tests.servers import Server
from tests.world import World

Destinations = Mapping[str, Destination]
HOOKS = "/api/v1/webhooks"


@pytest.fixture(scope="package")
def destinations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Destinations]:
    folder = tmp_path_factory.mktemp("destinations")
    with ExitStack() as stack:
        yield {name: stack.enter_context(Destination(name, folder / name)) for name in CHANNELS}


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def destination(destinations: Destinations, channel: str) -> Destination:
    return destinations[channel]


@pytest.fixture(scope="package")
def under_fire(
    tmp_path_factory: pytest.TempPathFactory, destinations: Destinations
) -> Iterator[RunningInstallation]:
    with running(
        tmp_path_factory.mktemp("fire"),
        OUTBOUND_ALLOW="127.0.0.1",
        WEBHOOK_RETRY_SCALE="0.0001",
        SMTP_URL=f"smtp://127.0.0.1:{destinations['mail'].port}",
        PUBLIC_URL="https://book.example.com",
        MAIL_FROM="bookings@example.com",
    ) as under_fire:
        yield under_fire


@pytest.fixture(scope="package")
def own_environment(under_fire: RunningInstallation) -> dict[str, str]:
    return under_fire.environment


@pytest.fixture(scope="package")
def own_home(under_fire: RunningInstallation) -> Installation:
    return under_fire.home


@pytest.fixture(scope="package")
def _own_server(under_fire: RunningInstallation) -> Server:
    return under_fire.server


@pytest.fixture(scope="module")
def world(
    own_home: Installation, _own_server: Server, destinations: Destinations
) -> Iterator[World]:
    """An organization whose events go to each of the destinations. What the module before has
    broken works again."""
    for destination in destinations.values():
        destination.start()
    _own_server.ensure_running()
    world = World(_own_server.url, make_organization(own_home), PASSWORD)
    with subscribed(world, destinations["webhook"]):
        yield world
    world.close()


@contextmanager
def subscribed(world: World, destination: Destination) -> Iterator[str]:
    """The path of a webhook endpoint that is there while the block lasts."""
    url = f"http://127.0.0.1:{destination.port}/hook"
    hook = world.api.post(HOOKS, json={"url": url}).json()["data"]
    path = f"{HOOKS}/{hook['id']}"
    yield path
    assert world.api.delete(path).is_success


@pytest.fixture
def other_endpoint(tmp_path: Path) -> Iterator[Destination]:
    with Destination("webhook", tmp_path / "other") as destination:
        yield destination
