"""An account of a fake Microsoft that has consented to everything."""

from collections.abc import AsyncIterator

import pytest

from kalends.gateways.http import GuardedHttp
from kalends.gateways.microsoft.account import MicrosoftAccount
from tests.fakes.microsoft import FakeMicrosoft, fake_microsoft
from tests.gateways.consented.accounts import Source, microsoft_account


@pytest.fixture
async def microsoft() -> AsyncIterator[FakeMicrosoft]:
    async with fake_microsoft() as running:
        yield running


@pytest.fixture
def source(microsoft: FakeMicrosoft) -> Source:
    return Source(microsoft)


@pytest.fixture
def account(http: GuardedHttp, microsoft: FakeMicrosoft, source: Source) -> MicrosoftAccount:
    return microsoft_account(http, microsoft, source)
