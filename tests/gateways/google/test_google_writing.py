"""Events of ours are written to Google, and never a second one."""

import pytest

from kalends.domain.calendars.failures import (
    NotAllowed,
    UidTaken,
    Unanswered,
)
from kalends.domain.calendars.writings import ObjectWritten
from kalends.gateways.google.account import GoogleAccount
from tests.fakes.google import OWNER, FakeGoogle
from tests.fakes.quirks import Quirk
from tests.gateways.consented.writings import DATA, EVENT, LATER, UID, meet_ours, write

pytestmark = pytest.mark.server


@pytest.fixture
def href(account: GoogleAccount) -> str:
    return account.href_of(OWNER, UID)


async def written(account: GoogleAccount, href: str, etag: str | None = None) -> ObjectWritten:
    return await write(account, OWNER, href, DATA, etag)


async def test_an_event_is_written_as_it_is_to_be(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    await written(account, href)
    (event,) = google.calendar().live()
    assert event["summary"] == EVENT.summary
    assert event["description"] == EVENT.description
    assert event["location"] == "Room 1"
    assert event["start"] == {"dateTime": "2026-12-01T08:00:00Z", "timeZone": "UTC"}
    assert "attendees" not in event
    assert "sendUpdates=none" in google.requests[-1][1]


async def test_a_change_clears_what_is_not_said_any_more(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    etag = (await written(account, href)).etag
    google.calendar().events[href]["colorId"] = "5"
    assert isinstance(await account.write_object(OWNER, href, LATER, etag), ObjectWritten)
    (event,) = google.calendar().live()
    assert event["end"]["dateTime"] == "2026-12-01T10:00:00Z"
    assert "location" not in event
    assert event["colorId"] == "5"


async def test_a_second_insert_meets_the_first(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    google.quirks.add(Quirk.LOSES_ANSWERS)
    assert isinstance(await account.write_object(OWNER, href, DATA), Unanswered)
    google.quirks.clear()
    came = await meet_ours(account, OWNER, href)
    await written(account, href, came.current.etag)
    assert len(google.calendar().live()) == 1


async def test_it_is_ours_where_google_hides_our_mark(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    await written(account, href)
    google.quirks.add(Quirk.NO_PRIVATE_PROPERTIES)
    await meet_ours(account, OWNER, href)


async def test_the_id_of_a_deleted_event_is_burnt(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    await written(account, href)
    google.calendar().remove(href)
    assert isinstance(await account.write_object(OWNER, href, DATA), UidTaken)


async def test_an_event_is_found_by_its_uid(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    await written(account, href)
    found = await account.find_objects(OWNER, UID)
    assert isinstance(found, list)
    assert [one.href for one in found] == [href]
    assert await account.find_objects(OWNER, "another@kalends") == []


async def test_an_event_that_was_moved_keeps_its_id(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    await written(account, href)
    moved = dict(google.calendar().events[href])
    del moved["extendedProperties"]
    google.calendar().remove(href)
    google.calendar("team@example.test").put(moved)
    found = await account.find_objects("team@example.test", UID)
    assert isinstance(found, list)
    assert [one.href for one in found] == [href]


async def test_nothing_was_moved_where_nothing_may_be_read(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    google.calendar("boss@example.test", role="none")
    assert await account.find_objects("boss@example.test", UID) == []


async def test_a_calendar_of_somebody_else_is_not_written(
    google: FakeGoogle, account: GoogleAccount, href: str
) -> None:
    google.calendar("team@example.test", role="writer")
    came = await account.write_object("team@example.test", href, DATA)
    assert isinstance(came, NotAllowed)
