"""An account of a fake Microsoft that has consented to everything."""

import pytest

from kalends.gateways.http import GuardedHttp
from kalends.gateways.microsoft.account import MicrosoftAccount
from tests.fakes.microsoft import FakeMicrosoft
from tests.gateways.consented.accounts import microsoft_account, served

microsoft = served(FakeMicrosoft)


@pytest.fixture
def account(http: GuardedHttp, microsoft: FakeMicrosoft) -> MicrosoftAccount:
    return microsoft_account(http, microsoft)
