"""How accounts are found on servers that were seen to be difficult."""

import pytest

from kalends.domain.calendars.accounts import CalendarAccess, CalendarLogin
from kalends.domain.calendars.failures import (
    AddressRefused,
    CredentialsRefused,
    LeadsElsewhere,
    NotUnderstood,
    Unanswered,
)
from kalends.gateways.addresses import read_opened
from kalends.gateways.caldav.discovery import discover
from kalends.gateways.caldav.provider import CalDavAccount, CalDavProvider
from kalends.gateways.caldav.session import DavSession
from kalends.gateways.http import GuardedHttp
from tests.fakes.caldav import HOME, PASSWORD, USER, DifficultCalDav
from tests.fakes.caldav_quirks import Quirk
from tests.gateways.caldav.asking import discovery_of, login_of
from tests.gateways.caldav.events import DECEMBER

pytestmark = pytest.mark.server


async def test_only_calendars_of_events_are_listed(account: CalDavAccount) -> None:
    found = await discovery_of(account)
    by_name = {one.url.rstrip("/").rpartition("/")[2]: one for one in found.calendars}
    assert {name: one.access for name, one in by_name.items()} == {
        "work": CalendarAccess.WRITE,
        "room": CalendarAccess.READ,
        "boss": CalendarAccess.FREEBUSY,
        "birthdays": CalendarAccess.WRITE,
    }
    assert (by_name["work"].name, by_name["work"].zone) == ("Work", "Europe/Berlin")
    assert [name for name, one in by_name.items() if one.is_transparent] == ["birthdays"]


async def test_a_known_home_lists_the_same(
    account: CalDavAccount, server: DifficultCalDav, http: GuardedHttp
) -> None:
    found = await discovery_of(account)
    login = CalendarLogin(url=server.url, username=USER, password=PASSWORD, homes=found.homes)
    server.requests.clear()
    assert await CalDavProvider(http).open_account(login).list_calendars() == found.calendars
    assert len(server.requests) == 1


@pytest.mark.parametrize("path", ["", "dav/", "dav/principals/ada/", "dav/calendars/ada/work/"])
async def test_any_address_of_the_server_finds_the_calendars(
    http: GuardedHttp, server: DifficultCalDav, path: str
) -> None:
    login = CalendarLogin(url=f"{server.url}{path}", username=USER, password=PASSWORD)
    found = await discovery_of(CalDavProvider(http).open_account(login))
    assert found.homes == (f"{server.url.rstrip('/')}{HOME}",)


async def test_a_home_is_used_where_nobody_is_named(
    http: GuardedHttp, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.NO_PRINCIPAL, Quirk.NO_WELL_KNOWN}
    url = f"{server.url.rstrip('/')}{HOME}"
    login = CalendarLogin(url=url, username=USER, password=PASSWORD)
    found = await discovery_of(CalDavProvider(http).open_account(login))
    assert (found.principal, found.homes, len(found.calendars)) == (None, (url,), 4)


async def test_an_address_without_calendars_says_so(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.NO_WELL_KNOWN}
    assert isinstance(await account.discover(), NotUnderstood)


async def test_a_server_that_knows_nobody_refuses_the_password(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.UNAUTHENTICATED}
    assert await account.discover() == CredentialsRefused()


async def test_a_wrong_password_is_tried_once(http: GuardedHttp, server: DifficultCalDav) -> None:
    account = CalDavProvider(http).open_account(login_of(server, "wrong"))
    assert await account.discover() == CredentialsRefused()
    assert len(server.requests) == 1


async def test_the_password_goes_to_a_host_that_the_home_names(
    account: CalDavAccount, server: DifficultCalDav, other: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.HOME_ELSEWHERE}
    server.other = other.url
    found = await discovery_of(account)
    assert found.homes == (f"{other.url.rstrip('/')}{HOME}",)
    assert "Authorization" in other.requests[0].headers


async def test_the_password_goes_to_no_host_that_a_redirect_names(
    account: CalDavAccount, server: DifficultCalDav, other: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.SENDS_AWAY}
    server.other = other.url
    assert await account.discover() == LeadsElsewhere(f"{other.url}dav/")
    assert [seen for seen in other.requests if "Authorization" in seen.headers] == []


async def test_a_home_in_a_private_network_is_not_asked(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.HOME_ELSEWHERE}
    server.other = "https://10.0.0.1/"
    came = await account.discover()
    assert isinstance(came, AddressRefused)
    assert "KALENDS_OUTBOUND_ALLOW" in came.reason


async def test_a_redirect_that_never_ends_is_given_up(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.GOES_ROUND}
    came = await account.read_all(server.calendar, DECEMBER)
    assert isinstance(came, NotUnderstood)
    assert len(server.requests) == 6


async def test_discovery_ends_in_time(http: GuardedHttp, server: DifficultCalDav) -> None:
    server.quirks |= {Quirk.HANGS}
    came = await discover(DavSession(http, login_of(server)), server.url, seconds=0.3)
    assert came == Unanswered("no answer within 0.3 s")


async def test_a_private_server_names_what_opens_it(server: DifficultCalDav) -> None:
    client = GuardedHttp(read_opened([]))
    came = await CalDavProvider(client).open_account(login_of(server)).discover()
    await client.close()
    assert isinstance(came, AddressRefused)
    assert "KALENDS_OUTBOUND_ALLOW" in came.reason
