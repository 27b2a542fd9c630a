"""How much is kept of answers, and of the calendars that they were found in."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kalends.domain.event_type import Requirement
from kalends.domain.schedule import Schedule
from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.scheduling.kept_slots import MOST_KEPT, KeptSlots, SlotLookup
from kalends.scheduling.slots import LONGEST_TEXT_KEPT, ListedSlots
from kalends.store.availability.calendars import StoredCalendar
from kalends.store.availability.packed import PackedTimes

NOW = datetime(2031, 5, 1, tzinfo=UTC)
ROOM = Schedule(name="Room", id=UUID(int=1), created_at=NOW, updated_at=NOW, version=1)
QUERY = AvailabilityQuery(requirements=[Requirement(1, [ROOM.id])], duration=timedelta(hours=1))


def asked(who: int, size: int) -> SlotLookup:
    nothing = PackedTimes(None, width=2)
    return SlotLookup(who, QUERY, [StoredCalendar(ROOM, nothing, nothing, schedule_size=size)])


def test_answers_keep_no_more_of_calendars_than_is_allowed() -> None:
    kept = KeptSlots[int](most_size=300)
    questions = [asked(who, 100) for who in range(5)]
    for question in [*questions, questions[-1]]:
        kept.keep(question, 1, 0)
    kept.keep(asked(9, 301), 1, 0)  # which leaves the others where they are
    found = [kept.find(question, 0) for question in [*questions, asked(9, 301)]]
    assert found == [None, None, 0, 0, 0, None]


def test_the_answers_that_were_asked_for_last_are_kept() -> None:
    kept = KeptSlots[int]()
    questions = [asked(who, 1) for who in range(MOST_KEPT + 1)]
    for question in questions:
        kept.keep(question, 1, 0)
    assert [kept.find(question, 0) for question in questions] == [None, *[0] * MOST_KEPT]


@pytest.mark.parametrize(("length", "kept"), [(LONGEST_TEXT_KEPT, 1), (LONGEST_TEXT_KEPT + 1, 0)])
def test_a_long_text_is_written_each_time(length: int, kept: int) -> None:
    listed = ListedSlots((), "UTC", texts=[])
    listed.keep_text(bytes(length))
    assert len(listed.texts or ()) == kept
