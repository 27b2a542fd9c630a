"""Difficult servers: events that are written, changed, removed and found."""

import pytest

from kalends.domain.calendars.failures import (
    NotAllowed,
    NotUnderstood,
    ObjectGone,
    UidTaken,
    Unanswered,
)
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten
from kalends.gateways.caldav.provider import CalDavAccount
from tests.fakes.caldav import WORK, DifficultCalDav
from tests.fakes.caldav_quirks import Quirk
from tests.gateways.caldav.asking import ALL, hrefs_in, with_each
from tests.gateways.caldav.events import event

pytestmark = pytest.mark.server


async def write(
    account: CalDavAccount, server: DifficultCalDav, uid: str = "bk_1-1-0a@kalends"
) -> object:
    href = account.href_of(server.calendar, uid)
    return await account.write_object(server.calendar, href, event(uid))


@with_each(Quirk.NO_ETAG_ON_PUT, Quirk.WEAK_ETAG_ON_PUT, Quirk.CHANGES_ON_PUT, Quirk.BARE_ETAGS)
async def test_what_was_written_is_known_by_its_real_etag(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    written = await write(account, server)
    assert isinstance(written, ObjectWritten)
    name = "bk_1-1-0a@kalends.ics"
    assert written.href == f"{WORK}{name}"
    assert (written.etag or "").strip('"') == server.etag(name).strip('"')
    assert (written.stored is not None) == (Quirk.BARE_ETAGS not in server.quirks)
    if written.stored:
        assert written.stored.data == server.objects[name]


async def test_a_second_creation_finds_the_first(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    first = await write(account, server)
    again = await write(account, server)
    assert isinstance(first, ObjectWritten)
    assert isinstance(again, Conflict)
    assert (again.is_ours, again.current.etag) == (True, first.etag)


async def test_a_server_that_writes_over_leaves_one_event(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.NONE_MATCH_IGNORED}
    first, again = await write(account, server), await write(account, server)
    assert (isinstance(first, ObjectWritten), first) == (True, again)
    assert len(server.objects) == 4


@with_each(Quirk.UID_IN_BIN, Quirk.UID_FORBIDDEN, Quirk.UID_CONFLICT, Quirk.UID_FAILED)
async def test_a_uid_that_is_taken_is_told_apart(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    href = account.href_of(server.calendar, "elsewhere")
    came = await account.write_object(server.calendar, href, event("1-a@x"))
    where = None if Quirk.UID_IN_BIN in server.quirks else ALL[1]
    assert came == UidTaken(where)


async def test_a_weak_etag_is_sent_as_the_strong_one(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    etag = f"W/{server.etag('0-a@x.ics')}"
    data = event("0-a@x", "20261204")
    written = await account.write_object(server.calendar, ALL[0], data, etag)
    assert isinstance(written, ObjectWritten)
    assert (
        await account.delete_object(server.calendar, ALL[0], f"W/{written.etag}") == ObjectDeleted()
    )


async def test_a_change_of_what_is_gone_is_no_creation(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    etag = server.etag("0-a@x.ics")
    server.remove("0-a@x.ics")
    came = await account.write_object(server.calendar, ALL[0], event("0-a@x"), etag)
    assert came == ObjectGone()
    assert "0-a@x.ics" not in server.objects


async def test_if_match_is_never_a_star(account: CalDavAccount, server: DifficultCalDav) -> None:
    await write(account, server)
    await account.write_object(server.calendar, ALL[0], event("0-a@x"), server.etag("0-a@x.ics"))
    await account.delete_object(server.calendar, ALL[1])
    assert {seen.headers.get("If-Match") for seen in server.requests} == {
        None,
        server.etag("0-a@x.ics"),
    }


async def test_a_refusal_names_its_cause(account: CalDavAccount, server: DifficultCalDav) -> None:
    server.quirks |= {Quirk.NO_DTEND}
    href = account.href_of(server.calendar, "a")
    data = event("a").replace(b"DTEND", b"X-END")
    came = await account.write_object(server.calendar, href, data)
    assert came == NotAllowed("it answers 403 (valid-calendar-data)")


async def test_a_calendar_that_may_only_be_read_refuses_changes(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.READ_ONLY}
    forbidden = NotAllowed("it answers 403 (need-privileges)")
    assert await write(account, server) == forbidden
    assert await account.delete_object(server.calendar, ALL[0]) == forbidden


async def test_a_full_server_may_be_tried_again(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.FULL}
    assert await write(account, server) == Unanswered("it answers 507")


async def test_an_unclear_write_is_no_success(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    server.quirks |= {Quirk.CUT}
    assert await write(account, server) == Unanswered("the answer broke off")


async def test_a_search_by_uid_reads_what_it_finds(
    account: CalDavAccount, server: DifficultCalDav
) -> None:
    found = await account.find_objects(server.calendar, "1-a@x")
    assert isinstance(found, list)
    assert hrefs_in(found) == [ALL[1]]
    server.quirks |= {Quirk.NO_QUERY}
    assert isinstance(await account.find_objects(server.calendar, "1-a@x"), NotUnderstood)
