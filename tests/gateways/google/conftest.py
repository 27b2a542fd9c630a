"""An account of a fake Google that has consented to everything."""

import pytest

from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.http import GuardedHttp
from tests.fakes.google import FakeGoogle
from tests.gateways.consented.accounts import google_account, served

google = served(FakeGoogle)


@pytest.fixture
def account(http: GuardedHttp, google: FakeGoogle) -> GoogleAccount:
    return google_account(http, google)
