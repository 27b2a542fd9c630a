"""A month that is about to end: the first days of the next one behind it."""

from datetime import UTC, date, datetime
from typing import cast

import pytest
from babel import Locale

from kalends.availability.slots import Slot, Slots
from kalends.availability.wallclock import zone_named
from kalends.scheduling.slots import ListedSlots, SlotRange
from kalends.web.pages.forms import FormFields
from kalends.web.pages.picker import Bounds, Picker, pick

UTC_ZONE = zone_named("UTC")
SUNDAYS_FIRST, MONDAYS_FIRST = Locale("en", "US"), Locale("de")


async def month_of(
    today: str, free: list[str], locale: Locale = MONDAYS_FIRST, **query: str
) -> Picker:
    """The month on that day, with a time at noon on each of the free ones."""
    starts = [
        int(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC).timestamp()) for day in free
    ]

    async def list_times(span: SlotRange) -> ListedSlots:
        first, last = str(span.start), str(span.end)
        listed = [
            Slot(start, start + 1800, (), 1)
            for day, start in zip(free, starts, strict=True)
            if first <= day <= last
        ]
        return ListedSlots(cast("list[Slots]", [listed]), "UTC")

    day = date.fromisoformat(today)
    bounds = Bounds(today=day, last=date(2027, 12, 31))
    return await pick(list_times, FormFields(list(query.items())), UTC_ZONE, bounds, locale)


def next_days(picker: Picker) -> list[tuple[str, int]]:
    return [(str(one.day), one.free) for week in picker.weeks for one in week if one.is_next]


async def test_its_last_week_shows_the_next_ones_first_days() -> None:
    picker = await month_of("2026-11-30", ["2026-11-30", "2026-12-02"])
    days = next_days(picker)
    assert (days[0], days[-1]) == (("2026-12-01", 0), ("2026-12-13", 0))
    assert ("2026-12-02", 1) in days
    assert picker.first == date(2026, 11, 1)
    assert picker.chosen == date(2026, 11, 30)


@pytest.mark.parametrize("today", ["2026-11-20", "2026-11-23"])
async def test_a_month_with_days_to_come_shows_only_its_own(today: str) -> None:
    picker = await month_of(today, [today, "2026-12-01"])
    assert next_days(picker) == []
    assert picker.weeks[-1][-1].day == date(2026, 12, 6)


async def test_weeks_are_whole_whichever_day_they_begin_with() -> None:
    picker = await month_of("2026-11-27", ["2026-11-27"], SUNDAYS_FIRST)
    assert {week[0].day.strftime("%a") for week in picker.weeks} == {"Sun"}
    assert next_days(picker)[-1][0] == "2026-12-12"


async def test_where_nothing_is_left_the_next_month_opens() -> None:
    picker = await month_of("2026-11-30", ["2026-12-01"])
    assert picker.first == date(2026, 12, 1)
    assert picker.chosen == date(2026, 12, 1)
    asked = await month_of("2026-11-30", ["2026-12-01"], month="2026-11")
    assert (asked.first, asked.chosen) == (date(2026, 11, 1), None)
    assert asked.next_free == date(2026, 12, 1)
    assert ("2026-12-01", 1) in next_days(asked)


async def test_an_address_of_long_ago_opens_the_next_month_too() -> None:
    for query in ({"month": "1999-01"}, {"day": "2020-01-01"}):
        picker = await month_of("2026-11-30", ["2026-12-01"], MONDAYS_FIRST, **query)
        assert (picker.first, picker.chosen) == (date(2026, 12, 1), date(2026, 12, 1))
        assert picker.next_free is None


async def test_other_months_are_shown_alone() -> None:
    picker = await month_of("2026-11-30", ["2026-12-31"], month="2026-12")
    assert next_days(picker) == []
