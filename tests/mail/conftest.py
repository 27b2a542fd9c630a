"""A server whose mail goes to a mail server of the tests."""

import time
from collections.abc import Iterator

import pytest

from kalends.compose import Installation
from tests.conftest import PASSWORD, fetch, make_organization
from tests.homes import RunningInstallation, running
from tests.mail.posting import Post
from tests.smtp import PostOffice, post_office
from tests.world import World


@pytest.fixture(scope="package")
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture
def world(mailing: RunningInstallation, office: PostOffice) -> Iterator[World]:
    wait_for_the_mail_before(mailing.home)
    office.taken.clear()
    office.offered = 0
    office.answer = lambda _: "250 OK"
    world = World(mailing.server.url, make_organization(mailing.home), PASSWORD)
    yield world
    world.close()


@pytest.fixture(scope="package")
def mailing(
    tmp_path_factory: pytest.TempPathFactory, office: PostOffice
) -> Iterator[RunningInstallation]:
    folder = tmp_path_factory.mktemp("mail")
    sender = {"PUBLIC_URL": "https://book.example.com", "MAIL_FROM": "bookings@example.com"}
    with running(folder, SMTP_URL=office.url, **sender) as mailing:
        yield mailing


@pytest.fixture
def post(world: World, office: PostOffice, mailing: RunningInstallation) -> Post:
    return Post(world, office, mailing.home)


def wait_for_the_mail_before(home: Installation) -> None:
    """What the test before did not wait for must not come to the next one."""
    under_way = "SELECT 1 FROM webhook_lanes WHERE channel = 'mail' AND waiting > 0"
    until = time.monotonic() + 90
    while fetch(home, under_way) and time.monotonic() < until:
        time.sleep(0.1)
