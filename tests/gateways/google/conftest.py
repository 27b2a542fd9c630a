"""An account of a fake Google that has consented to everything."""

from collections.abc import AsyncIterator

import pytest

from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.http import GuardedHttp
from tests.fakes.google import FakeGoogle
from tests.gateways.consented.accounts import google_account


@pytest.fixture
async def google() -> AsyncIterator[FakeGoogle]:
    async with FakeGoogle.served() as running:
        yield running


@pytest.fixture
def account(http: GuardedHttp, google: FakeGoogle) -> GoogleAccount:
    return google_account(http, google)
