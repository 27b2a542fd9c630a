"""Real CalDAV servers, started once in a session, and the providers of the tests."""

import pytest

from tests.caldav_servers import radicale, sabre, xandikos
from tests.calendars.fakes import (
    browser,
    dav,
    google,
    google_running,
    microsoft,
    microsoft_running,
)

__all__ = [
    "browser",
    "dav",
    "google",
    "google_running",
    "microsoft",
    "microsoft_running",
    "radicale",
    "sabre",
    "xandikos",
]


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    """The calendars are on this machine."""
    return {"OUTBOUND_ALLOW": "127.0.0.1"}
