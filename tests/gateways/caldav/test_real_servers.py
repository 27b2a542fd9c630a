"""Radicale, Xandikos and sabre/dav: what is asked of each, and what comes back."""

import uuid
from dataclasses import dataclass

import pytest

from kalends.domain.calendars.accounts import CalendarAccess, CalendarLogin, Discovery
from kalends.domain.calendars.failures import (
    CalendarGone,
    CredentialsRefused,
    ObjectGone,
    TokenRefused,
    UidTaken,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten
from kalends.gateways.caldav.objects import Objects, read_objects
from kalends.gateways.caldav.provider import CalDavAccount, CalDavProvider
from kalends.gateways.caldav.session import DavAnswer, DavSession
from kalends.gateways.http import GuardedHttp
from tests.caldav_servers import PASSWORD, USER, CalDavServer
from tests.gateways.caldav.asking import known_in
from tests.gateways.caldav.events import DECEMBER, event

pytestmark = pytest.mark.server

SERVERS = ["radicale", "xandikos", "sabre"]


@dataclass
class Shelf:
    """A new calendar on a server."""

    account: CalDavAccount
    session: DavSession
    url: str

    def href(self, uid: str) -> str:
        return self.account.href_of(self.url, uid)

    async def put(
        self, uid: str, *more: str, etag: str | None = None, **options: str
    ) -> ObjectWritten:
        """Writes an event, and says how it stands there."""
        data = event(uid, *more, **options)
        written = await self.account.write_object(self.url, self.href(uid), data, etag)
        assert isinstance(written, ObjectWritten), written
        return written

    async def read(self) -> FullReading:
        reading = await self.account.read_all(self.url, DECEMBER)
        assert isinstance(reading, FullReading), reading
        return reading

    async def changes(self, token: str) -> Changes | TokenRefused:
        changes = await self.account.read_changes(self.url, token)
        assert isinstance(changes, Changes | TokenRefused), changes
        return changes

    async def compare(self, known: dict[str, str | None]) -> Changes:
        changes = await self.account.compare_all(self.url, known, DECEMBER)
        assert isinstance(changes, Changes), changes
        return changes


@pytest.fixture(params=SERVERS)
async def shelf(request: pytest.FixtureRequest, http: GuardedHttp) -> Shelf:
    return await new_shelf(request.getfixturevalue(request.param), http)


async def new_shelf(server: CalDavServer, http: GuardedHttp) -> Shelf:
    login = CalendarLogin(url=server.url, username=USER, password=PASSWORD)
    account, session = CalDavProvider(http).open_account(login), DavSession(http, login)
    found = await account.discover()
    assert isinstance(found, Discovery), found
    url = f"{found.homes[0]}{uuid.uuid4()}/"
    made = await session.send("MKCALENDAR", url)
    assert isinstance(made, DavAnswer), made
    assert made.status == 201, made
    return Shelf(account, session, url)


def uids_in(objects: list[CalendarObject]) -> set[bytes]:
    return {
        line.removeprefix(b"UID:")
        for one in objects
        for line in one.data.splitlines()
        if line.startswith(b"UID:")
    }


# Finding calendars.


async def test_a_new_calendar_is_found_and_may_be_written(shelf: Shelf) -> None:
    found = await shelf.account.discover()
    assert isinstance(found, Discovery)
    (ours,) = [one for one in found.calendars if one.url == shelf.url]
    assert (ours.access, ours.is_transparent) == (CalendarAccess.WRITE, False)


@pytest.mark.parametrize("name", ["radicale", "sabre"])
async def test_a_wrong_password_is_told_apart(
    name: str, request: pytest.FixtureRequest, http: GuardedHttp
) -> None:
    server = request.getfixturevalue(name)
    login = CalendarLogin(url=server.url, username=USER, password="wrong")
    assert await CalDavProvider(http).open_account(login).discover() == CredentialsRefused()


async def test_a_calendar_that_never_was_is_gone(shelf: Shelf) -> None:
    other = shelf.url.replace(shelf.url.rpartition("/")[0].rpartition("/")[2], "none")
    assert await shelf.account.read_all(other, DECEMBER) == CalendarGone()


# Reading.


async def test_a_reading_has_what_is_in_the_window(shelf: Shelf) -> None:
    await shelf.put("inside@kalends")
    await shelf.put("outside@kalends", "20250103")
    await shelf.put("weekly@kalends", "20260901", "RRULE:FREQ=WEEKLY")
    reading = await shelf.read()
    assert {b"inside@kalends", b"weekly@kalends"} <= uids_in(reading.objects)
    assert reading.unreadable == []
    assert {one.href for one in reading.objects} >= {shelf.href("inside@kalends")}


async def test_an_unchanged_calendar_has_no_changes(shelf: Shelf) -> None:
    await shelf.put("one@kalends")
    token = (await shelf.read()).token
    assert await shelf.changes(token) == Changes(changed=[], removed=[], token=token)


async def test_changes_are_shown_whichever_way_the_server_knows(shelf: Shelf) -> None:
    kept = await shelf.put("kept@kalends")
    await shelf.put("moved@kalends")
    await shelf.put("removed@kalends")
    reading = await shelf.read()
    known = known_in(reading)
    moved = shelf.href("moved@kalends")
    await shelf.put("moved@kalends", "20261204", etag=known[moved])
    await shelf.put("new@kalends")
    await shelf.account.delete_object(shelf.url, shelf.href("removed@kalends"))
    changes = await shelf.changes(reading.token)
    if isinstance(changes, TokenRefused):
        changes = await shelf.compare(known)
    assert uids_in(changes.changed) == {b"moved@kalends", b"new@kalends"}
    assert changes.removed == [shelf.href("removed@kalends")]
    assert kept.href not in {one.href for one in changes.changed}
    later = await shelf.changes(changes.token)
    assert isinstance(later, TokenRefused) or (later.changed, later.removed) == ([], [])


@pytest.mark.parametrize("name", ["radicale", "xandikos"])
async def test_deltas_come_by_token(
    name: str, request: pytest.FixtureRequest, http: GuardedHttp
) -> None:
    shelf = await new_shelf(request.getfixturevalue(name), http)
    token = (await shelf.read()).token
    await shelf.put("one@kalends")
    changes = await shelf.changes(token)
    assert isinstance(changes, Changes)
    assert uids_in(changes.changed) == {b"one@kalends"}


async def test_a_token_of_another_calendar_is_refused(shelf: Shelf) -> None:
    token = '{"sync":"http://radicale.org/ns/sync/unknown","ctag":"none"}'
    assert isinstance(await shelf.changes(token), TokenRefused)


async def test_a_comparison_finds_the_same_as_a_delta(shelf: Shelf) -> None:
    await shelf.put("same@kalends")
    await shelf.put("new@kalends")
    known = known_in(await shelf.read())
    gone, new = shelf.href("never@kalends"), shelf.href("new@kalends")
    changes = await shelf.compare({**known, gone: '"e"', new: '"old"'})
    assert uids_in(changes.changed) == {b"new@kalends"}
    assert (changes.removed, changes.is_emptied) == ([gone], False)


async def test_a_calendar_without_anything_left_is_told_apart(shelf: Shelf) -> None:
    changes = await shelf.compare({shelf.href("one@kalends"): '"e"'})
    assert (changes.changed, changes.is_emptied) == ([], True)


async def test_one_missing_object_hides_no_other(shelf: Shelf) -> None:
    await shelf.put("there@kalends")
    hrefs = [shelf.href("missing@kalends"), shelf.href("there@kalends")]
    objects = await read_objects(shelf.session, shelf.url, hrefs)
    assert isinstance(objects, Objects)
    assert (list(objects.found), objects.missing) == ([hrefs[1]], [hrefs[0]])


async def test_an_event_is_found_by_its_uid(shelf: Shelf) -> None:
    await shelf.put("bk_0001-1-0a1b2c3d@kalends")
    await shelf.put("bk_0001-1@kalends")
    found = await shelf.account.find_objects(shelf.url, "bk_0001-1@kalends")
    assert isinstance(found, list)
    assert [one.href for one in found] == [shelf.href("bk_0001-1@kalends")]


# Writing.


async def test_what_was_written_can_be_read_one_by_one(shelf: Shelf) -> None:
    written = await shelf.put("one@kalends", title="Müller, 9 Uhr")
    one = await shelf.account.read_object(shelf.url, written.href)
    assert isinstance(one, CalendarObject)
    assert one.etag == written.etag
    assert "Müller".encode() in one.data
    assert written.stored is None or written.stored == one


async def test_creating_twice_is_a_conflict_with_our_own(shelf: Shelf) -> None:
    first = await shelf.put("one@kalends")
    again = await shelf.account.write_object(
        shelf.url, first.href, event("one@kalends", "20261205")
    )
    assert isinstance(again, Conflict)
    assert (again.is_ours, again.current.etag) == (True, first.etag)


async def test_another_event_at_our_address_is_not_ours(shelf: Shelf) -> None:
    first = await shelf.put("one@kalends")
    again = await shelf.account.write_object(shelf.url, first.href, event("two@kalends"))
    assert isinstance(again, Conflict)
    assert not again.is_ours


async def test_a_change_of_an_old_version_is_a_conflict(shelf: Shelf) -> None:
    first = await shelf.put("one@kalends")
    second = await shelf.put("one@kalends", "20261204", etag=first.etag)
    late = await shelf.account.write_object(
        shelf.url, first.href, event("one@kalends", "20261205"), first.etag
    )
    assert isinstance(late, Conflict)
    assert b"20261204T090000Z" in late.current.data
    assert late.current.etag == second.etag


async def test_a_change_of_what_was_deleted_finds_it_gone(shelf: Shelf) -> None:
    first = await shelf.put("one@kalends")
    await shelf.account.delete_object(shelf.url, first.href, first.etag)
    data = event("one@kalends", "20261205")
    assert await shelf.account.write_object(shelf.url, first.href, data, first.etag) == ObjectGone()
    assert await shelf.account.read_object(shelf.url, first.href) == ObjectGone()


async def test_deleting_twice_succeeds_twice(shelf: Shelf) -> None:
    first = await shelf.put("one@kalends")
    assert await shelf.account.delete_object(shelf.url, first.href, first.etag) == ObjectDeleted()
    assert await shelf.account.delete_object(shelf.url, first.href, first.etag) == ObjectDeleted()


async def test_what_was_changed_there_is_not_deleted(shelf: Shelf) -> None:
    first = await shelf.put("one@kalends")
    second = await shelf.put("one@kalends", "20261204", etag=first.etag)
    came = await shelf.account.delete_object(shelf.url, first.href, first.etag)
    assert isinstance(came, Conflict)
    assert (came.is_ours, came.current.etag) == (True, second.etag)


@pytest.mark.parametrize("name", ["radicale", "xandikos"])
async def test_a_uid_at_two_addresses_is_refused(
    name: str, request: pytest.FixtureRequest, http: GuardedHttp
) -> None:
    shelf = await new_shelf(request.getfixturevalue(name), http)
    await shelf.put("one@kalends")
    other = shelf.href("other@kalends")
    came = await shelf.account.write_object(shelf.url, other, event("one@kalends"))
    assert isinstance(came, UidTaken)


async def test_writing_into_a_calendar_that_is_gone_says_so(shelf: Shelf) -> None:
    url = f"{shelf.url.rstrip('/')}x/"
    href = shelf.account.href_of(url, "one@kalends")
    assert await shelf.account.write_object(url, href, event("one@kalends")) == CalendarGone()
