"""Each provider in its turn."""

from collections.abc import AsyncIterator

import pytest

from kalends.gateways.http import GuardedHttp
from tests.fakes.google import OWNER, FakeGoogle
from tests.fakes.microsoft import CALENDAR, FakeMicrosoft
from tests.gateways.consented.accounts import Side, google_account, microsoft_account
from tests.gateways.google.events import timed as timed_at_google
from tests.gateways.microsoft.events import timed as timed_at_microsoft


@pytest.fixture(params=["google", "microsoft"])
async def side(request: pytest.FixtureRequest, http: GuardedHttp) -> AsyncIterator[Side]:
    async with FakeGoogle.served() as google, FakeMicrosoft.served() as microsoft:
        if request.param == "google":
            account = google_account(http, google)
            yield Side(google, account, OWNER, timed_at_google)
        else:
            other = microsoft_account(http, microsoft)
            yield Side(microsoft, other, CALENDAR, timed_at_microsoft)
