"""The providers of the tests, each started once in a module and new for each test: fixtures for who
imports them."""

from collections.abc import Iterator

import pytest

from tests.calendars.consented import Browser
from tests.calendars.difficult import difficult_server
from tests.fakes.caldav import DifficultCalDav
from tests.fakes.google import FakeGoogle, running_google
from tests.fakes.microsoft import FakeMicrosoft, running_microsoft
from tests.servers import Server


@pytest.fixture(scope="module")
def google_running() -> Iterator[FakeGoogle]:
    with running_google() as google:
        yield google


@pytest.fixture
def google(google_running: FakeGoogle) -> FakeGoogle:
    google_running.forget()
    return google_running


@pytest.fixture(scope="module")
def microsoft_running() -> Iterator[FakeMicrosoft]:
    with running_microsoft() as microsoft:
        yield microsoft


@pytest.fixture
def microsoft(microsoft_running: FakeMicrosoft) -> FakeMicrosoft:
    microsoft_running.forget()
    return microsoft_running


@pytest.fixture
def browser(own_server: Server) -> Iterator[Browser]:
    browser = Browser(own_server.url)
    yield browser
    browser.close()


@pytest.fixture
def dav() -> Iterator[DifficultCalDav]:
    with difficult_server() as dav:
        yield dav
