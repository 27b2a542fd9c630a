"""CalDAV servers: real ones, started once in a session, and the difficult one, for each test."""

from collections.abc import Iterator

import pytest

from tests.caldav_servers import radicale, sabre, xandikos
from tests.calendars.difficult import difficult_server
from tests.fakes.caldav import DifficultCalDav

__all__ = ["radicale", "sabre", "xandikos"]


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    """The calendars are on this machine."""
    return {"OUTBOUND_ALLOW": "127.0.0.1"}


@pytest.fixture
def dav() -> Iterator[DifficultCalDav]:
    with difficult_server() as dav:
        yield dav
