"""Real servers, started once in a session, and a difficult one for each test."""

from collections.abc import AsyncIterator

import pytest

from kalends.gateways.caldav.provider import CalDavAccount, CalDavProvider
from kalends.gateways.http import GuardedHttp
from tests.caldav_servers import radicale, sabre, xandikos
from tests.fakes.caldav import DifficultCalDav, difficult_caldav
from tests.gateways.caldav.asking import login_of, reading_of
from tests.gateways.caldav.events import event

__all__ = ["radicale", "sabre", "xandikos"]


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[DifficultCalDav]:
    """What servers were seen to do, done on demand; with a calendar of three events, and the quirk
    that the test names by `with_each`."""
    async with difficult_caldav() as running:
        running.quirks |= {request.param} if hasattr(request, "param") else set()
        for number in range(3):
            running.put(f"{number}-a@x.ics", event(f"{number}-a@x"))
        yield running


@pytest.fixture
async def other() -> AsyncIterator[DifficultCalDav]:
    """Another host."""
    async with difficult_caldav() as running:
        yield running


@pytest.fixture
def account(server: DifficultCalDav, http: GuardedHttp) -> CalDavAccount:
    return CalDavProvider(http).open_account(login_of(server))


@pytest.fixture
async def token(account: CalDavAccount, server: DifficultCalDav) -> str:
    """Of a first reading."""
    return (await reading_of(account, server)).token
