"""Difficult servers: what is an answer, and a calendar as a whole."""

import pytest

from kalends.domain.calendars.failures import (
    CalendarGone,
    CredentialsRefused,
    NotUnderstood,
    Unanswered,
)
from kalends.gateways.caldav.provider import CalDavAccount, CalDavProvider
from kalends.gateways.http import GuardedHttp
from tests.fakes.caldav import DifficultCalDav
from tests.fakes.caldav_quirks import Quirk
from tests.gateways.caldav.asking import ALL, changes_of, hrefs_in, login_of, reading_of, with_each
from tests.gateways.caldav.events import DECEMBER, event

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    ("quirk", "failure"),
    [
        (Quirk.BUSY, Unanswered("it answers 429", 30)),
        (Quirk.DOWN, Unanswered("it answers 503", 30)),
        (Quirk.TEAPOT, Unanswered("it answers 418")),
        (Quirk.HANGS, Unanswered("no answer within 0.3 s")),
        (Quirk.CUT, Unanswered("the answer broke off")),
        (Quirk.SIGN_IN_PAGE, NotUnderstood("it answers 200 instead of a list")),
        (Quirk.BOMB, NotUnderstood("its XML has a DOCTYPE")),
    ],
    ids=lambda value: value.name if isinstance(value, Quirk) else "",
)
async def test_trouble_is_a_failure_and_no_empty_calendar(
    http: GuardedHttp, server: DifficultCalDav, quirk: Quirk, failure: Unanswered | NotUnderstood
) -> None:
    account = CalDavProvider(http, timeout_seconds=5).open_account(login_of(server))
    token = (await reading_of(account, server)).token
    server.quirks |= {quirk}
    if quirk is Quirk.HANGS:
        account = CalDavProvider(http, timeout_seconds=0.3).open_account(login_of(server))
    assert await account.read_all(server.calendar, DECEMBER) == failure
    assert await account.read_changes(server.calendar, token) == failure
    assert await account.compare_all(server.calendar, {ALL[0]: '"e"'}, DECEMBER) == failure


@with_each(Quirk.BUSY, Quirk.CUT, Quirk.SIGN_IN_PAGE)
async def test_trouble_proves_no_deletion(account: CalDavAccount, server: DifficultCalDav) -> None:
    came = await account.read_object(server.calendar, ALL[0])
    assert isinstance(came, Unanswered | NotUnderstood)


async def test_another_password_proves_no_deletion(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.password = "another"
    assert await account.read_object(server.calendar, ALL[0]) == CredentialsRefused()
    assert await account.delete_object(server.calendar, ALL[0]) == CredentialsRefused()


async def test_a_calendar_that_is_gone_inside_a_list_is_gone(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.GONE_IN_LIST}
    url = server.calendar.replace("work", "none")
    assert await account.read_all(url, DECEMBER) == CalendarGone()
    assert await account.compare_all(url, {}, DECEMBER) == CalendarGone()


READ_OTHERWISE = [
    Quirk.ODD_PREFIXES,
    Quirk.ABSOLUTE_HREFS,
    Quirk.ENCODED_HREFS,
    Quirk.CONTROL_CHARACTERS,
    Quirk.NO_TOKEN,
    Quirk.NO_TAGS,
    Quirk.NO_QUERY,
    Quirk.QUERY_CUT,
    Quirk.NO_ETAGS,
    Quirk.BARE_ETAGS,
]


@with_each(*READ_OTHERWISE)
async def test_a_calendar_is_read_nevertheless(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    reading = await reading_of(account, server)
    assert hrefs_in(reading.objects) == ALL
    assert all(b"UID:" in one.data for one in reading.objects)


@with_each(Quirk.NO_MULTIGET, Quirk.MULTIGET_ALL_OR_NOTHING, Quirk.MULTIGET_FORGETS)
async def test_objects_come_one_by_one_where_many_do_not(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.NO_QUERY}
    reading = await reading_of(account, server)
    assert (hrefs_in(reading.objects), reading.unreadable) == (ALL, [])


async def test_many_objects_are_asked_for_fifty_at_once(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.NO_QUERY}
    for number in range(3, 120):
        server.put(f"{number}.ics", event(str(number)))
    reading = await reading_of(account, server)
    questions = [seen.body.count("href>") // 2 for seen in server.asked("REPORT")]
    assert len(reading.objects) == 120
    assert [number for number in questions if number] == [50, 50, 20]


async def test_a_proxy_that_hides_the_path_is_no_empty_calendar(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.FOREIGN_HREFS}
    assert isinstance(await account.read_all(server.calendar, DECEMBER), NotUnderstood)


async def test_the_state_is_asked_for_before_the_objects(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    await reading_of(account, server)
    assert [seen.method for seen in server.requests] == ["PROPFIND", "REPORT"]


async def test_no_limit_and_no_expansion_is_asked_for(
    account: CalDavAccount, server: DifficultCalDav, token: str
) -> None:
    server.put("new.ics", event("new"))
    await changes_of(account, server, token)
    await account.compare_all(server.calendar, {}, DECEMBER)
    asked = "".join(seen.body for seen in server.requests)
    assert not [word for word in ("limit", "expand", "free-busy") if word in asked]
    windows = [seen.body for seen in server.requests if "time-range" in seen.body]
    assert windows
    assert all('start="20261201T000000Z" end="20270101T000000Z"' in body for body in windows)
