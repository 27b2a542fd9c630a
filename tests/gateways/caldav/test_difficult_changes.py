"""Difficult servers: what has changed in a calendar since it was read."""

import pytest

from kalends.domain.calendars.failures import TokenRefused
from kalends.domain.calendars.readings import CalendarObject, Changes
from kalends.gateways.caldav.provider import CalDavAccount
from tests.fakes.caldav import WORK, DifficultCalDav
from tests.fakes.caldav_quirks import Quirk
from tests.gateways.caldav.asking import ALL, changes_of, hrefs_in, known_in, reading_of, with_each
from tests.gateways.caldav.events import DECEMBER, event

pytestmark = pytest.mark.server


@pytest.fixture
def changed(server: DifficultCalDav, token: str) -> str:
    """One of the events has moved since the token."""
    server.put("0-a@x.ics", event("0-a@x", "20261204"))
    return token


async def test_nothing_new_costs_one_small_request(
    account: CalDavAccount, server: DifficultCalDav, token: str
) -> None:
    server.requests.clear()
    await changes_of(account, server, token)
    assert [seen.method for seen in server.requests] == ["PROPFIND"]


async def test_a_delta_has_what_was_changed_and_removed(
    account: CalDavAccount, server: DifficultCalDav, changed: str
) -> None:
    server.put("new@x.ics", event("new@x"))
    server.remove("1-a@x.ics")
    changes = await changes_of(account, server, changed)
    assert hrefs_in(changes.changed) == [ALL[0], f"{WORK}new@x.ics"]
    assert changes.removed == [ALL[1]]
    later = await changes_of(account, server, changes.token)
    assert (later.changed, later.removed) == ([], [])


TOKENS = [
    Quirk.NO_TOKEN,
    Quirk.NO_TAGS,
    Quirk.NO_SYNC,
    Quirk.TOKEN_FORBIDDEN,
    Quirk.TOKEN_CONFLICT,
    Quirk.TOKEN_FAILED,
    Quirk.TOKEN_SILENT,
    Quirk.ENDLESS,
]


@with_each(*TOKENS)
async def test_without_a_delta_everything_is_compared(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    reading = await reading_of(account, server)
    server.put("new.ics", event("new"))
    server.remove("1-a@x.ics")
    refused = await account.read_changes(server.calendar, reading.token)
    assert isinstance(refused, TokenRefused)
    known = known_in(reading)
    changes = await account.compare_all(server.calendar, known, DECEMBER)
    assert isinstance(changes, Changes)
    assert hrefs_in(changes.changed) == [f"{WORK}new.ics"]
    assert (changes.removed, changes.is_emptied) == ([ALL[1]], False)


async def test_a_tag_alone_shows_that_nothing_has_changed(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.NO_TOKEN}
    token = (await reading_of(account, server)).token
    assert (await changes_of(account, server, token)).token == token


async def test_a_phantom_deletion_is_a_hint_that_the_object_disproves(
    account: CalDavAccount, server: DifficultCalDav, changed: str
) -> None:
    server.quirks |= {Quirk.PHANTOM}
    changes = await changes_of(account, server, changed)
    assert sorted(changes.removed) == ALL
    for href in changes.removed:
        assert isinstance(await account.read_object(server.calendar, href), CalendarObject)


async def test_a_deletion_in_another_calendar_is_none_here(
    account: CalDavAccount, server: DifficultCalDav, token: str
) -> None:
    server.remove("1-a@x.ics")
    server.quirks |= {Quirk.STRANGER}
    assert (await changes_of(account, server, token)).removed == [ALL[1]]


async def test_a_missing_property_is_no_deletion(
    account: CalDavAccount, server: DifficultCalDav, changed: str
) -> None:
    server.quirks |= {Quirk.PROPERTY_MISSING}
    changes = await changes_of(account, server, changed)
    assert (hrefs_in(changes.changed), changes.removed) == ([ALL[0]], [])


async def test_a_delta_in_parts_is_read_to_its_end(
    account: CalDavAccount, server: DifficultCalDav, token: str
) -> None:
    server.quirks |= {Quirk.PARTIAL}
    for number in range(4):
        server.put(f"new-{number}.ics", event(f"new-{number}"))
    server.remove("1-a@x.ics")
    changes = await changes_of(account, server, token)
    assert hrefs_in(changes.changed) == [f"{WORK}new-{number}.ics" for number in range(4)]
    assert changes.removed == [ALL[1]]


async def test_hrefs_of_another_spelling_are_the_same_objects(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    reading = await reading_of(account, server)
    server.quirks |= {Quirk.ENCODED_HREFS}
    server.remove("1-a@x.ics")
    assert (await changes_of(account, server, reading.token)).removed == [ALL[1]]
    changes = await account.compare_all(server.calendar, known_in(reading), DECEMBER)
    assert isinstance(changes, Changes)
    assert (changes.changed, changes.removed) == ([], [ALL[1]])


async def test_an_emptied_calendar_is_told_apart(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    known = known_in(await reading_of(account, server))
    for number in range(3):
        server.remove(f"{number}-a@x.ics")
    changes = await account.compare_all(server.calendar, known, DECEMBER)
    assert isinstance(changes, Changes)
    assert (sorted(changes.removed), changes.is_emptied) == (ALL, True)


@pytest.mark.parametrize("token", ["", "{}", "[]", '{"sync":1}', "\ud800"])
async def test_a_foreign_token_is_refused(
    account: CalDavAccount, server: DifficultCalDav, token: str
) -> None:
    came = await account.read_changes(server.calendar, token)
    assert isinstance(came, TokenRefused)
