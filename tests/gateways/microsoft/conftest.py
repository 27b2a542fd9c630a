"""An account of a fake Microsoft that has consented to everything."""

from collections.abc import AsyncIterator

import pytest

from kalends.domain.calendars.failures import CalendarFailure, ConsentEnded
from kalends.gateways.http import GuardedHttp
from kalends.gateways.microsoft.account import MicrosoftAccount
from kalends.gateways.microsoft.places import SCOPES, places_at
from kalends.gateways.microsoft.session import InTurn
from kalends.gateways.microsoft.turns import RequestTurns
from tests.fakes.microsoft import TENANT, FakeMicrosoft, fake_microsoft

GRANTED = [scope.name for scope in SCOPES]


class Source:
    """Tokens that the test gives out: see `TokenSource`."""

    def __init__(self, microsoft: FakeMicrosoft) -> None:
        self.microsoft, self.asked = microsoft, 0

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        self.asked += 1
        left = [token for token in self.microsoft.access_tokens if token != refused]
        return left[-1] if left else ConsentEnded()


@pytest.fixture
async def microsoft() -> AsyncIterator[FakeMicrosoft]:
    async with fake_microsoft() as running:
        running.access_tokens["first"] = GRANTED
        yield running


@pytest.fixture
def source(microsoft: FakeMicrosoft) -> Source:
    return Source(microsoft)


@pytest.fixture
def account(http: GuardedHttp, microsoft: FakeMicrosoft, source: Source) -> MicrosoftAccount:
    places = places_at(microsoft.url, TENANT)
    return MicrosoftAccount(InTurn(http, RequestTurns()), places, source, GRANTED)
