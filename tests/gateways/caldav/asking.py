"""What tests ask of a difficult server, and answers that must be there."""

import pytest

from kalends.domain.calendars.accounts import CalendarLogin, Discovery
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading
from kalends.gateways.caldav.provider import CalDavAccount
from tests.fakes.caldav import PASSWORD, USER, WORK, DifficultCalDav
from tests.fakes.caldav_quirks import Quirk
from tests.gateways.caldav.events import DECEMBER

ALL = [f"{WORK}{number}-a@x.ics" for number in range(3)]
"""The events that the server begins with."""


def with_each(*quirks: Quirk) -> pytest.MarkDecorator:
    """The test with a server of each of these quirks."""
    return pytest.mark.parametrize("server", quirks, ids=lambda quirk: quirk.name, indirect=True)


def login_of(server: DifficultCalDav, password: str = PASSWORD) -> CalendarLogin:
    return CalendarLogin(url=server.url, username=USER, password=password)


async def discovery_of(account: CalDavAccount) -> Discovery:
    found = await account.discover()
    assert isinstance(found, Discovery), found
    return found


async def reading_of(account: CalDavAccount, server: DifficultCalDav) -> FullReading:
    reading = await account.read_all(server.calendar, DECEMBER)
    assert isinstance(reading, FullReading), reading
    return reading


async def changes_of(account: CalDavAccount, server: DifficultCalDav, token: str) -> Changes:
    changes = await account.read_changes(server.calendar, token)
    assert isinstance(changes, Changes), changes
    return changes


def hrefs_in(objects: list[CalendarObject]) -> list[str]:
    return sorted(one.href for one in objects)


def known_in(reading: FullReading) -> dict[str, str | None]:
    return {one.href: one.etag for one in reading.objects}
