"""Connecting a Microsoft account: the consent, from our page to Microsoft's and back."""

from functools import partial

import pytest

from kalends.compose import Installation
from tests.calendars.consented.microsoft import SCOPES, WRITING, MicrosoftOffice
from tests.calendars.consented.office import (
    CONNECTIONS,
    PUBLIC_URL,
    Browser,
    link_in,
    said_in,
)
from tests.calendars.consented.office import connected as connected_to
from tests.calendars.consented.office import page_for as page_of
from tests.fakes.microsoft import OWNER, FakeMicrosoft
from tests.world import World

pytestmark = pytest.mark.server
connected = partial(connected_to, provider="microsoft")
page_for = partial(page_of, provider="microsoft")


def test_our_page_says_who_asks_for_what(
    microsoft: FakeMicrosoft, own_world: World, browser: Browser
) -> None:
    page = browser.open(page_for(own_world)).text
    assert WRITING in page
    assert "boxes" not in page
    asked = said_in(link_in(page))
    assert asked["scope"].split() == SCOPES
    assert (asked["prompt"], asked["code_challenge_method"]) == ("select_account", "S256")


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
    assert WRITING in answer.text
    assert own_world.api.get(CONNECTIONS).json()["data"] == []


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
