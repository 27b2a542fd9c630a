"""Connecting a Google account: the consent, from our page to Google's and back."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from kalends.compose import Installation
from kalends.domain import ids
from kalends.domain.calendars.consent import Tokens
from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.origins import origin_of
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.accounts.tokens import ConnectionTokens, seal_tokens
from kalends.store.calendars.tokens import find_tokens, replace_tokens
from tests.calendars.consented.google import SCOPE, GoogleOffice
from tests.calendars.consented.office import (
    AUTHORIZE,
    CONNECTIONS,
    Browser,
    link_in,
    said_in,
)
from tests.calendars.consented.office import connected as connected_to
from tests.calendars.consented.office import page_for as page_of
from tests.conftest import beside, run
from tests.fakes.google import OWNER, FakeGoogle
from tests.servers import WorkerProcess
from tests.world import World

pytestmark = pytest.mark.server
connected, page_for = partial(connected_to, provider="google"), partial(page_of, provider="google")


def test_our_page_says_who_asks_for_what(
    google: FakeGoogle, own_world: World, browser: Browser
) -> None:
    page = browser.open(page_for(own_world)).text
    name = own_world.api.get("/api/v1/organization").json()["data"]["name"]
    assert name in page
    assert "See the availability on Google calendars you have access to" in page
    asked = said_in(link_in(page))
    assert asked["scope"].split() == [
        SCOPE + name for name in ("calendarlist.readonly", "events.freebusy", "events.owned")
    ]
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")


def test_the_link_works_in_one_browser_alone(
    google: FakeGoogle, own_world: World, browser: Browser
) -> None:
    url = page_for(own_world)
    assert browser.open(url).status_code == 200
    assert browser.open(url).status_code == 200
    other = Browser(browser.url)
    assert other.open(url).status_code == 404
    other.close()


def test_a_state_of_another_browser_is_refused(
    google: FakeGoogle, own_world: World, browser: Browser
) -> None:
    address = browser.consent(page_for(own_world))
    other = Browser(browser.url)
    other.open(page_for(own_world))
    assert other.open(address).status_code == 404
    other.close()
    assert own_world.api.get(CONNECTIONS).json()["data"] == []


def test_an_answer_is_taken_once(google: FakeGoogle, own_world: World, browser: Browser) -> None:
    address = browser.consent(page_for(own_world))
    assert browser.open(address).status_code == 200
    assert browser.open(address).status_code == 404


def test_a_consent_is_over_after_ten_minutes(
    google: FakeGoogle, own_world: World, own_home: Installation, browser: Browser
) -> None:
    url = page_for(own_world)
    address = browser.consent(url)
    run(own_home, "UPDATE calendar_consents SET expires_at = expires_at - interval '601 seconds'")
    assert browser.open(address).status_code == 404
    assert browser.open(url).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com\\@evil.example/",
        "//evil.example/",
        "http://app.example.com/",
        "https://app.example.com:444/",
        "javascript:alert(1)",
        "https:app.example.com",
    ],
)
def test_nobody_is_sent_to_an_origin_that_is_not_named(own_world: World, url: str) -> None:
    change = {"return_origins": ["https://app.example.com"]}
    assert own_world.api.patch("/api/v1/organization", json=change).status_code == 200
    answer = own_world.api.post(AUTHORIZE, json={"provider": "google", "return_url": url})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "return_url"


def test_the_person_goes_back_to_an_origin_that_is_named(
    google: FakeGoogle, own_world: World, browser: Browser
) -> None:
    change = {"return_origins": ["https://App.example.com:443"]}
    own_world.api.patch("/api/v1/organization", json=change)
    url = page_for(own_world, return_url="https://app.example.com/done?step=2")
    answer = browser.open(browser.consent(url))
    assert answer.status_code == 303
    assert origin_of(answer.headers["location"]) == "https://app.example.com"
    said = said_in(answer.headers["location"])
    assert (said["step"], said["status"]) == ("2", "connected")
    assert own_world.api.get(f"/api/v1/calendar-connections/{said['connection_id']}").is_success


@pytest.mark.parametrize("origin", ["https://a.example/path", "http://a.example", "a.example", "*"])
def test_an_origin_is_no_address(own_world: World, origin: str) -> None:
    answer = own_world.api.patch("/api/v1/organization", json={"return_origins": [origin]})
    assert answer.status_code == 422


def test_a_box_that_is_needed_is_named(
    google: FakeGoogle, own_world: World, browser: Browser
) -> None:
    google.granted = {SCOPE + "calendarlist.readonly", SCOPE + "events.owned"}
    answer = browser.open(browser.consent(page_for(own_world)))
    assert "A box was left unticked" in answer.text
    assert "See the availability on Google calendars you have access to" in answer.text
    assert own_world.api.get(CONNECTIONS).json()["data"] == []


def test_an_account_that_is_connected_goes_on(google: FakeGoogle, own_world: World) -> None:
    assert connected(own_world) == connected(own_world)


def test_another_account_does_not_renew_a_connection(
    google: FakeGoogle, own_world: World, browser: Browser
) -> None:
    path = connected(own_world)
    google.account = "eve@example.test"
    google.calendar("eve@example.test")
    connection_id = path.rpartition("/")[2]
    answer = browser.open(browser.consent(page_for(own_world, connection_id=connection_id)))
    assert "It did not work" in answer.text
    assert own_world.api.get(path).json()["data"]["account"] == OWNER


def test_a_sandbox_asks_google_for_nothing(own_world: World) -> None:
    answer = own_world.sandbox.post(AUTHORIZE, json={"provider": "google"})
    assert answer.status_code == 422


def test_google_is_not_connected_by_a_password(own_world: World) -> None:
    answer = own_world.api.post(CONNECTIONS, json={"provider": "google"})
    assert answer.status_code == 422
    assert "authorize" in answer.text


def test_of_many_who_need_a_new_token_one_asks(
    google: FakeGoogle,
    own_world: World,
    own_home: Installation,
    own_environment: dict[str, str],
    log_file: Path,
) -> None:
    for number in range(6):
        google.calendar(f"room{number}@example.test", role="reader")
    office = GoogleOffice(own_world, own_home, google)
    with WorkerProcess(own_environment, log_file):
        google.access_tokens.clear()
        google.refresh_seconds = 1.0
        office.read_anew()
    google.refresh_seconds = 0.0
    assert google.refreshed[office.refresh_token] == 1
    assert office.connection()["state"] == "active"


def test_a_newer_token_does_not_give_way_to_an_older(
    google: FakeGoogle, own_world: World, own_home: Installation
) -> None:
    office = GoogleOffice(own_world, own_home, google)
    connection_id = ids.decode_id(ids.CALENDAR_CONNECTION, office.path.rpartition("/")[2])
    assert connection_id is not None
    newer = Tokens(
        access_token="newer",
        access_until=datetime.now(UTC) + timedelta(hours=1),
        refresh_token=office.refresh_token,
    )

    async def be_overtaken(context: Context) -> tuple[str | CalendarFailure, str | CalendarFailure]:
        provider = context.gateways.consents["google"]
        source = ConnectionTokens(context, office.organization_id, connection_id, 1, provider)
        refused = await source.access_token()
        assert isinstance(refused, str)
        slow = asyncio.create_task(source.access_token(refused))
        async with context.database.tenant_connection(office.organization_id) as tenant:
            while not (stored := await find_tokens(tenant, connection_id)) or not stored.is_leased:
                await asyncio.sleep(0.01)
            sealed = seal_tokens(context.seal, connection_id, newer)
            await replace_tokens(tenant, connection_id, sealed)
        return await slow, await source.access_token()

    google.refresh_seconds = 1.0
    assert beside(own_home, be_overtaken) == ("newer", "newer")
    google.refresh_seconds = 0.0
