"""Graph's events are read as what takes time, whole and by what has changed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from kalends.domain.calendars.accounts import CalendarAccess, Discovery
from kalends.domain.calendars.failures import (
    ConsentLacks,
    TokenRefused,
    Unanswered,
)
from kalends.domain.calendars.readings import CalendarObject, Changes
from kalends.gateways.http import GuardedHttp
from kalends.gateways.microsoft.account import MicrosoftAccount
from kalends.gateways.microsoft.places import CALENDARS_SCOPE, PROFILE_SCOPE, places_at
from kalends.gateways.microsoft.session import InTurn
from kalends.gateways.microsoft.turns import AT_ONCE, RequestTurns
from tests.fakes.microsoft import CALENDAR, OWNER, TENANT, FakeMicrosoft
from tests.fakes.quirks import Quirk
from tests.gateways.consented.accounts import GRANTED_BY_MICROSOFT, Source
from tests.gateways.google.events import busy
from tests.gateways.microsoft.events import (
    JSON,
    changes_of,
    days,
    reading_of,
    time_of,
    timed,
    weekly,
)
from tests.gateways.readings import DECEMBER

pytestmark = pytest.mark.server
PACIFIC = "Pacific Standard Time"
SERIES: JSON = {"id": "series", "showAs": "busy"}


def answered(response: str, shown: str) -> JSON:
    """The owner's answer to an invitation, and how Graph shows the event by it."""
    status = {"response": response, "time": "2026-11-20T08:00:00Z"}
    return {"responseStatus": status, "showAs": shown, "isOrganizer": False}


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        (timed("A1", 1, 9), ["01T09-10"]),
        (timed("A1", 1, 9, showAs="free"), []),
        (timed("A1", 1, 9, showAs="workingElsewhere"), []),
        (timed("A1", 1, 9, showAs="unknown"), ["01T09-10"]),
        (timed("A1", 1, 9, showAs="tentative"), ["01T09-10?"]),
        (timed("A1", 1, 9, showAs="oof"), ["01T09-10!"]),
        (timed("A1", 1, 9, isCancelled=True), []),
        (timed("A1", 1, 9, **answered("declined", "busy")), []),
        (timed("A1", 1, 9, **answered("notResponded", "tentative")), ["01T09-10?"]),
        (timed("A1", 1, 9, sensitivity="private"), ["01T09-10"]),
        (days("A1", 3, 4), ["02T23-00+", "03T00-23+"]),
        (days("A1", 3, 4, showAs="oof"), ["02T23-00!", "03T00-23!"]),
        (days("A1", 3, 4, originalStartTimeZone=PACIFIC), ["03T08-00+", "04T00-08+"]),
        (days("A1", 3, 4, originalStartTimeZone="UTC"), ["02T23-00+", "03T00-23+"]),
        (timed("A1", 1, 9, originalStartTimeZone="tzone://Microsoft/Custom"), ["01T09-10"]),
    ],
)
async def test_an_event_takes_time_by_what_graph_says_of_it(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, event: JSON, taken: list[str]
) -> None:
    microsoft.calendar().put(event)
    assert busy((await reading_of(account)).objects) == taken


async def test_a_series_is_as_its_master_says_where_its_occurrences_are(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    calendar = microsoft.calendar()
    calendar.put_series({**SERIES, "showAs": "tentative"}, weekly(1, 8, 15, 22))
    calendar.change_occurrence("series", 1, timed("", 9, 14) | {"id": "series.1"})
    calendar.change_occurrence("series", 2, None)
    reading = await reading_of(account)
    assert [one.href for one in reading.objects] == ["series"]
    assert busy(reading.objects) == ["01T09-10?", "09T14-15", "22T09-10?"]


async def test_a_changed_occurrence_stands_beside_its_series(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    calendar, ours = microsoft.calendar(), {"transactionId": "bk_x@kalends", "iCalUId": "uid"}
    calendar.put_series({**SERIES, **ours}, weekly(1, 8))
    calendar.change_occurrence(
        "series", 1, {**ours, "start": time_of(8, 14), "end": time_of(8, 15)}
    )
    assert busy((await reading_of(account)).objects) == ["01T09-10", "08T14-15"]


async def test_an_invitation_of_ours_keeps_its_uid(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    microsoft.calendar().put(timed("A1", 1, 9, iCalUId="bk_0001@kalends"))
    (read,) = (await reading_of(account)).objects
    assert b"UID:bk_0001@kalends" in read.data


async def test_a_round_reaches_farther_than_it_is_asked_for(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    await reading_of(account)
    ((_, asked, _),) = microsoft.asked("GET", "/calendarView/delta")
    assert "startDateTime=2026-12-01T00" in asked
    # Until the next comparison, and all that may fail before it.
    assert "endDateTime=2027-01-31T00" in asked


async def test_an_all_day_series_takes_its_days(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    each = [(time_of(day, 0), time_of(day + 1, 0)) for day in (3, 10)]
    microsoft.calendar().put_series({**SERIES, "isAllDay": True}, each)
    taken = ["02T23-00+", "03T00-23+", "09T23-00+", "10T00-23+"]
    assert busy((await reading_of(account)).objects) == taken


async def test_nothing_that_an_event_says_is_kept(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    microsoft.calendar().put(timed("A1", 1, 9, subject="Dentist", bodyPreview="Dr. Who"))
    (read,) = (await reading_of(account)).objects
    assert b"Dentist" not in read.data
    assert b"Who" not in read.data


async def test_the_samples_are_read(microsoft: FakeMicrosoft, account: MicrosoftAccount) -> None:
    rows = json.loads((Path(__file__).parent / "sample.json").read_text())
    for row in rows:
        microsoft.calendar().put(row)
    taken = ["01T08-09", "04T10-11?", "09T10-11", "09T12-13", "18T08-09"]
    timed_ones = [one for one in busy((await reading_of(account)).objects) if "!" not in one]
    assert timed_ones == taken


@pytest.mark.parametrize("quirk", [Quirk.BREAKS_OFF, Quirk.DOWN])
async def test_a_round_without_its_last_page_is_none(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, quirk: Quirk
) -> None:
    token = (await reading_of(account)).token
    microsoft.calendar().put(timed("A1", 1, 9))
    microsoft.quirks.add(quirk)
    assert isinstance(await account.read_all(CALENDAR, DECEMBER), Unanswered)
    assert isinstance(await account.read_changes(CALENDAR, token), Unanswered)
    microsoft.quirks.clear()
    assert [one.href for one in (await changes_of(account, token)).changed] == ["A1"]


async def test_a_list_goes_on_at_graph_alone(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    token = (await reading_of(account)).token
    elsewhere = token.replace(f"{microsoft.url}/v1.0/", f"{microsoft.url}/elsewhere/")
    asked = len(microsoft.requests)
    assert not isinstance(await account.read_changes(CALENDAR, elsewhere), Changes)
    assert len(microsoft.requests) == asked


async def test_what_comes_twice_is_read_once(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    microsoft.quirks.add(Quirk.REPEATS)
    microsoft.calendar().put(timed("A1", 1, 9))
    microsoft.calendar().put_series(SERIES, weekly(8, 15))
    reading = await reading_of(account)
    assert busy(reading.objects) == ["01T09-10", "08T09-10", "15T09-10"]
    microsoft.calendar().put(timed("A1", 2, 9))
    assert busy((await changes_of(account, reading.token)).changed) == ["02T09-10"]


async def test_a_deleted_occurrence_is_gone_from_its_series(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    microsoft.calendar().put_series(SERIES, weekly(1, 8, 15))
    reading = await reading_of(account)
    microsoft.calendar().change_occurrence("series", 1, None)
    changes = await changes_of(account, reading.token)
    assert busy(changes.changed) == ["01T09-10", "15T09-10"]
    assert changes.removed == []
    known = {one.href: one.etag for one in changes.changed}
    same = await account.compare_all(CALENDAR, known, DECEMBER)
    assert isinstance(same, Changes)
    assert same.changed == []


async def test_what_left_the_window_is_a_hint_and_still_there(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    microsoft.calendar().put(timed("A1", 1, 9))
    token = (await reading_of(account)).token
    far = [{"dateTime": f"2031-01-01T{hour}:00:00", "timeZone": "UTC"} for hour in ("09", "10")]
    microsoft.calendar().put({"id": "A1", "start": far[0], "end": far[1]})
    changes = await changes_of(account, token)
    assert (changes.changed, changes.removed) == ([], ["A1"])
    assert isinstance(await account.read_object(CALENDAR, "A1"), CalendarObject)


async def test_an_event_that_is_removed_and_there_at_once_is_asked_for(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    calendar = microsoft.calendar()
    token = (await reading_of(account)).token
    calendar.put(timed("there", 1, 9))
    calendar.removed["there"] = calendar.changes
    calendar.stale = [dict(calendar.put(timed("gone", 1, 9)))]
    calendar.remove("gone")
    changes = await changes_of(account, token)
    assert ([one.href for one in changes.changed], changes.removed) == (["there"], ["gone"])


@pytest.mark.parametrize("code", ["SyncStateNotFound", "resyncRequired"])
async def test_a_token_that_graph_has_forgotten_is_refused(
    microsoft: FakeMicrosoft, account: MicrosoftAccount, code: str
) -> None:
    token = (await reading_of(account)).token
    microsoft.forgets_by = code
    microsoft.calendar().oldest_token = 99
    assert isinstance(await account.read_changes(CALENDAR, token), TokenRefused)


async def test_many_changed_series_are_compared(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    token = (await reading_of(account)).token
    for number in range(51):
        microsoft.calendar().put_series({"id": f"series{number}"}, weekly(1))
    assert isinstance(await account.read_changes(CALENDAR, token), TokenRefused)


async def test_a_server_that_is_down_says_how_long_to_wait(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    microsoft.quirks.add(Quirk.DOWN)
    came = await account.read_all(CALENDAR, DECEMBER)
    assert isinstance(came, Unanswered)
    assert came.retry_after_seconds == 1.0


async def test_two_requests_are_under_way_at_once(
    http: GuardedHttp, microsoft: FakeMicrosoft
) -> None:
    microsoft.answer_seconds = 0.02
    microsoft.access_tokens |= {f"token{number}": GRANTED_BY_MICROSOFT for number in range(6)}
    shared = InTurn(http, RequestTurns())

    class Own(Source):
        def __init__(self, number: int) -> None:
            self.number = number

        async def access_token(self, refused: str | None = None) -> Any:
            return f"token{self.number}"

    places = places_at(microsoft.url, TENANT)
    accounts = [
        MicrosoftAccount(shared, places, Own(number), GRANTED_BY_MICROSOFT) for number in range(6)
    ]
    await asyncio.gather(*(one.read_object(CALENDAR, "A1") for one in accounts))
    assert microsoft.most_at_once == AT_ONCE
    microsoft.most_at_once = 0
    await asyncio.gather(*(accounts[0].read_object(CALENDAR, "A1") for _ in range(4)))
    assert microsoft.most_at_once == 1


@pytest.mark.parametrize(
    ("granted", "lacks"),
    [(["Calendars.ReadWrite"], PROFILE_SCOPE.words), (["User.Read"], CALENDARS_SCOPE.words)],
)
async def test_what_was_not_granted_is_named(
    http: GuardedHttp, microsoft: FakeMicrosoft, granted: list[str], lacks: str
) -> None:
    microsoft.access_tokens["first"] = granted
    places = places_at(microsoft.url, TENANT)
    account = MicrosoftAccount(InTurn(http, RequestTurns()), places, Source(microsoft), granted)
    assert await account.discover() == ConsentLacks(lacks)


async def test_own_calendars_are_written_and_others_read(
    microsoft: FakeMicrosoft, account: MicrosoftAccount
) -> None:
    microsoft.calendar("team", "Team", owner="boss@contoso.test")
    found = await account.discover()
    assert isinstance(found, Discovery)
    assert found.principal == OWNER
    access = {one.name: one.access for one in found.calendars}
    assert access == {"Calendar": CalendarAccess.WRITE, "Team": CalendarAccess.READ}
