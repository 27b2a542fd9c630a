"""A server that asks Google and Microsoft of the tests, and offices that have consented."""

from collections.abc import Iterator

import pytest

from kalends.compose import Installation
from tests.calendars.consented.fakes import Fakes, fakes, google, microsoft
from tests.calendars.consented.google import GoogleOffice
from tests.calendars.consented.microsoft import MicrosoftOffice
from tests.calendars.consented.office import Browser, settings_for
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.servers import Server
from tests.world import World

__all__ = ["fakes", "google", "microsoft"]


@pytest.fixture(scope="module")
def own_settings(fakes: Fakes) -> dict[str, str]:
    return settings_for(*fakes)


@pytest.fixture
def browser(own_server: Server) -> Iterator[Browser]:
    browser = Browser(own_server.url)
    yield browser
    browser.close()


@pytest.fixture
def google_office(google: FakeGoogle, own_world: World, own_home: Installation) -> GoogleOffice:
    """Google tells it of changes."""
    google.hook = own_world.url
    return GoogleOffice(own_world, own_home, google)


@pytest.fixture
def microsoft_office(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> MicrosoftOffice:
    """Microsoft tells it of changes."""
    microsoft.hook = own_world.url
    return MicrosoftOffice(own_world, own_home, microsoft)
