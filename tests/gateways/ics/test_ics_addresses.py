"""Addresses of calendar files: what is asked of them, and what is believed."""

import pytest

from kalends.domain.calendars import failures
from kalends.domain.calendars.accounts import CalendarAccess, CalendarLogin, Discovery
from kalends.domain.calendars.readings import Changes, FullReading
from kalends.gateways.addresses import read_opened
from kalends.gateways.http import GuardedHttp
from kalends.gateways.ics.provider import CALENDAR, HREF, IcsAccount, IcsProvider
from tests.gateways.caldav.events import DECEMBER
from tests.gateways.ics.test_ics_files import file_of
from tests.gateways.readings import read_all, read_changes
from tests.gateways.receivers import Behave, RawReceiver, Visit, always, receiving

pytestmark = pytest.mark.server

FULL = file_of("a", "b")
EMPTY = file_of()


def answer(body: bytes, *headers: str, status: int = 200) -> bytes:
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def in_turn(*answers: bytes) -> Behave:
    """These, one after the other, the last for ever."""
    left = list(answers)

    async def behave(visit: Visit) -> None:
        while await visit.request():
            await visit.say(left.pop(0) if len(left) > 1 else left[0])

    return behave


def open_at(http: GuardedHttp, receiver: RawReceiver, path: str = "/secret.ics") -> IcsAccount:
    url = f"http://127.0.0.1:{receiver.port}{path}"
    return IcsProvider(http).open_account(CalendarLogin(url=url))


async def read(account: IcsAccount) -> FullReading:
    return await read_all(account, CALENDAR)


async def changes_of(account: IcsAccount, token: str) -> Changes:
    return await read_changes(account, CALENDAR, token)


async def test_the_file_is_one_object_of_one_calendar(http: GuardedHttp) -> None:
    async with receiving(always(answer(FULL))) as receiver:
        account = open_at(http, receiver)
        found = await account.discover()
        reading = await read(account)
    assert isinstance(found, Discovery)
    (calendar,) = found.calendars
    assert (calendar.url, calendar.access) == (CALENDAR, CalendarAccess.READ)
    (file,) = reading.objects
    assert (file.href, file.data) == (HREF, FULL)


async def test_the_server_is_asked_for_another_version(http: GuardedHttp) -> None:
    validators = ('ETag: "v1"', "Last-Modified: Sun, 29 Nov 2026 10:00:00 GMT")
    behave = in_turn(answer(FULL, *validators), answer(b"", status=304))
    async with receiving(behave) as receiver:
        account = open_at(http, receiver)
        token = (await read(account)).token
        changes = await changes_of(account, token)
    assert changes == Changes(changed=[], removed=[], token=token)
    assert b'If-None-Match: "v1"' in receiver.requests[1]
    assert b"If-Modified-Since: Sun, 29 Nov 2026 10:00:00 GMT" in receiver.requests[1]


async def test_a_file_that_is_only_made_anew_has_no_changes(http: GuardedHttp) -> None:
    later = file_of("a", "b", stamp="20261130T000000Z")
    async with receiving(in_turn(answer(FULL), answer(later))) as receiver:
        account = open_at(http, receiver)
        changes = await changes_of(account, (await read(account)).token)
    assert changes.changed == []


async def test_another_file_has_changed_as_a_whole(http: GuardedHttp) -> None:
    async with receiving(in_turn(answer(FULL), answer(file_of("a")))) as receiver:
        account = open_at(http, receiver)
        changes = await changes_of(account, (await read(account)).token)
    assert [one.data for one in changes.changed] == [file_of("a")]
    assert not changes.is_emptied


async def test_an_empty_file_after_a_full_one_is_told_apart(http: GuardedHttp) -> None:
    async with receiving(in_turn(answer(FULL), answer(EMPTY))) as receiver:
        account = open_at(http, receiver)
        reading = await read(account)
        first = await changes_of(account, reading.token)
        second = await changes_of(account, reading.token)
        after = await changes_of(account, second.token)
        known = {one.href: one.etag for one in reading.objects}
        compared = await account.compare_all(CALENDAR, known, DECEMBER)
    assert isinstance(compared, Changes)
    assert (first.is_emptied, second.is_emptied, after.is_emptied) == (True, True, False)
    assert compared.is_emptied


async def test_a_comparison_names_no_version(http: GuardedHttp) -> None:
    async with receiving(always(answer(FULL, 'ETag: "v1"'))) as receiver:
        account = open_at(http, receiver)
        known = {one.href: one.etag for one in (await read(account)).objects}
        same = await account.compare_all(CALENDAR, known, DECEMBER)
        new = await account.compare_all(CALENDAR, {}, DECEMBER)
    assert isinstance(same, Changes)
    assert isinstance(new, Changes)
    assert (len(same.changed), len(new.changed)) == (0, 1)
    assert not [request for request in receiver.requests if b"If-None-Match" in request]


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (answer(b"<html>Sign in</html>"), failures.NotUnderstood),
        (answer(FULL[:-20]), failures.Unanswered),
        (answer(b"", status=304), failures.NotUnderstood),
        (answer(b"", status=401), failures.CredentialsRefused),
        (answer(b"", status=403), failures.NotAllowed),
        (answer(b"", status=404), failures.CalendarGone),
        (answer(b"", status=410), failures.CalendarGone),
        (answer(b"", status=500), failures.Unanswered),
        (answer(b"", status=402), failures.NotUnderstood),
        (answer(b"a" * 10_000_001), failures.CalendarTooLarge),
        (answer(FULL)[:-5], failures.Unanswered),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
async def test_what_is_no_calendar_is_a_failure(
    http: GuardedHttp, text: bytes, failure: type[failures.CalendarFailure]
) -> None:
    async def behave(visit: Visit) -> None:
        await visit.request()
        await visit.say(text)

    async with receiving(behave) as receiver:
        came = await open_at(http, receiver).read_all(CALENDAR, DECEMBER)
    assert isinstance(came, failure)
    assert "secret" not in repr(came)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (("Retry-After: 7",), 7),
        (("Retry-After: 999999999",), 86_400),
        (
            (
                "Date: Sun, 29 Nov 2026 10:00:00 GMT",
                "Retry-After: Sun, 29 Nov 2026 10:02:00 GMT",
            ),
            120,
        ),
        (("Retry-After: soon",), None),
        ((), None),
    ],
)
async def test_a_busy_server_says_when_to_come_again(
    http: GuardedHttp, headers: tuple[str, ...], seconds: float | None
) -> None:
    async with receiving(always(answer(b"", *headers, status=429))) as receiver:
        came = await open_at(http, receiver).read_all(CALENDAR, DECEMBER)
    assert came == failures.Unanswered("it answers 429", seconds)


async def test_a_file_is_found_behind_a_redirect(http: GuardedHttp) -> None:
    async with receiving(always(answer(FULL))) as there:
        moved = answer(b"", f"Location: {there.url}", status=303)
        async with receiving(always(moved)) as receiver:
            reading = await read(open_at(http, receiver))
    assert reading.objects[0].data == FULL


async def test_a_redirect_into_a_private_network_is_refused(http: GuardedHttp) -> None:
    moved = answer(b"", "Location: https://10.0.0.1/a.ics", status=302)
    async with receiving(always(moved)) as receiver:
        came = await open_at(http, receiver).read_all(CALENDAR, DECEMBER)
    assert isinstance(came, failures.AddressRefused)
    assert "KALENDS_OUTBOUND_ALLOW" in came.reason


async def test_an_address_that_is_not_open_names_what_opens_it() -> None:
    client = GuardedHttp(read_opened([]))
    account = IcsProvider(client).open_account(CalendarLogin(url="webcal://127.0.0.1/a.ics"))
    came = await account.discover()
    await client.close()
    assert isinstance(came, failures.AddressRefused)
    assert "KALENDS_OUTBOUND_ALLOW" in came.reason


async def test_a_foreign_token_is_refused(http: GuardedHttp) -> None:
    account = IcsProvider(http).open_account(CalendarLogin(url="https://127.0.0.1/"))
    for token in ("", "{}", '{"sync":"1"}', "\ud800"):
        assert isinstance(await account.read_changes(CALENDAR, token), failures.TokenRefused)


async def test_a_file_that_is_gone_is_a_gone_object(http: GuardedHttp) -> None:
    async with receiving(always(answer(b"", status=404))) as receiver:
        assert await open_at(http, receiver).read_object(CALENDAR, HREF) == failures.ObjectGone()


async def test_a_file_takes_no_events(http: GuardedHttp) -> None:
    account = IcsProvider(http).open_account(CalendarLogin(url="https://127.0.0.1/"))
    href = account.href_of(CALENDAR, "a")
    assert isinstance(await account.write_object(CALENDAR, href, FULL), failures.NotAllowed)
    assert isinstance(await account.delete_object(CALENDAR, href), failures.NotAllowed)
    assert isinstance(await account.find_objects(CALENDAR, "a"), failures.NotUnderstood)
