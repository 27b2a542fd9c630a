"""The days of one period of a recurrence rule (RFC 5545 3.3.10), counted from 1970-01-01.

The table of the standard says for each part whether it expands or limits. Both are the same here: a
day belongs to a period if every part allows it. Parts that name days give sets, which are
intersected; if no part names a day, the day of the first occurrence does. A part that the standard
does not allow at the rule's frequency also limits.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from kalends.availability.recurrence.shapes import Frequency, RecurrenceRule, Weekday
from kalends.availability.recurrence.steps import Steps
from kalends.availability.wallclock import EPOCH_DAY

# 1970-01-01 was a Thursday.
_WEEKDAY_OF_DAY_0: Final = 3
_MONTHS: Final = range(1, 13)
Span = range


class Days:
    """The days of a rule whose first occurrence is on the day `first`."""

    def __init__(self, rule: RecurrenceRule, first: int, steps: Steps) -> None:
        self.rule = rule
        self.steps = steps
        self.first_date = date.fromordinal(EPOCH_DAY + first)
        # Whether a day, or some days of a week, may be excluded. For weekly rules BYDAY names the
        # days.
        self.has_limits = bool(
            rule.months
            or rule.month_days
            or rule.year_days
            or rule.week_numbers
            or (rule.weekdays and rule.frequency is not Frequency.WEEKLY)
        )
        weekdays = {each.weekday for each in rule.weekdays} or {self.first_date.weekday()}
        self._offsets = sorted((weekday - rule.week_starts) % 7 for weekday in weekdays)

    def of_week(self, week: int) -> list[int]:
        begins = first_day_of_week(week, self.rule.week_starts)
        days = [begins + offset for offset in self._offsets]
        return [day for day in days if self.is_allowed(day)] if self.has_limits else days

    def of_day(self, day: int) -> list[int]:
        return [] if self.has_limits and not self.is_allowed(day) else [day]

    def of_month(self, month: int) -> list[int]:
        """The days of a month, which is counted from year 0."""
        year, number = month // 12, month % 12 + 1
        if self.rule.months and number not in self.rule.months:
            return []
        spans = [_month(year, number)]
        named = self._named_days(year, [number], spans)
        return sorted(named if named is not None else self._same_day(spans))

    def of_year(self, year: int) -> list[int]:
        rule = self.rule
        months = rule.months or _MONTHS
        spans = [_month(year, each) for each in rule.months] or [_year(year)]
        named = self._named_days(year, months, spans)
        if named is not None:
            return sorted(day for day in named if any(day in span for span in spans))
        return self._same_day(
            [_month(year, each) for each in rule.months or [self.first_date.month]]
        )

    def is_allowed(self, day: int) -> bool:
        """Whether all limiting parts allow the day; for periods of a week, a day or an hour."""
        rule = self.rule
        then = date.fromordinal(EPOCH_DAY + day)
        return (
            (not rule.months or then.month in rule.months)
            and (not rule.weekdays or any(then.weekday() == each.weekday for each in rule.weekdays))
            and (not rule.month_days or day in _month_days(rule, then.year, [then.month]))
            and (not rule.year_days or day in _year_days(rule, then.year))
            and (not rule.week_numbers or _is_in_weeks(rule, day, then.year))
        )

    def _same_day(self, months: Iterable[Span]) -> list[int]:
        """The first occurrence's day of the month, in each of the months that has it."""
        day = self.first_date.day
        return [month[day - 1] for month in months if day <= len(month)]

    def _named_days(self, year: int, months: Iterable[int], spans: list[Span]) -> set[int] | None:
        """The intersection of the days that the parts name; None if no part names days."""
        common: set[int] | None = None
        for days in self._sets_of_days(year, months, spans):
            self.steps.take(len(days))
            common = days if common is None else common & days
        return common

    def _sets_of_days(
        self, year: int, months: Iterable[int], spans: list[Span]
    ) -> Iterator[set[int]]:
        rule = self.rule
        if rule.year_days:
            yield _year_days(rule, year)
        if rule.month_days:
            yield _month_days(rule, year, months)
        if rule.weekdays:
            yield {day for each in rule.weekdays for span in spans for day in _nth(each, span)}
        if rule.week_numbers:
            self.steps.take(366)
            yield {day for day in _year(year) if _is_in_weeks(rule, day, year)}
            if rule.frequency is Frequency.YEARLY and not _names_days_in_weeks(rule):
                weekday = Weekday(0, self.first_date.weekday())
                yield {day for span in spans for day in _nth(weekday, span)}


def weekday_of(day: int) -> int:
    """The weekday; Monday is 0."""
    return (day + _WEEKDAY_OF_DAY_0) % 7


def week_of(day: int, week_starts: int) -> int:
    """The number of the day's week, counted from that of 1970-01-01."""
    return (day + _WEEKDAY_OF_DAY_0 - week_starts) // 7


def first_day_of_week(week: int, week_starts: int) -> int:
    return week * 7 - _WEEKDAY_OF_DAY_0 + week_starts


def _names_days_in_weeks(rule: RecurrenceRule) -> bool:
    return bool(rule.weekdays or rule.month_days or rule.year_days)


def _day(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - EPOCH_DAY


def _month(year: int, month: int) -> Span:
    begins = _day(year, month, 1)
    if month == 12:
        return range(begins, begins + 31)
    return range(begins, _day(year, month + 1, 1))


def _year(year: int) -> Span:
    return range(_day(year, 1, 1), _day(year, 12, 31) + 1)


def _nth(weekday: Weekday, span: Span) -> Iterable[int]:
    """The days of a span that an entry of BYDAY means: none, one or several."""
    first = span.start + (weekday.weekday - weekday_of(span.start)) % 7
    days = range(first, span.stop, 7)
    if weekday.nth == 0:
        return days
    at = weekday.nth - 1 if weekday.nth > 0 else weekday.nth
    return days[at : at + 1] if at >= 0 else [days[at]] if -at <= len(days) else []


def _month_days(rule: RecurrenceRule, year: int, months: Iterable[int]) -> set[int]:
    spans = [_month(year, month) for month in months]
    return {
        span[day - 1 if day > 0 else day]
        for span in spans
        for day in rule.month_days
        if abs(day) <= len(span)
    }


def _year_days(rule: RecurrenceRule, year: int) -> set[int]:
    span = _year(year)
    return {span[day - 1 if day > 0 else day] for day in rule.year_days if abs(day) <= len(span)}


def _is_in_weeks(rule: RecurrenceRule, day: int, year: int) -> bool:
    """Whether the day is in one of the weeks of BYWEEKNO. A week belongs to the year in which it
    has at least four days (RFC 5545 3.3.10)."""
    begins, ends = _first_week(year, rule), _first_week(year + 1, rule)
    if day < begins:
        begins, ends = _first_week(year - 1, rule), begins
    elif day >= ends:
        begins, ends = ends, _first_week(year + 2, rule)
    week = (day - begins) // 7
    return week + 1 in rule.week_numbers or week - (ends - begins) // 7 in rule.week_numbers


def _first_week(year: int, rule: RecurrenceRule) -> int:
    """The first day of the week that contains 4 January."""
    starts = rule.week_starts
    return first_day_of_week(week_of(_day(year, 1, 4), starts), starts)
