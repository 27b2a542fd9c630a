"""Calendars of accounts that were consented to are read whole, and by what has changed."""

import pytest

from kalends.domain.calendars.failures import (
    CalendarGone,
    ConsentEnded,
    ObjectGone,
    TokenRefused,
    Unanswered,
)
from kalends.domain.calendars.readings import CalendarObject, Changes
from tests.fakes.quirks import Quirk
from tests.gateways.consented.accounts import Side
from tests.gateways.readings import DECEMBER, read_all, read_changes

pytestmark = pytest.mark.server


async def test_all_pages_are_read(side: Side) -> None:
    side.fake.page_size = 2
    for number in range(5):
        side.there.put(side.timed(f"a{number}", 1 + number, 9))
    reading = await read_all(side.account, side.calendar_id)
    assert len(reading.objects) == 5
    side.there.put(side.timed("later", 9, 9))
    changes = await read_changes(side.account, side.calendar_id, reading.token)
    assert [one.href for one in changes.changed] == ["later"]


async def test_a_token_that_was_forgotten_is_refused(side: Side) -> None:
    token = (await read_all(side.account, side.calendar_id)).token
    side.there.put(side.timed("a1", 1, 9))
    side.there.oldest_token = side.there.changes
    assert isinstance(await side.account.read_changes(side.calendar_id, token), TokenRefused)


async def test_a_comparison_tells_what_is_other(side: Side) -> None:
    for name in ("same1", "other1", "gone1"):
        side.there.put(side.timed(name, 1, 9))
    reading = await read_all(side.account, side.calendar_id)
    known = {one.href: one.etag for one in reading.objects}
    side.there.put(side.timed("other1", 2, 9))
    side.there.remove("gone1")
    side.there.put(side.timed("new1", 3, 9))
    changes = await side.account.compare_all(side.calendar_id, known, DECEMBER)
    assert isinstance(changes, Changes)
    assert sorted(one.href for one in changes.changed) == ["new1", "other1"]
    assert changes.removed == ["gone1"]


async def test_an_event_is_there_or_proved_to_be_gone(side: Side) -> None:
    for name in ("there1", "gone1"):
        side.there.put(side.timed(name, 1, 9))
    side.there.remove("gone1")
    read = side.account.read_object
    assert isinstance(await read(side.calendar_id, "there1"), CalendarObject)
    assert isinstance(await read(side.calendar_id, "gone1"), ObjectGone)
    assert isinstance(await read(side.calendar_id, "never1"), ObjectGone)


async def test_a_calendar_that_is_gone_proves_nothing_of_its_events(side: Side) -> None:
    side.there.put(side.timed("there1", 1, 9))
    side.fake.calendars.clear()
    assert isinstance(await side.account.read_object(side.calendar_id, "there1"), CalendarGone)


async def test_too_many_requests_wait(side: Side) -> None:
    side.fake.quirks.add(Quirk.TOO_MANY)
    came = await side.account.read_all(side.calendar_id, DECEMBER)
    assert isinstance(came, Unanswered)
    assert came.retry_after_seconds == 1.0


async def test_a_token_that_is_refused_twice_has_ended(side: Side) -> None:
    side.fake.access_tokens.clear()
    assert isinstance(await side.account.read_all(side.calendar_id, DECEMBER), ConsentEnded)
