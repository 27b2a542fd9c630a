"""Events of ours are written to Graph, and never a second one."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from kalends.domain.calendars.accounts import CalendarAccess, Discovery
from kalends.domain.calendars.channels import NewChannel, OpenChannel
from kalends.domain.calendars.failures import NotAllowed, ObjectGone, Unanswered
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.calendars.writings import ANY_VERSION, Conflict, ObjectDeleted, ObjectWritten
from kalends.domain.ids import new_id
from kalends.formats.icalendar.invitations import EventStatus
from kalends.formats.icalendar.written import written_ics
from kalends.gateways.microsoft.account import MicrosoftAccount
from tests.fakes.microsoft import CALENDAR, FakeMicrosoft
from tests.fakes.quirks import Quirk
from tests.gateways.consented.writings import DATA, EVENT, LATER, UID, meet_ours, write
from tests.gateways.microsoft.events import changes_of, reading_of

pytestmark = pytest.mark.server


@pytest.fixture
def href(account: MicrosoftAccount) -> str:
    """Of an event that is not created yet."""
    return account.href_of(CALENDAR, UID)


async def written(
    account: MicrosoftAccount, href: str, data: bytes = DATA, etag: str | None = None
) -> ObjectWritten:
    return await write(account, CALENDAR, href, data, etag)


async def test_an_event_is_written_as_it_is_to_be(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    made = await written(account, href)
    (event,) = microsoft.calendar().live()
    assert made.href == event["id"]
    assert event["subject"] == EVENT.summary
    assert event["body"] == {"contentType": "text", "content": EVENT.description}
    assert event["location"] == {"displayName": "Room 1"}
    assert event["start"] == {"dateTime": "2026-12-01T08:00:00.0000000", "timeZone": "UTC"}
    assert (event["transactionId"], event["showAs"]) == (UID, "busy")
    assert "attendees" not in event


async def test_what_is_pending_is_shown_as_tentative(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    await written(account, href, written_ics(replace(EVENT, status=EventStatus.TENTATIVE), UID))
    assert [event["showAs"] for event in microsoft.calendar().live()] == ["tentative"]


async def test_a_change_clears_what_is_not_said_any_more(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    made = await written(account, href)
    microsoft.calendar().events[made.href]["categories"] = ["Red"]
    await written(account, made.href, LATER, made.etag)
    (event,) = microsoft.calendar().live()
    assert event["end"]["dateTime"].startswith("2026-12-01T10:00:00")
    assert event["location"] == {"displayName": ""}
    assert event["categories"] == ["Red"]


async def test_a_text_that_is_not_said_any_more_is_cleared(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    made = await written(account, href)
    silent = written_ics(replace(EVENT, description=None), UID)
    after = await written(account, made.href, silent, made.etag)
    (event,) = microsoft.calendar().live()
    assert event["body"]["content"] == ""
    assert after.etag == event["@odata.etag"]


async def test_a_change_leaves_an_online_meeting_its_call(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    made = await written(account, href)
    await account.add_call(CALENDAR, made.href, "key")
    moved = replace(EVENT, description=None, ends_at=datetime(2026, 12, 1, 10, tzinfo=UTC))
    await written(account, made.href, written_ics(moved, UID), ANY_VERSION)
    (event,) = microsoft.calendar().live()
    assert event["onlineMeeting"]["joinUrl"]
    assert event["end"]["dateTime"].startswith("2026-12-01T10:00:00")


async def test_a_lost_creation_is_found_by_our_mark(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    microsoft.quirks.add(Quirk.LOSES_ANSWERS)
    assert isinstance(await account.write_object(CALENDAR, href, DATA), Unanswered)
    microsoft.quirks.clear()
    found = await account.read_object(CALENDAR, href)
    assert isinstance(found, CalendarObject)
    assert found.href == microsoft.calendar().live()[0]["id"]
    await written(account, found.href, LATER, found.etag)
    assert len(microsoft.calendar().live()) == 1


async def test_nothing_is_found_of_what_was_not_created(
    account: MicrosoftAccount, href: str
) -> None:
    assert isinstance(await account.read_object(CALENDAR, href), ObjectGone)
    assert isinstance(await account.delete_object(CALENDAR, href), ObjectDeleted)


async def test_a_second_creation_is_the_first(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    first = await written(account, href)
    assert (await written(account, href)).href == first.href
    assert len(microsoft.calendar().live()) == 1


async def test_a_second_creation_at_another_time_meets_the_first(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    first = await written(account, href)
    came = await meet_ours(account, CALENDAR, href, LATER)
    assert came.current.href == first.href
    assert len(microsoft.calendar().live()) == 1


async def test_an_earlier_event_in_the_answer_is_not_taken_for_ours(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    await written(account, href)
    microsoft.quirks.add(Quirk.ANSWERS_THE_FIRST)
    assert isinstance(await account.write_object(CALENDAR, href, LATER), Conflict)


async def test_what_was_created_before_and_is_not_shown_is_not_made_again(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    made = await written(account, href)
    microsoft.calendar().remove(made.href)
    assert isinstance(await account.write_object(CALENDAR, href, DATA), Unanswered)
    assert microsoft.calendar().live() == []


async def test_a_copy_is_not_taken_for_the_event(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    made = await written(account, href)
    event = microsoft.calendar().events.pop(made.href)
    microsoft.calendar().put({**event, "id": "copy", "transactionId": None})
    microsoft.calendar().put(event)
    found = await account.read_object(CALENDAR, href)
    assert isinstance(found, CalendarObject)
    assert found.href == made.href


async def test_an_unclear_creation_is_deleted_by_our_mark(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    await written(account, href)
    assert isinstance(await account.delete_object(CALENDAR, href), ObjectDeleted)
    assert microsoft.calendar().live() == []


async def test_what_we_wrote_is_read_under_its_own_name(
    account: MicrosoftAccount, href: str
) -> None:
    token = (await reading_of(account)).token
    made = await written(account, href)
    (read,) = (await changes_of(account, token)).changed
    assert (read.href, read.etag) == (made.href, made.etag)
    assert f"UID:{UID}".encode() in read.data


async def test_an_event_in_another_calendar_is_found_there(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    made = await written(account, href)
    other = microsoft.calendar("other", "Other")
    other.put(microsoft.calendar().events.pop(made.href))
    assert isinstance(await account.read_object(CALENDAR, made.href), ObjectGone)
    found = await account.find_objects("other", UID)
    assert isinstance(found, list)
    assert [one.href for one in found] == [made.href]
    assert await account.find_objects(CALENDAR, UID) == []


async def test_a_closed_calendar_is_no_matter_of_the_consent(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, href: str
) -> None:
    microsoft.calendar().can_edit = False
    assert isinstance(await account.write_object(CALENDAR, href, DATA), NotAllowed)
    found = await account.discover()
    assert isinstance(found, Discovery)
    assert [one.access for one in found.calendars] == [CalendarAccess.READ]


async def test_a_subscription_is_opened_and_closed(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    new = NewChannel(new_id(), "https://book.example.test/hooks/calendars/x", "secret")
    opened = await account.open_channel(CALENDAR, new)
    assert isinstance(opened, OpenChannel)
    assert list(microsoft.subscriptions) == [opened.resource]
    assert await account.close_channel(new.id, opened.resource) is None
    assert microsoft.subscriptions == {}
    assert await account.close_channel(new.id, opened.resource) is None
