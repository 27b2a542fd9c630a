"""Microsoft calendars in the console: connected with one click, and what was not granted."""

from collections.abc import Iterator

import pytest

from tests.calendars.consented import link_in
from tests.calendars.microsoft import settings_for
from tests.fakes.microsoft import OWNER, FakeMicrosoft, running_microsoft
from tests.servers import Server
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.settings.test_google_pages import connected as connected_to
from tests.world import World

pytestmark = pytest.mark.server
WORDS = "Have full access to your calendars"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeMicrosoft]:
    with running_microsoft() as microsoft:
        yield microsoft


@pytest.fixture(scope="module")
def own_settings(running: FakeMicrosoft) -> dict[str, str]:
    """People see the server where it is."""
    return settings_for(running) | {"PUBLIC_URL": ""}


@pytest.fixture
def microsoft(running: FakeMicrosoft, own_server: Server) -> FakeMicrosoft:
    running.redirect_uris = {f"{own_server.url}/connect/callback"}
    running.granted, running.denies, running.needs_admin = None, False, False
    return running


@pytest.fixture
def desk(microsoft: FakeMicrosoft, own_world: World) -> Iterator[SignedInBrowser]:
    desk = SignedInBrowser(own_world)
    yield desk
    desk.close()


def test_a_click_connects_the_account(desk: SignedInBrowser) -> None:
    assert "Connect Microsoft 365 or Outlook.com" in desk.open("/calendars").text
    page = connected_to(desk, "microsoft")
    assert page.status_code == 200
    assert OWNER in page.text
    assert "The calendars are connected" in page.text
    assert WORDS not in page.text


def test_the_account_says_what_was_not_granted(
    desk: SignedInBrowser, microsoft: FakeMicrosoft
) -> None:
    microsoft.granted = {"offline_access", "User.Read", "Calendars.Read"}
    page = connected_to(desk, "microsoft")
    assert "since this was not granted" in page.text
    assert WORDS in page.text
    microsoft.granted = None
    path = page.url.path.removeprefix(f"/console/{desk.slug}")
    again = desk.submit(f"{path}/consent")
    assert WORDS not in desk.get(link_in(again.text)).text


def test_who_needs_an_administrator_is_told_so_in_the_console(
    desk: SignedInBrowser, microsoft: FakeMicrosoft
) -> None:
    microsoft.needs_admin = True
    page = connected_to(desk, "microsoft")
    assert page.url.path == f"/console/{desk.slug}/calendars"
    assert "only an administrator may consent" in page.text
