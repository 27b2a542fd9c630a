"""An account of a fake Google that has consented to everything."""

from collections.abc import AsyncIterator

import pytest

from kalends.domain.calendars.failures import CalendarFailure, ConsentEnded
from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.google.places import SCOPES, places_at
from kalends.gateways.http import GuardedHttp
from tests.fakes.google import FakeGoogle, fake_google


class Source:
    """Tokens that the test gives out: see `TokenSource`."""

    def __init__(self, google: FakeGoogle) -> None:
        self.google, self.asked = google, 0

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        self.asked += 1
        left = [token for token in self.google.access_tokens if token != refused]
        return left[-1] if left else ConsentEnded()


@pytest.fixture
async def google() -> AsyncIterator[FakeGoogle]:
    async with fake_google() as running:
        running.access_tokens["first"] = [scope.name for scope in SCOPES]
        yield running


@pytest.fixture
def source(google: FakeGoogle) -> Source:
    return Source(google)


@pytest.fixture
def account(http: GuardedHttp, google: FakeGoogle, source: Source) -> GoogleAccount:
    names = [scope.name for scope in SCOPES]
    return GoogleAccount(http, places_at(google.url), source, names)
