"""Long answers of slots are found in pieces of a bounded size, between which others get a turn."""

import asyncio
from dataclasses import replace
from itertools import chain, pairwise
from random import Random

import pytest

from kalends.availability.calendar_index import CalendarIndex
from kalends.availability.hours import ALWAYS_OPEN
from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.matching import SlotRequirement
from kalends.availability.slot_inputs import Calendar, SlotInputs, SlotTerms
from kalends.availability.slots import slots
from kalends.availability.wallclock import zone_named
from kalends.domain.errors import Invalid
from kalends.scheduling.slot_search import (
    ANSWER_STEPS_KEPT,
    CALENDAR_STEPS_A_PIECE,
    MOST_SLOTS,
    STEPS_A_PIECE,
    pieces_of,
    search_slots,
)
from tests.availability.cases import at, schedule_id, slot_inputs

BEGIN = at("2026-10-20T00:00:00Z")
BERLIN = zone_named("Europe/Berlin")
MINUTE = 60


def team(size: int, step: int = MINUTE) -> SlotInputs:
    calendars = [
        Calendar(
            schedule_id(n), BERLIN, ALWAYS_OPEN, busy=((BEGIN + 7 * n, BEGIN + DAY_SECONDS // 3),)
        )
        for n in range(1, size + 1)
    ]
    ids = tuple(calendar.schedule_id for calendar in calendars)
    inputs = slot_inputs(calendars, SlotTerms(step, step), now=BEGIN - DAY_SECONDS)
    return replace(inputs, calendars=tuple(calendars), requirements=(SlotRequirement(1, ids),))


@pytest.mark.parametrize(("size", "days"), [(1, 1), (1, 366), (3, 14), (200, 14), (40_000, 1)])
def test_a_piece_has_a_bounded_number_of_steps(size: int, days: int) -> None:
    calendars = [*team(1).calendars] * size
    inputs = slot_inputs(calendars, SlotTerms(MINUTE, MINUTE), now=BEGIN)
    span = Interval(BEGIN, BEGIN + days * DAY_SECONDS)
    pieces = pieces_of(inputs, span)
    steps = [piece.seconds // MINUTE for piece in pieces]
    assert max(steps) <= (STEPS_A_PIECE if len(pieces) > 1 else ANSWER_STEPS_KEPT)
    assert max(steps) == 1 or max(steps) * size <= CALENDAR_STEPS_A_PIECE
    assert (pieces[0].start, pieces[-1].end) == (span.start, span.end)
    assert all(before.end == after.start for before, after in pairwise(pieces))


def test_an_ordinary_range_is_one_piece() -> None:
    assert len(pieces_of(team(20, 30 * MINUTE), Interval(BEGIN, BEGIN + 31 * DAY_SECONDS))) == 1


def test_a_range_of_no_length_is_one_piece() -> None:
    assert pieces_of(team(1), Interval(BEGIN, BEGIN)) == [Interval(BEGIN, BEGIN)]


@pytest.mark.parametrize("size", [1, 3, 60])
async def test_the_pieces_have_the_slots_of_the_whole(size: int) -> None:
    inputs, span = team(size), Interval(BEGIN + 77, BEGIN + 8 * DAY_SECONDS + 5)
    pieces = await search_slots(inputs, span)
    assert list(chain.from_iterable(pieces)) == list(slots(inputs, span))
    assert len(pieces) > 1


async def test_others_get_a_turn_between_the_pieces() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    pieces = await search_slots(team(1), Interval(BEGIN, BEGIN + 10 * DAY_SECONDS))
    counting.cancel()
    assert turns >= len(pieces) > 1


async def test_a_repeated_query_is_computed_once() -> None:
    inputs, span = team(2, 30 * MINUTE), Interval(BEGIN, BEGIN + 14 * DAY_SECONDS)
    [first] = await search_slots(inputs, span)
    [again] = await search_slots(team(2, 30 * MINUTE), span)
    assert again is first


async def test_a_repeated_query_of_many_calendars_is_computed_once() -> None:
    span = Interval(BEGIN, BEGIN + 14 * DAY_SECONDS)
    first = await search_slots(team(200, 30 * MINUTE), span)
    again = await search_slots(team(200, 30 * MINUTE), span)
    assert len(first) > 1
    assert all(one is other for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("buffers", [(0, 0), (7, 1300)])
async def test_many_times_are_cut_to_the_piece(buffers: tuple[int, int]) -> None:
    chance = Random(7)
    starts = [BEGIN - DAY_SECONDS + chance.randrange(10 * DAY_SECONDS) for _ in range(3_000)]
    times = [(start, start + chance.choice((5, 20, 900))) for start in starts]
    times.append((BEGIN - 3 * DAY_SECONDS, BEGIN + DAY_SECONDS // 2))
    free = team(1)
    busy = replace(free.calendars[0], busy=times[:2_000], occupied=times[2_000:])
    terms = replace(free.terms, buffer_before=buffers[0], buffer_after=buffers[1])
    inputs = replace(free, calendars=(busy,), terms=terms)
    span = Interval(BEGIN, BEGIN + 8 * DAY_SECONDS)
    pieces = await search_slots(inputs, span)
    assert list(chain.from_iterable(pieces)) == list(slots(inputs, span))
    assert sum(map(len, pieces)) > 20


def test_a_part_has_the_times_that_meet_it_and_few_others() -> None:
    calendar = replace(
        team(1).calendars[0], busy=[(BEGIN + n * 60, BEGIN + n * 60 + 5) for n in range(20_000)]
    )
    index = CalendarIndex(replace(team(1), calendars=(calendar,)))
    assert list(index.prepare()) == [20_000]
    [part] = index.within(Interval(BEGIN + DAY_SECONDS, BEGIN + DAY_SECONDS + 500 * 60)).calendars
    assert len(part.busy) == 501


async def test_more_than_twenty_thousand_slots_are_refused_before_computing() -> None:
    with pytest.raises(Invalid, match=r"20,000 slots.*shorter range"):
        await search_slots(team(1), Interval(BEGIN, BEGIN + 366 * DAY_SECONDS))
    most = Interval(BEGIN + DAY_SECONDS, BEGIN + DAY_SECONDS + MOST_SLOTS * MINUTE)
    assert sum(map(len, await search_slots(team(1), most))) == MOST_SLOTS
