"""An account of a fake Google that has consented to everything."""

from collections.abc import AsyncIterator

import pytest

from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.http import GuardedHttp
from tests.fakes.google import FakeGoogle, fake_google
from tests.gateways.consented.accounts import Source, google_account


@pytest.fixture
async def google() -> AsyncIterator[FakeGoogle]:
    async with fake_google() as running:
        yield running


@pytest.fixture
def source(google: FakeGoogle) -> Source:
    return Source(google)


@pytest.fixture
def account(http: GuardedHttp, google: FakeGoogle, source: Source) -> GoogleAccount:
    return google_account(http, google, source)
