"""Accounts of a fake Google and a fake Microsoft that have consented to everything."""

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.failures import CalendarFailure, ConsentEnded
from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.google.places import SCOPES as GOOGLE_SCOPES
from kalends.gateways.google.places import places_at as google_at
from kalends.gateways.http import GuardedHttp
from kalends.gateways.microsoft.account import MicrosoftAccount
from kalends.gateways.microsoft.places import SCOPES as MICROSOFT_SCOPES
from kalends.gateways.microsoft.places import places_at as microsoft_at
from kalends.gateways.microsoft.session import InTurn
from kalends.gateways.microsoft.turns import RequestTurns
from tests.calendars.consented.office import CalendarThere
from tests.fakes.consented import JSON, ConsentedFake
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import TENANT, FakeMicrosoft

GRANTED_BY_GOOGLE = [scope.name for scope in GOOGLE_SCOPES]
GRANTED_BY_MICROSOFT = [scope.name for scope in MICROSOFT_SCOPES]


def served(fake: type[ConsentedFake]) -> Any:
    """A fixture: the fake while it runs."""

    @pytest.fixture
    async def running() -> AsyncIterator[ConsentedFake]:
        async with fake.served() as one:
            yield one

    return running


class Source:
    """Tokens that the test gives out: see `TokenSource`."""

    def __init__(self, fake: ConsentedFake) -> None:
        self.fake, self.asked = fake, 0

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        self.asked += 1
        left = [token for token in self.fake.access_tokens if token != refused]
        return left[-1] if left else ConsentEnded()


class Side(NamedTuple):
    """An account, and what it is asked of: a calendar of a fake, with events as they are there."""

    fake: FakeGoogle | FakeMicrosoft
    account: CalendarAccount
    calendar_id: str
    timed: Callable[[str, int, int], JSON]

    @property
    def there(self) -> CalendarThere:
        return self.fake.calendar()


def google_account(http: GuardedHttp, google: FakeGoogle) -> GoogleAccount:
    google.access_tokens["first"] = GRANTED_BY_GOOGLE
    return GoogleAccount(http, google_at(google.url), Source(google), GRANTED_BY_GOOGLE)


def microsoft_account(http: GuardedHttp, microsoft: FakeMicrosoft) -> MicrosoftAccount:
    microsoft.access_tokens["first"] = GRANTED_BY_MICROSOFT
    places = microsoft_at(microsoft.url, TENANT)
    return MicrosoftAccount(
        InTurn(http, RequestTurns()), places, Source(microsoft), GRANTED_BY_MICROSOFT
    )
