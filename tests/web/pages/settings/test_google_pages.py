"""Google calendars in the console: connected with one click, and what was left unticked."""

from collections.abc import Iterator

import httpx
import pytest

from kalends.compose import Installation
from tests.calendars.consented import link_in
from tests.calendars.google import SCOPE, settings_for
from tests.calendars.test_sync import until
from tests.conftest import run
from tests.fakes.google import OWNER, FakeGoogle, running_google
from tests.servers import Server
from tests.web.pages.console.desks import SignedInBrowser
from tests.world import World

pytestmark = pytest.mark.server
UNTICKED = "See, create, change, and delete events on Google calendars you own"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeGoogle]:
    with running_google() as google:
        yield google


@pytest.fixture(scope="module")
def own_settings(running: FakeGoogle) -> dict[str, str]:
    """People see the server where it is."""
    return settings_for(running) | {"PUBLIC_URL": ""}


@pytest.fixture
def google(running: FakeGoogle, own_server: Server) -> FakeGoogle:
    running.redirect_uris = {f"{own_server.url}/connect/callback"}
    running.ticked, running.denies = None, False
    return running


@pytest.fixture
def desk(google: FakeGoogle, own_world: World) -> Iterator[SignedInBrowser]:
    desk = SignedInBrowser(own_world)
    yield desk
    desk.close()


def connected(desk: SignedInBrowser, provider: str = "google") -> httpx.Response:
    """By the button, our page, the provider's page, and back."""
    page = desk.submit("/calendars/consented", provider=provider)
    assert page.url.path.startswith("/connect/")
    return desk.get(link_in(page.text))


def test_a_click_connects_the_account(desk: SignedInBrowser) -> None:
    assert "Connect Google Calendar" in desk.open("/calendars").text
    page = connected(desk)
    assert page.status_code == 200
    assert OWNER in page.text
    assert "The calendars are connected" in page.text
    assert UNTICKED not in page.text


def test_the_account_says_which_box_was_left_unticked(
    desk: SignedInBrowser, google: FakeGoogle
) -> None:
    google.ticked = {SCOPE + "calendarlist.readonly", SCOPE + "events.freebusy"}
    page = connected(desk)
    assert UNTICKED in page.text
    google.ticked = None
    path = page.url.path.removeprefix(f"/console/{desk.slug}")
    again = desk.submit(f"{path}/consent")
    assert UNTICKED not in desk.get(link_in(again.text)).text


def test_a_no_leads_back_to_the_list(desk: SignedInBrowser, google: FakeGoogle) -> None:
    google.denies = True
    page = connected(desk)
    assert page.url.path == f"/console/{desk.slug}/calendars"
    assert "the consent was refused" in page.text


def test_an_account_whose_consent_has_ended_says_so(
    desk: SignedInBrowser, google: FakeGoogle, own_home: Installation
) -> None:
    page = connected(desk)
    google.revoke_all()
    run(own_home, "UPDATE calendars SET due_at = now() - interval '1 second', leased_by = NULL")
    desk.submit(f"{page.url.path.removeprefix(f'/console/{desk.slug}')}/read")
    until(lambda: "The consent has ended" in desk.get(page.url.path).text)
    assert "Connect again" in desk.get(page.url.path).text
