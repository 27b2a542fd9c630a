"""Connecting an account by consent: what is the same of Google and Microsoft."""

from typing import NamedTuple

import pytest

from kalends.compose import Installation
from tests.calendars.consented.google import READ_ALONE as READ_GOOGLE_ALONE
from tests.calendars.consented.google import WRITING as WRITING_GOOGLE
from tests.calendars.consented.google import GoogleOffice
from tests.calendars.consented.microsoft import READ_ALONE as READ_MICROSOFT_ALONE
from tests.calendars.consented.microsoft import WRITING as WRITING_MICROSOFT
from tests.calendars.consented.microsoft import MicrosoftOffice
from tests.calendars.consented.office import (
    CONNECTIONS,
    PUBLIC_URL,
    Browser,
    ConsentedOffice,
    access_of,
    connected,
    page_for,
    reads_alone,
    said_in,
)
from tests.conftest import fetch
from tests.fakes.consented import CLIENT_SECRET
from tests.fakes.google import OWNER as OWNER_AT_GOOGLE
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import OWNER as OWNER_AT_MICROSOFT
from tests.fakes.microsoft import FakeMicrosoft
from tests.servers import Server
from tests.world import World

pytestmark = pytest.mark.server
Fake = FakeGoogle | FakeMicrosoft


class Terms(NamedTuple):
    """What a provider has in its own way: whose the account is, its calendars, and the scopes of
    reading, without that of writing, which is described by these words and missed by those."""

    owner: str
    calendars: dict[str, str]
    read_alone: set[str]
    writing: str
    missed: str


TERMS = {
    "google": Terms(
        OWNER_AT_GOOGLE,
        {"ada": "write", "team": "read"},
        READ_GOOGLE_ALONE,
        WRITING_GOOGLE,
        "since this box was left unticked",
    ),
    "microsoft": Terms(
        OWNER_AT_MICROSOFT,
        {"Calendar": "write", "Team": "read"},
        READ_MICROSOFT_ALONE,
        WRITING_MICROSOFT,
        "since this was not granted",
    ),
}


@pytest.fixture(params=["google", "microsoft"])
def fake(request: pytest.FixtureRequest, google: FakeGoogle, microsoft: FakeMicrosoft) -> Fake:
    """An account that others share a calendar with."""
    if request.param == "google":
        google.calendar("team@example.test", role="reader")
        return google
    microsoft.calendar("team", "Team", owner="boss@contoso.test")
    return microsoft


def office_of(fake: Fake, world: World, home: Installation) -> ConsentedOffice:
    if isinstance(fake, FakeGoogle):
        return GoogleOffice(world, home, fake)
    return MicrosoftOffice(world, home, fake)


def test_a_consent_connects_the_account(fake: Fake, own_world: World, browser: Browser) -> None:
    answer = browser.open(browser.consent(page_for(own_world, fake.NAME)))
    assert answer.status_code == 200
    assert "The calendars are connected" in answer.text
    (shown,) = own_world.api.get(CONNECTIONS).json()["data"]
    terms = TERMS[fake.NAME]
    assert (shown["provider"], shown["account"]) == (fake.NAME, terms.owner)
    assert (shown["consent_lacks"], shown["reason"]) == ([], None)
    assert access_of(own_world, shown) == terms.calendars


def test_a_no_connects_nothing(fake: Fake, own_world: World, browser: Browser) -> None:
    fake.denies = True
    answer = browser.open(browser.consent(page_for(own_world, fake.NAME)))
    assert "Nothing was connected" in answer.text
    url = page_for(own_world, fake.NAME, return_url=f"{PUBLIC_URL}/console")
    answer = browser.open(browser.consent(url))
    assert said_in(answer.headers["location"]) == {"status": "denied"}
    assert own_world.api.get(CONNECTIONS).json()["data"] == []


def test_without_the_scope_for_writing_calendars_are_read_alone(
    fake: Fake, own_world: World, browser: Browser
) -> None:
    terms = TERMS[fake.NAME]
    fake.granted = terms.read_alone
    answer = browser.open(browser.consent(page_for(own_world, fake.NAME)))
    assert terms.missed in answer.text
    assert terms.writing in answer.text
    reads_alone(own_world, terms.writing)


def test_no_secret_is_stored_or_logged_in_the_clear(
    fake: Fake, own_world: World, own_home: Installation, own_server: Server
) -> None:
    connected(own_world, fake.NAME)
    kept = fetch(own_home, "SELECT c::text FROM calendar_connections c")
    kept += fetch(own_home, "SELECT c::text FROM calendar_consents c")
    texts = [own_server.log_file.read_text(), *(row[0] for row in kept)]
    secrets = [*fake.access_tokens, *fake.refresh_tokens, CLIENT_SECRET, "code-"]
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_a_consent_that_was_taken_back_waits_for_another(
    fake: Fake, own_world: World, own_home: Installation
) -> None:
    own_world.api.patch("/api/v1/organization", json={"notify_email": "desk@example.com"})
    office = office_of(fake, own_world, own_home)
    fake.revoke_all()
    office.booked(9)
    office.wait_for(lambda: office.connection()["state"] == "reconnect")
    assert "consent has ended" in office.connection()["reason"]
    assert [finding["kind"] for finding in office.findings()] == ["reconnect"]
    assert office.mails("calendar_finding") == 1
    connection_id = office.path.rpartition("/")[2]
    assert connected(own_world, fake.NAME, connection_id=connection_id) == office.path
    office.shows(9)
    office.wait_for(lambda: office.findings() == [])
    office.wait_for(lambda: office.connection()["state"] == "active")
