"""Rules: what they give depends on nothing but the rule, and costs what is asked for."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.recurrence.rules import COST_OF_RULE, LAST_WALL, starts
from kalends.availability.recurrence.shapes import Frequency, RecurrenceRule, Weekday
from kalends.availability.recurrence.steps import OutOfSteps, Steps

# 2026-01-01, and about a year around it in which rules begin.
NEW_YEAR = 20_454
TWO_YEARS = 730 * DAY_SECONDS


def some(first: int, last: int, most: int = 3) -> st.SearchStrategy[tuple[int, ...]]:
    numbers = st.integers(first, last).filter(bool)
    return st.lists(numbers, max_size=most, unique=True).map(sorted).map(tuple)


@st.composite
def rules(draw: st.DrawFn) -> tuple[RecurrenceRule, int]:
    """A rule and the start of its event, on the wall clock."""
    frequency = draw(st.sampled_from(Frequency))
    weekdays = st.builds(Weekday, st.sampled_from((0, 0, 1, -1, 5)), st.integers(0, 6))
    rule = RecurrenceRule(
        frequency,
        interval=draw(st.integers(1, 4)),
        total=draw(st.none() | st.integers(1, 400)),
        months=draw(st.just(()) | some(1, 12, 6)),
        month_days=draw(st.just(()) | some(-31, 31, 6)),
        weekdays=tuple(sorted(draw(st.just([]) | st.lists(weekdays, max_size=4, unique=True)))),
        hours=draw(st.just(()) | some(0, 23)),
        positions=draw(st.just(()) | some(-2, 2, 2)),
        week_starts=draw(st.integers(0, 6)),
    )
    first = (NEW_YEAR + draw(st.integers(-400, 400))) * DAY_SECONDS + draw(st.integers(0, 86_399))
    return rule, first


def given_by(rule: RecurrenceRule, first: int, span: Interval) -> list[int]:
    return list(starts(rule, first, span, Steps(of_event=10**9, in_all=10**9)))


@given(rules(), st.integers(0, TWO_YEARS), st.integers(0, TWO_YEARS))
def test_a_span_has_what_a_longer_one_has_of_it(
    made: tuple[RecurrenceRule, int], begins: int, length: int
) -> None:
    """What begins in the span is found as what is counted from the beginning."""
    rule, first = made
    span = Interval(first + begins, first + begins + length)
    whole = given_by(rule, first, Interval(first, span.end))
    assert given_by(rule, first, span) == [wall for wall in whole if span.includes(wall)]


@given(rules())
def test_starts_ascend_and_none_is_before_the_first(made: tuple[RecurrenceRule, int]) -> None:
    rule, first = made
    found = given_by(rule, first, Interval(first - TWO_YEARS, first + TWO_YEARS))
    assert found == sorted(set(found))
    assert not found or found[0] >= first
    assert rule.total is None or len(found) <= rule.total


@pytest.mark.parametrize("frequency", list(Frequency))
def test_a_rule_of_long_ago_costs_no_more_than_one_of_today(frequency: Frequency) -> None:
    costs = []
    for first in (NEW_YEAR - 100_000, NEW_YEAR - 10):
        for total in (None, 10**9):
            steps = Steps()
            span = Interval(NEW_YEAR * DAY_SECONDS, (NEW_YEAR + 400) * DAY_SECONDS)
            found = starts(RecurrenceRule(frequency, total=total), first * DAY_SECONDS, span, steps)
            assert list(found)[:1]
            costs.append(Steps().in_all - steps.in_all)
    assert max(costs) <= min(costs) + 30


def test_steps_run_out_and_what_came_before_is_given() -> None:
    rule = RecurrenceRule(Frequency.HOURLY)
    steps = Steps(of_event=100)
    found = starts(rule, 0, Interval(0, TWO_YEARS), steps)
    # Beginning with a rule costs some, and so does its time of day.
    left = 100 - COST_OF_RULE - 1
    assert list(islice(found, left)) == [hour * 3600 for hour in range(left)]
    with pytest.raises(OutOfSteps):
        list(found)


def test_times_of_day_cost_steps_before_they_are_made() -> None:
    rule = RecurrenceRule(
        Frequency.DAILY,
        hours=tuple(range(24)),
        minutes=tuple(range(60)),
        seconds=tuple(range(60)),
    )
    with pytest.raises(OutOfSteps):
        next(starts(rule, 0, Interval(0, TWO_YEARS), Steps()))


def test_a_rule_ends_where_the_calendar_does() -> None:
    rule = RecurrenceRule(Frequency.YEARLY, interval=1000)
    found = list(starts(rule, 0, Interval(0, 1 << 60), Steps()))
    assert len(found) == 9
    assert found[-1] < LAST_WALL
