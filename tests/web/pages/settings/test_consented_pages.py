"""Calendars of Google and Microsoft in the console: connected with one click, and what was not
granted."""

from collections.abc import Iterator

import httpx
import pytest

from kalends.compose import Installation
from tests.calendars.consented.fakes import Fakes
from tests.calendars.consented.google import READ_ALONE as READ_GOOGLE_ALONE
from tests.calendars.consented.google import WRITING as WRITING_GOOGLE
from tests.calendars.consented.microsoft import READ_ALONE as READ_MICROSOFT_ALONE
from tests.calendars.consented.microsoft import WRITING as WRITING_MICROSOFT
from tests.calendars.consented.office import link_in, settings_for
from tests.calendars.test_sync import until
from tests.conftest import run
from tests.fakes.google import OWNER as OWNER_AT_GOOGLE
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import OWNER as OWNER_AT_MICROSOFT
from tests.fakes.microsoft import FakeMicrosoft
from tests.servers import Server
from tests.web.pages.console.desks import SignedInBrowser
from tests.world import World

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own_settings(fakes: Fakes) -> dict[str, str]:
    """People see the server where it is."""
    return settings_for(*fakes) | {"PUBLIC_URL": ""}


@pytest.fixture
def desk(
    google: FakeGoogle, microsoft: FakeMicrosoft, own_server: Server, own_world: World
) -> Iterator[SignedInBrowser]:
    for fake in (google, microsoft):
        fake.redirect_uris = {f"{own_server.url}/connect/callback"}
    desk = SignedInBrowser(own_world)
    yield desk
    desk.close()


def connected(desk: SignedInBrowser, provider: str) -> httpx.Response:
    """By the button, our page, the provider's page, and back."""
    page = desk.submit("/calendars/consented", provider=provider)
    assert page.url.path.startswith("/connect/")
    return desk.get(link_in(page.text))


@pytest.mark.parametrize(
    ("provider", "button", "owner", "writing"),
    [
        ("google", "Connect Google Calendar", OWNER_AT_GOOGLE, WRITING_GOOGLE),
        (
            "microsoft",
            "Connect Microsoft 365 or Outlook.com",
            OWNER_AT_MICROSOFT,
            WRITING_MICROSOFT,
        ),
    ],
)
def test_a_click_connects_the_account(
    desk: SignedInBrowser, provider: str, button: str, owner: str, writing: str
) -> None:
    assert button in desk.open("/calendars").text
    page = connected(desk, provider)
    assert page.status_code == 200
    assert owner in page.text
    assert "The calendars are connected" in page.text
    assert writing not in page.text


def test_the_account_says_which_box_was_left_unticked(
    desk: SignedInBrowser, google: FakeGoogle
) -> None:
    google.granted = READ_GOOGLE_ALONE
    page = connected(desk, "google")
    assert WRITING_GOOGLE in page.text
    google.granted = None
    assert WRITING_GOOGLE not in connected_again(desk, page).text


def test_the_account_says_what_was_not_granted(
    desk: SignedInBrowser, microsoft: FakeMicrosoft
) -> None:
    microsoft.granted = READ_MICROSOFT_ALONE
    page = connected(desk, "microsoft")
    assert "since this was not granted" in page.text
    assert WRITING_MICROSOFT in page.text
    microsoft.granted = None
    assert WRITING_MICROSOFT not in connected_again(desk, page).text


def connected_again(desk: SignedInBrowser, page: httpx.Response) -> httpx.Response:
    """By the button of the account's page."""
    path = page.url.path.removeprefix(f"/console/{desk.slug}")
    return desk.get(link_in(desk.submit(f"{path}/consent").text))


def test_a_no_leads_back_to_the_list(desk: SignedInBrowser, google: FakeGoogle) -> None:
    google.denies = True
    page = connected(desk, "google")
    assert page.url.path == f"/console/{desk.slug}/calendars"
    assert "the consent was refused" in page.text


def test_who_needs_an_administrator_is_told_so_in_the_console(
    desk: SignedInBrowser, microsoft: FakeMicrosoft
) -> None:
    microsoft.needs_admin = True
    page = connected(desk, "microsoft")
    assert page.url.path == f"/console/{desk.slug}/calendars"
    assert "only an administrator may consent" in page.text


def test_an_account_whose_consent_has_ended_says_so(
    desk: SignedInBrowser, google: FakeGoogle, own_home: Installation
) -> None:
    page = connected(desk, "google")
    google.revoke_all()
    run(own_home, "UPDATE calendars SET due_at = now() - interval '1 second', leased_by = NULL")
    desk.submit(f"{page.url.path.removeprefix(f'/console/{desk.slug}')}/read")
    until(lambda: "The consent has ended" in desk.get(page.url.path).text)
    assert "Connect again" in desk.get(page.url.path).text
