"""A server whose mail goes to a mail server of the tests."""

import time
from collections.abc import Iterator

import pytest

from kalends.compose import Installation
from tests.conftest import PASSWORD, fetch, make_organization
from tests.homes import environment_in, migrated
from tests.mail.posting import Post
from tests.servers import Server
from tests.smtp import PostOffice, post_office
from tests.world import World


@pytest.fixture(scope="session")
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture(scope="session")
def mail_environment(
    tmp_path_factory: pytest.TempPathFactory, office: PostOffice
) -> dict[str, str]:
    return environment_in(
        tmp_path_factory.mktemp("mail"),
        SMTP_URL=office.url,
        PUBLIC_URL="https://book.example.com",
        MAIL_FROM="bookings@example.com",
    )


@pytest.fixture(scope="session")
def mail_home(mail_environment: dict[str, str]) -> Iterator[Installation]:
    with migrated(mail_environment) as home:
        yield home


@pytest.fixture(scope="session")
def mail_server(
    mail_home: Installation,
    mail_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "mail.log"
    with Server(mail_environment, log) as server:
        yield server


@pytest.fixture
def world(mail_home: Installation, mail_server: Server, office: PostOffice) -> Iterator[World]:
    wait_for_the_mail_before(mail_home)
    office.taken.clear()
    office.offered = 0
    office.answer = lambda _: "250 OK"
    world = World(mail_server.url, make_organization(mail_home), PASSWORD)
    yield world
    world.close()


@pytest.fixture
def post(world: World, office: PostOffice, mail_home: Installation) -> Post:
    return Post(world, office, mail_home)


def wait_for_the_mail_before(home: Installation) -> None:
    """What the test before did not wait for must not come to the next one."""
    under_way = (
        "SELECT 1 FROM pgqueuer WHERE entrypoint = 'mail' AND status IN ('queued', 'picked')"
    )
    until = time.monotonic() + 90
    while fetch(home, under_way) and time.monotonic() < until:
        time.sleep(0.1)
