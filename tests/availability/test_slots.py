"""Slots, decisions and their reasons, one rule after the other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from time import process_time
from typing import Any

import pytest

from kalends.availability.hours import ALWAYS_OPEN, NEVER_OPEN, Hours, Window
from kalends.availability.interval import ALWAYS_BEFORE, DAY_SECONDS, MINUTE_SECONDS, Interval
from kalends.availability.matching import SlotRequirement
from kalends.availability.rules import Code
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs, SlotTerms
from kalends.availability.slots import Obstacle, Refusal, decide, explain, slots
from kalends.availability.wallclock import day_bounds, zone_named
from tests.availability.cases import at, every_day, schedule_id, slot_inputs, starts

HOUR = 3600
UTC = zone_named("UTC")
MONDAY = at("2026-06-01T00:00Z")
NINE_TO_TWELVE = every_day("09:00", "12:00")
HOURLY = SlotTerms(HOUR, HOUR)
A, B, C = (schedule_id(number) for number in (1, 2, 3))


def monday(hour: float) -> int:
    return MONDAY + int(hour * HOUR)


def meeting(start: float, end: float) -> tuple[int, int]:
    return monday(start), monday(end)


def schedule(number: int = 1, hours: Hours = NINE_TO_TWELVE, **given: Any) -> Calendar:
    return Calendar(schedule_id(number), UTC, hours, **given)


def ask(
    *calendars: Calendar, terms: SlotTerms = HOURLY, now: int = MONDAY, **given: Any
) -> SlotInputs:
    return slot_inputs(calendars or [schedule()], terms, now=now, **given)


def hours_listed(inputs: SlotInputs, days: int = 1) -> list[float]:
    listed = slots(inputs, Interval(MONDAY, MONDAY + days * DAY_SECONDS))
    return [(slot.start - MONDAY) / HOUR for slot in listed]


def codes(inputs: SlotInputs, start: int, end: int | None = None) -> list[str]:
    return [refusal.code for refusal in decide(inputs, start, end).refusals]


def test_a_slot_names_its_end_its_schedules_and_its_seats() -> None:
    (first, *_) = slots(ask(), Interval(MONDAY, MONDAY + DAY_SECONDS))
    assert first == (monday(9), monday(10), (A,), 1)


def test_slots_are_a_sequence() -> None:
    listed = slots(ask(), Interval(MONDAY, MONDAY + DAY_SECONDS))
    assert len(listed) == 3
    assert listed[0] == next(iter(listed))
    assert listed[-2:] == list(listed)[1:]


def test_without_a_step_there_are_no_slots_to_list() -> None:
    with pytest.raises(ValueError, match="step"):
        slots(ask(terms=SlotTerms(HOUR)), Interval(MONDAY, MONDAY + DAY_SECONDS))


def test_nobody_who_is_open_has_no_slots() -> None:
    assert hours_listed(ask(schedule(hours=NEVER_OPEN))) == []


def test_the_grid_starts_with_each_run_and_not_with_now() -> None:
    inputs = ask(terms=SlotTerms(HOUR, 45 * MINUTE_SECONDS), now=monday(9.1))
    assert hours_listed(inputs) == [9.75, 10.5]


def test_each_date_has_its_own_anchor_and_equal_starts_count_once() -> None:
    inputs = ask(schedule(hours=every_day("22:00", "23:00")), now=MONDAY - DAY_SECONDS)
    assert hours_listed(inputs, days=2) == [22, 46]
    overlapping = ask(schedule(hours=every_day("09:00", "08:00")), terms=SlotTerms(HOUR, 12 * HOUR))
    assert hours_listed(overlapping) == [9, 21]


def test_a_slot_may_touch_a_busy_time() -> None:
    assert hours_listed(ask(schedule(busy=[meeting(10, 11)]))) == [9, 11]


def test_an_empty_busy_time_blocks_nothing() -> None:
    assert hours_listed(ask(schedule(busy=[meeting(9.5, 9.5), meeting(11, 10)]))) == [9, 10, 11]


def test_buffers_keep_clear_of_busy_times_but_may_lie_in_closed_hours() -> None:
    terms = SlotTerms(
        HOUR, HOUR, buffer_before=15 * MINUTE_SECONDS, buffer_after=30 * MINUTE_SECONDS
    )
    assert hours_listed(ask(terms=terms)) == [9, 10, 11]
    assert hours_listed(ask(schedule(busy=[meeting(11, 11.5)]), terms=terms)) == [9]


def test_the_gaps_of_neighbours_add_up() -> None:
    terms = SlotTerms(30 * MINUTE_SECONDS, 30 * MINUTE_SECONDS, buffer_after=15 * MINUTE_SECONDS)
    booked_with_its_buffer = meeting(9.75, 10.75)
    calendar = schedule(occupied=[booked_with_its_buffer])
    assert hours_listed(ask(calendar, terms=terms)) == [9, 11, 11.5]


def test_slots_never_lie_before_now() -> None:
    assert hours_listed(ask(now=monday(9) + 1)) == [10, 11]
    assert hours_listed(ask(now=monday(9))) == [9, 10, 11]


def test_without_a_notice_a_booking_may_lie_in_the_past() -> None:
    inputs = ask(now=monday(20))
    assert decide(inputs, monday(9)).slot is not None
    assert explain(inputs, monday(9)).refusals[0].code is Code.TOO_SHORT_NOTICE


@pytest.mark.parametrize("of", ["event type", "schedule"])
def test_a_notice_of_zero_forbids_the_past(of: str) -> None:
    terms = SlotTerms(HOUR, HOUR, notice=0 if of == "event type" else None)
    calendar = schedule(notice=0 if of == "schedule" else None)
    assert codes(ask(calendar, terms=terms, now=monday(20)), monday(9)) == ["TOO_SHORT_NOTICE"]


def test_notice_is_elapsed_time_up_to_the_second() -> None:
    terms = SlotTerms(HOUR, HOUR, notice=HOUR)
    assert decide(ask(terms=terms, now=monday(8)), monday(9)).slot is not None
    assert codes(ask(terms=terms, now=monday(8) + 1), monday(9)) == ["TOO_SHORT_NOTICE"]


def test_the_longer_notice_counts() -> None:
    calendar = schedule(notice=3 * HOUR)
    assert hours_listed(ask(calendar, terms=SlotTerms(HOUR, HOUR, notice=HOUR), now=monday(7))) == [
        10,
        11,
    ]


@pytest.mark.parametrize(("days", "listed"), [(0, [9]), (1, [9, 33]), (10**9, [9, 33, 57])])
def test_the_horizon_is_a_number_of_local_days(days: int, listed: list[float]) -> None:
    terms = SlotTerms(3 * HOUR, HOUR, max_days_ahead=days)
    assert hours_listed(ask(terms=terms), days=3) == listed


def test_the_horizon_is_in_the_zone_of_the_event_type() -> None:
    auckland = zone_named("Pacific/Auckland")
    calendar = Calendar(A, auckland, ALWAYS_OPEN)
    inputs = slot_inputs([calendar], SlotTerms(HOUR, HOUR, max_days_ahead=0), now=monday(11))
    listed = slots(inputs, Interval(MONDAY, MONDAY + 3 * DAY_SECONDS))
    assert listed[-1].end == day_bounds(date(2026, 6, 1), auckland).end


def test_a_full_day_of_a_schedule_takes_no_more() -> None:
    calendar = schedule(booked=[monday(9), monday(33), monday(34)], max_per_day=2)
    assert hours_listed(ask(calendar), days=3) == [9, 10, 11, 57, 58, 59]


def test_the_limit_of_an_event_type_counts_its_own_bookings() -> None:
    terms = SlotTerms(HOUR, HOUR, max_per_day=1)
    inputs = ask(schedule(1), schedule(2), terms=terms, booked=[monday(9)])
    assert hours_listed(inputs, days=2) == [33, 34, 35]
    assert codes(inputs, monday(10)) == ["LIMIT_REACHED"]


def test_a_limit_of_zero_takes_nothing() -> None:
    assert hours_listed(ask(schedule(max_per_day=0))) == []


def test_a_booking_on_a_schedule_needs_no_grid_but_its_hours() -> None:
    direct = ask(terms=SlotTerms(20 * MINUTE_SECONDS))
    assert decide(direct, monday(9) + 7 * MINUTE_SECONDS).slot is not None
    assert codes(direct, monday(11.75)) == ["OUTSIDE_AVAILABILITY"]


def test_a_slot_starts_on_the_grid_and_has_the_duration() -> None:
    inputs = ask()
    assert codes(inputs, monday(9.5)) == ["NOT_A_SLOT"]
    assert codes(inputs, monday(9), monday(9.5)) == ["NOT_A_SLOT"]
    assert codes(inputs, monday(9), monday(10)) == []


def test_where_all_is_closed_there_is_no_grid_to_be_off() -> None:
    assert codes(ask(), monday(3.2)) == ["OUTSIDE_AVAILABILITY"]


def test_every_rule_that_refuses_is_named_in_the_order_of_the_api() -> None:
    terms = SlotTerms(HOUR, HOUR, notice=DAY_SECONDS, max_days_ahead=0, max_per_day=0)
    calendar = schedule(
        notice=2 * DAY_SECONDS,
        max_per_day=0,
        busy=[meeting(35, 40)],
        occupied=[meeting(35.75, 37)],
    )
    assert codes(ask(calendar, terms=terms, now=monday(12)), monday(35.5)) == [
        "TOO_SHORT_NOTICE",
        "TOO_SHORT_NOTICE",
        "TOO_FAR_AHEAD",
        "OUTSIDE_AVAILABILITY",
        "NOT_A_SLOT",
        "BUSY",
        "LIMIT_REACHED",
        "LIMIT_REACHED",
        "SLOT_TAKEN",
    ]


def test_a_refusal_names_what_is_in_the_way_and_where_it_stands() -> None:
    calendar = schedule(
        busy=[meeting(20, 21), meeting(10.5, 11)], occupied=[meeting(9, 10.25), meeting(9, 9.5)]
    )
    assert decide(ask(calendar), monday(10)).refusals == (
        Refusal(Code.BUSY, A, (Obstacle(Interval(*meeting(10.5, 11)), 1),)),
        Refusal(Code.SLOT_TAKEN, A, (Obstacle(Interval(*meeting(9, 10.25)), 0),)),
    )


def test_a_refusal_for_notice_says_from_when_on() -> None:
    (refusal,) = explain(ask(now=monday(9.25)), monday(9)).refusals
    assert refusal.in_the_way == (Obstacle(Interval(ALWAYS_BEFORE, monday(9.25))),)


def test_a_refusal_for_closed_hours_says_from_when_to_when() -> None:
    (refusal,) = decide(ask(terms=SlotTerms(HOUR)), monday(11.5)).refusals
    assert refusal.in_the_way == (Obstacle(Interval(*meeting(12, 33))),)


def test_a_refusal_for_a_limit_names_the_day() -> None:
    (refusal,) = decide(ask(schedule(max_per_day=0)), monday(9)).refusals
    assert refusal == (Code.LIMIT_REACHED, A, (Obstacle(Interval(*meeting(0, 24))),))


def test_the_schedule_with_fewest_bookings_then_lowest_id_is_assigned() -> None:
    inputs = ask(schedule(2), schedule(1, booked=[monday(18)]), schedule(3), terms=HOURLY)
    assert decide(inputs, monday(9)).slot == (monday(9), monday(10), (B,), 1)
    listed = slots(inputs, Interval(MONDAY, MONDAY + 2 * DAY_SECONDS))
    assert [slot.schedule_ids for slot in listed] == [(B,)] * 3 + [(A,)] * 3


def test_the_day_that_bookings_are_counted_on_is_that_of_each_schedule() -> None:
    tokyo = zone_named("Asia/Tokyo")
    booked_on_monday_in_tokyo = [monday(1)]
    calendars = [
        Calendar(A, tokyo, ALWAYS_OPEN, booked=booked_on_monday_in_tokyo),
        Calendar(B, UTC, ALWAYS_OPEN),
    ]
    inputs = ask(*calendars)
    assert decide(inputs, monday(14)).slot == (monday(14), monday(15), (B,), 1)
    assert decide(inputs, monday(15)).slot == (monday(15), monday(16), (A,), 1)


def test_if_one_of_many_is_busy_another_is_taken() -> None:
    inputs = ask(schedule(1, busy=[meeting(9, 10)]), schedule(2))
    listed = slots(inputs, Interval(MONDAY, MONDAY + DAY_SECONDS))
    assert [slot.schedule_ids for slot in listed] == [(B,), (A,), (A,)]


def test_collective_slots_need_everybody_free() -> None:
    everybody = [SlotRequirement(2, [A, B])]
    inputs = ask(schedule(1), schedule(2, busy=[meeting(9, 10)]), requirements=everybody)
    assert hours_listed(inputs) == [10, 11]
    assert decide(inputs, monday(10)).slot == (monday(10), monday(11), (A, B), 1)
    assert decide(inputs, monday(9)).refusals == (
        Refusal(Code.BUSY, B, (Obstacle(Interval(*meeting(9, 10)), 0),)),
    )


def test_overlapping_requirements_are_matched_and_not_picked_greedily() -> None:
    requirements = [SlotRequirement(1, [A, B]), SlotRequirement(1, [A, C])]
    inputs = ask(
        schedule(1), schedule(2), schedule(3, busy=[meeting(9, 10)]), requirements=requirements
    )
    assert hours_listed(inputs) == [9, 10, 11]
    assert decide(inputs, monday(9)).slot == (monday(9), monday(10), (A, B), 1)
    without_b = replace(inputs, calendars=[schedule(1), schedule(3, busy=[meeting(9, 10)])])
    assert hours_listed(without_b) == [10, 11]


def test_requirements_that_can_never_be_met_refuse_as_not_a_slot() -> None:
    inputs = ask(requirements=[SlotRequirement(1, [A]), SlotRequirement(1, [A])])
    assert hours_listed(inputs) == []
    assert codes(inputs, monday(9)) == ["NOT_A_SLOT"]


def test_the_grid_is_that_of_the_first_requirement() -> None:
    room = schedule(2, hours=every_day("08:30", "18:00"))
    inputs = ask(schedule(1), room, requirements=[SlotRequirement(1, [A]), SlotRequirement(1, [B])])
    assert hours_listed(inputs) == [9, 10, 11]


def test_another_schedule_of_the_first_requirement_may_serve_a_start() -> None:
    early, late = every_day("09:15", "10:00"), every_day("09:00", "12:00")
    inputs = ask(schedule(1, hours=early), schedule(2, hours=late))
    assert hours_listed(inputs) == [9, 9.25, 10, 11]
    assert decide(inputs, monday(9.25)).slot == (monday(9.25), monday(10.25), (B,), 1)


def test_a_booking_that_moves_keeps_its_schedules_if_they_are_free() -> None:
    inputs = ask(schedule(1), schedule(2, booked=[monday(20)]), schedule(3), preferred_ids=[B])
    assert decide(inputs, monday(9)).slot == (monday(9), monday(10), (B,), 1)
    busy = schedule(2, busy=[meeting(9, 10)])
    elsewhere = replace(inputs, calendars=[schedule(1), busy, schedule(3)])
    assert decide(elsewhere, monday(9)).slot == (monday(9), monday(10), (A,), 1)


def test_a_requested_schedule_is_assigned_or_nobody_is() -> None:
    inputs = ask(schedule(1), schedule(2), schedule(3, busy=[meeting(9, 10)]), required_id=C)
    assert hours_listed(inputs) == [10, 11]
    assert decide(inputs, monday(10)).slot == (monday(10), monday(11), (C,), 1)
    assert codes(inputs, monday(9)) == ["BUSY"]


def group(taken: int, *calendars: Calendar, at_hour: float = 10, **given: Any) -> SlotInputs:
    """Seven seats an hour, and a session with some taken on schedule A."""
    session = Session(monday(at_hour), Interval(*meeting(at_hour, at_hour + 1)), (A,), taken)
    return ask(*calendars, capacity=7, sessions=[session], **given)


def seats(inputs: SlotInputs) -> list[tuple[float, int, Sequence[Any]]]:
    listed = slots(inputs, Interval(MONDAY, MONDAY + DAY_SECONDS))
    return [((s.start - MONDAY) / HOUR, s.seats_left, s.schedule_ids) for s in listed]


def test_an_own_group_session_with_seats_left_does_not_block() -> None:
    assert seats(group(3)) == [(9, 7, (A,)), (10, 4, (A,)), (11, 7, (A,))]


def test_a_full_group_session_is_taken() -> None:
    assert seats(group(7)) == [(9, 7, (A,)), (11, 7, (A,))]
    assert decide(group(7), monday(10)).refusals == (
        Refusal(Code.SLOT_TAKEN, A, (Obstacle(Interval(*meeting(10, 11))),)),
    )


def test_a_further_session_opens_beside_a_full_one() -> None:
    inputs = group(7, schedule(1), schedule(2))
    assert seats(inputs) == [(9, 7, (A,)), (10, 7, (B,)), (11, 7, (A,))]


def test_a_group_session_keeps_the_schedules_it_has() -> None:
    inputs = group(1, schedule(1, booked=[monday(10)]), schedule(2))
    assert seats(inputs) == [(9, 7, (B,)), (10, 6, (A,)), (11, 7, (B,))]


def test_a_group_session_blocks_other_starts_of_its_own_event_type() -> None:
    terms = SlotTerms(HOUR, 30 * MINUTE_SECONDS)
    inputs = group(1, terms=terms)
    assert [hour for hour, _, _ in seats(inputs)] == [9, 10, 11]
    (refusal,) = decide(inputs, monday(10.5)).refusals
    assert refusal == (Code.SLOT_TAKEN, A, (Obstacle(Interval(*meeting(10, 11))),))


def test_a_group_session_is_refused_where_its_schedule_has_become_busy() -> None:
    inputs = group(1, schedule(1, busy=[meeting(10.5, 11)]))
    assert [hour for hour, _, _ in seats(inputs)] == [9, 11]
    assert codes(inputs, monday(10)) == ["BUSY"]


def test_requesting_a_schedule_outside_the_session_opens_a_further_one() -> None:
    inputs = group(1, schedule(1), schedule(2), required_id=B)
    assert seats(inputs) == [(9, 7, (B,)), (10, 7, (B,)), (11, 7, (B,))]


def test_twenty_thousand_busy_times_are_no_trouble() -> None:
    busy = [
        (monday(9) + i * 4 * MINUTE_SECONDS, monday(9) + i * 4 * MINUTE_SECONDS + 9 * DAY_SECONDS)
        for i in range(9999)
    ]
    busy += [(start - 400 * DAY_SECONDS, end - 391 * DAY_SECONDS) for start, end in busy]
    inputs = ask(schedule(busy=busy), terms=SlotTerms(HOUR, 5 * MINUTE_SECONDS))
    began = process_time()
    listed = slots(inputs, Interval(MONDAY - DAY_SECONDS, MONDAY + 90 * DAY_SECONDS))
    assert starts(listed)[:1] == ["2026-07-08T09:00:00Z"]
    assert process_time() - began < 0.5


def test_a_year_of_minutes_is_listed() -> None:
    inputs = ask(schedule(hours=ALWAYS_OPEN), terms=SlotTerms(HOUR, MINUTE_SECONDS))
    assert len(slots(inputs, Interval(MONDAY, MONDAY + 366 * DAY_SECONDS))) == 366 * 1440


@pytest.mark.parametrize("year", [1900, 1970, 2038, 2100, 2199])
def test_every_year_has_slots(year: int) -> None:
    zone = zone_named("Europe/Paris")
    calendar = Calendar(A, zone, Hours(((Window(540, 600),),) * 7))
    span = day_bounds(date(year, 7, 1), zone)
    inputs = slot_inputs([calendar], SlotTerms(HOUR, HOUR), now=span.start - DAY_SECONDS)
    (slot,) = slots(inputs, span)
    assert decide(inputs, slot.start).slot == slot
