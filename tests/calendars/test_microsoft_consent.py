"""Connecting a Microsoft account: the consent, from our page to Microsoft's and back."""

from collections.abc import Iterator
from functools import partial

import pytest

from kalends.compose import Installation
from tests.calendars.consented import (
    PUBLIC_URL,
    Browser,
    link_in,
    said_in,
)
from tests.calendars.consented import connected as connected_to
from tests.calendars.consented import page_for as page_of
from tests.calendars.microsoft import SCOPES, MicrosoftOffice, settings_for
from tests.conftest import fetch
from tests.fakes.microsoft import OWNER, FakeMicrosoft, running_microsoft
from tests.servers import Server
from tests.world import World

pytestmark = pytest.mark.server
connected = partial(connected_to, provider="microsoft")
page_for = partial(page_of, provider="microsoft")
WORDS = "Have full access to your calendars"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeMicrosoft]:
    with running_microsoft() as microsoft:
        yield microsoft


@pytest.fixture(scope="module")
def own_settings(running: FakeMicrosoft) -> dict[str, str]:
    return settings_for(running)


@pytest.fixture
def microsoft(running: FakeMicrosoft) -> FakeMicrosoft:
    running.quirks.clear()
    running.granted, running.denies, running.needs_admin = None, False, False
    running.account = OWNER
    running.calendars.clear()
    running.calendar()
    return running


@pytest.fixture
def browser(own_server: Server) -> Iterator[Browser]:
    browser = Browser(own_server.url)
    yield browser
    browser.close()


def test_a_consent_connects_the_account(
    microsoft: FakeMicrosoft, own_world: World, browser: Browser
) -> None:
    microsoft.calendar("team", "Team", owner="boss@contoso.test")
    answer = browser.open(browser.consent(page_for(own_world)))
    assert answer.status_code == 200
    assert "The calendars are connected" in answer.text
    (shown,) = own_world.api.get("/api/v1/calendar-connections").json()["data"]
    assert (shown["provider"], shown["account"]) == ("microsoft", OWNER)
    assert (shown["consent_lacks"], shown["reason"]) == ([], None)
    path = f"/api/v1/calendar-connections/{shown['id']}/calendars"
    listed = own_world.api.get(path).json()["data"]
    assert {one["name"]: one["access"] for one in listed} == {"Calendar": "write", "Team": "read"}


def test_our_page_says_who_asks_for_what(
    microsoft: FakeMicrosoft, own_world: World, browser: Browser
) -> None:
    page = browser.open(page_for(own_world)).text
    assert WORDS in page
    assert "boxes" not in page
    asked = said_in(link_in(page))
    assert asked["scope"].split() == SCOPES
    assert (asked["prompt"], asked["code_challenge_method"]) == ("select_account", "S256")


def test_a_no_connects_nothing(
    microsoft: FakeMicrosoft, own_world: World, browser: Browser
) -> None:
    microsoft.denies = True
    answer = browser.open(browser.consent(page_for(own_world)))
    assert "Nothing was connected" in answer.text
    assert own_world.api.get("/api/v1/calendar-connections").json()["data"] == []


def test_who_may_not_consent_alone_is_told_so(
    microsoft: FakeMicrosoft, own_world: World, browser: Browser
) -> None:
    microsoft.needs_admin = True
    answer = browser.open(browser.consent(page_for(own_world)))
    assert "only an administrator may consent" in answer.text
    url = page_for(own_world, return_url=f"{PUBLIC_URL}/console")
    answer = browser.open(browser.consent(url))
    assert said_in(answer.headers["location"]) == {"status": "needs_admin"}


def test_a_scope_that_is_needed_is_named(
    microsoft: FakeMicrosoft, own_world: World, browser: Browser
) -> None:
    microsoft.granted = {"offline_access", "User.Read"}
    answer = browser.open(browser.consent(page_for(own_world)))
    assert "Something was not granted" in answer.text
    assert WORDS in answer.text
    assert own_world.api.get("/api/v1/calendar-connections").json()["data"] == []


def test_with_the_scope_of_reading_calendars_are_read_alone(
    microsoft: FakeMicrosoft, own_world: World, browser: Browser
) -> None:
    microsoft.granted = {"offline_access", "User.Read", "Calendars.Read"}
    answer = browser.open(browser.consent(page_for(own_world)))
    assert "since this was not granted" in answer.text
    (shown,) = own_world.api.get("/api/v1/calendar-connections").json()["data"]
    assert shown["consent_lacks"] == [WORDS]
    assert WORDS in shown["reason"]
    path = f"/api/v1/calendar-connections/{shown['id']}/calendars"
    assert [one["access"] for one in own_world.api.get(path).json()["data"]] == ["read"]


def test_an_account_that_is_connected_goes_on(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> None:
    office = MicrosoftOffice(own_world, own_home, microsoft)
    microsoft.revoke_all()
    office.booked(9)
    office.wait_for(lambda: office.connection()["state"] == "reconnect")
    connection_id = office.path.rpartition("/")[2]
    assert connected(own_world, connection_id=connection_id) == office.path
    office.shows(9)
    assert office.connection()["state"] == "active"


def test_an_account_is_the_same_in_capitals(microsoft: FakeMicrosoft, own_world: World) -> None:
    first = connected(own_world)
    microsoft.account = OWNER.upper()
    assert connected(own_world) == first
    assert connected(own_world, connection_id=first.rpartition("/")[2]) == first


def test_a_token_that_lasts_gives_way_to_the_next(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation
) -> None:
    office = MicrosoftOffice(own_world, own_home, microsoft)
    for _ in range(2):
        first = list(microsoft.refresh_tokens)[-1]
        microsoft.access_tokens.clear()
        office.read_anew()
        # What was used is not used again.
        assert microsoft.refreshed[first] == 1
        del microsoft.refresh_tokens[first]
    assert office.connection()["state"] == "active"


def test_no_secret_is_stored_or_logged_in_the_clear(
    microsoft: FakeMicrosoft, own_world: World, own_home: Installation, own_server: Server
) -> None:
    connected(own_world)
    kept = fetch(own_home, "SELECT c::text FROM calendar_connections c")
    kept += fetch(own_home, "SELECT c::text FROM calendar_consents c")
    texts = [own_server.log_file.read_text(), *(row[0] for row in kept)]
    secrets = [*microsoft.access_tokens, *microsoft.refresh_tokens, "client-secret", "code-"]
    assert not [secret for secret in secrets for text in texts if secret in text]
