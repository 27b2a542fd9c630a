"""Google's events are read as what takes time, whole and by what has changed."""

from typing import Any

import pytest

from kalends.domain.calendars.failures import (
    ConsentLacks,
    TokenRefused,
    Unanswered,
)
from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.google.places import BUSY_SCOPE, LIST_SCOPE
from tests.fakes.google import OWNER, FakeGoogle
from tests.fakes.quirks import Quirk
from tests.gateways.consented.accounts import Source
from tests.gateways.google.events import (
    JSON,
    busy,
    changed,
    changes_of,
    days,
    reading_of,
    time_of,
    timed,
)
from tests.gateways.readings import DECEMBER

pytestmark = pytest.mark.server
WEEKLY: JSON = {
    "recurrence": ["EXDATE;TZID=Europe/Berlin:20261222T090000", "RRULE:FREQ=WEEKLY;COUNT=5"]
}
MINE: JSON = {"attendees": [{"email": "b@x.test"}, {"email": OWNER, "self": True}]}


def answered(response: str) -> JSON:
    """The owner's answer to an invitation."""
    return {"attendees": [{"email": OWNER, "self": True, "responseStatus": response}]}


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        (timed("a1", 1, 9), ["01T08-09"]),
        (timed("a1", 1, 9, transparency="transparent"), []),
        (timed("a1", 1, 9, status="tentative"), ["01T08-09?"]),
        (timed("a1", 1, 9, **answered("declined")), []),
        (timed("a1", 1, 9, **answered("needsAction")), ["01T08-09?"]),
        (timed("a1", 1, 9, **answered("accepted")), ["01T08-09"]),
        (timed("a1", 1, 9, **MINE), ["01T08-09"]),
        (timed("a1", 1, 9, eventType="outOfOffice"), ["01T08-09!"]),
        (timed("a1", 1, 9, eventType="focusTime"), ["01T08-09"]),
        (timed("a1", 1, 9, eventType="fromGmail"), ["01T08-09"]),
        (timed("a1", 1, 9, eventType="workingLocation", visibility="public"), []),
        (days("a1", 3, 4, eventType="birthday", transparency="opaque"), []),
        (days("a1", 3, 4), ["02T23-00+", "03T00-23+"]),
        (timed("a1", 1, 9, visibility="private"), ["01T08-09"]),
    ],
)
async def test_an_event_takes_time_by_what_google_says_of_it(
    google: FakeGoogle, account: GoogleAccount, event: JSON, taken: list[str]
) -> None:
    google.calendar().put(event)
    assert busy((await reading_of(account)).objects) == taken


async def test_a_series_is_one_object_with_its_changes(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    calendar = google.calendar()
    calendar.put(timed("series1", 1, 9, **WEEKLY))
    calendar.put(changed("series1", 8, 9, timed("", 9, 14) | {"id": "series1_20261208"}))
    calendar.put(changed("series1", 15, 9, None))
    reading = await reading_of(account)
    assert [one.href for one in reading.objects] == ["series1"]
    assert busy(reading.objects) == ["01T08-09", "09T13-14", "29T08-09"]


async def test_a_series_keeps_to_the_wall_clock_of_its_own_zone(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    # As a list shows it: the offset is that of the calendar, the zone that of the event.
    start = {"dateTime": "2026-10-26T14:00:00+01:00", "timeZone": "America/New_York"}
    end = {"dateTime": "2026-10-26T15:00:00+01:00", "timeZone": "America/New_York"}
    rule = {"recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=20261207T235959Z"]}
    google.calendar().put({"id": "series1", "start": start, "end": end, **rule})
    # Nine o'clock there: after the clocks changed, at another instant.
    assert busy((await reading_of(account)).objects) == ["07T14-15"]


async def test_nothing_that_an_event_says_is_asked_for(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    google.calendar().put(timed("a1", 1, 9, summary="Dentist", location="Berlin"))
    (read,) = (await reading_of(account)).objects
    assert b"Dentist" not in read.data
    assert "summary" not in google.requests[-1][1]


async def test_what_changes_while_pages_are_read_comes_afterwards(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    token = (await reading_of(account)).token
    for number in range(3):
        google.calendar().put(timed(f"a{number}", 1 + number, 9))
    changes = await changes_of(account, token)
    google.calendar().put(timed("a0", 7, 9))
    google.calendar().remove("a1")
    after = await changes_of(account, changes.token)
    assert ([one.href for one in after.changed], after.removed) == (["a0"], ["a1"])
    nothing = await changes_of(account, after.token)
    assert (nothing.changed, nothing.removed) == ([], [])


async def test_a_change_of_one_occurrence_brings_the_whole_series(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    calendar = google.calendar()
    calendar.put(timed("series1", 1, 9, **WEEKLY))
    calendar.put(changed("series1", 8, 9, None))
    reading = await reading_of(account)
    calendar.put(changed("series1", 15, 9, None))
    changes = await changes_of(account, reading.token)
    assert busy(changes.changed) == ["01T08-09", "29T08-09"]
    assert changes.changed[0].etag != reading.objects[0].etag


async def test_a_series_that_is_deleted_is_gone(google: FakeGoogle, account: GoogleAccount) -> None:
    calendar = google.calendar()
    calendar.put(timed("series1", 1, 9, **WEEKLY))
    calendar.put(changed("series1", 8, 9, None))
    token = (await reading_of(account)).token
    calendar.remove("series1")
    changes = await changes_of(account, token)
    assert (changes.changed, changes.removed) == ([], ["series1"])


async def test_an_invitation_to_one_occurrence_stands_by_itself(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    part = changed("far", 8, 9, timed("", 9, 14) | {"id": "far_20261208"})
    google.calendar().put(part)
    assert busy((await reading_of(account)).objects) == ["09T13-14"]


async def test_many_changed_series_are_compared(google: FakeGoogle, account: GoogleAccount) -> None:
    token = (await reading_of(account)).token
    for number in range(51):
        google.calendar().put(timed(f"series{number}", 1, 9, **WEEKLY))
    assert isinstance(await account.read_changes(OWNER, token), TokenRefused)


@pytest.mark.parametrize(
    ("quirk", "seconds"),
    [
        (Quirk.RATE_LIMITED, None),
        (Quirk.QUOTA, 600.0),
        (Quirk.DOWN, None),
    ],
)
async def test_too_many_requests_wait(
    google: FakeGoogle, account: GoogleAccount, quirk: Quirk, seconds: float | None
) -> None:
    google.quirks.add(quirk)
    came = await account.read_all(OWNER, DECEMBER)
    assert isinstance(came, Unanswered)
    assert came.retry_after_seconds == seconds


async def test_a_token_that_dies_in_the_middle_is_renewed_once(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    google.page_size = 1
    for number in range(3):
        google.calendar().put(timed(f"a{number}", 1, 9))
    scopes = google.access_tokens.pop("first")
    google.access_tokens |= {"second": scopes, "first": scopes}

    class Dying(Source):
        async def access_token(self, refused: str | None = None) -> Any:
            if self.asked == 1:
                del google.access_tokens["first"]
            self.asked += 1
            return "second" if refused or "first" not in google.access_tokens else "first"

    account._session._json._source = Dying(google)
    assert len((await reading_of(account)).objects) == 3


async def test_a_box_that_was_unticked_later_is_named(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    google.access_tokens["first"] = [LIST_SCOPE.name]
    came = await account.read_all(OWNER, DECEMBER)
    assert came == ConsentLacks(BUSY_SCOPE.words)


async def test_times_without_an_offset_are_on_their_zone(
    google: FakeGoogle, account: GoogleAccount
) -> None:
    event = timed("a1", 1, 9)
    event["start"] = {"dateTime": "2026-12-01T08:00:00", "timeZone": "Europe/Berlin"}
    event["end"] = time_of(1, 9)
    google.calendar().put(event)
    assert busy((await reading_of(account)).objects) == ["01T07-08"]
