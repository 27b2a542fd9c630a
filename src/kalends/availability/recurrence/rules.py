"""The starts that a recurrence rule gives (RFC 5545 3.3.10), on the wall clock.

Without COUNT the search begins with the period in which the span begins, however long ago the rule
began. With COUNT it does so, too, if every period has equally many occurrences; otherwise all are
counted from the beginning, each as a step.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kalends.availability.interval import DAY_SECONDS, HOUR_SECONDS, HOURS_A_DAY, Interval
from kalends.availability.recurrence.days import Days, week_of
from kalends.availability.recurrence.shapes import Clock, Frequency, RecurrenceRule
from kalends.availability.recurrence.steps import Steps
from kalends.availability.wallclock import month_of

# Days are computed only for years of four digits, and weeks only if they belong to such a year.
FIRST_WALL: Final = -719_162 * DAY_SECONDS + 800 * DAY_SECONDS
LAST_WALL: Final = 2_932_896 * DAY_SECONDS - 800 * DAY_SECONDS
# Every month has this date, and every month or year has each weekday this many times.
_SHORTEST_MONTH: Final = 28
_WEEKS_OF_A_MONTH: Final = 4
_WEEKS_OF_A_YEAR: Final = 52
# Costs in steps: to start a rule; to check a day, or those of a week; to find the days of a month
# or year.
COST_OF_RULE: Final = 12
_COST_OF_LIMITS: Final = 1
# The methods of `Days` for the days of a period.
_DAYS_OF: Final = {
    Frequency.HOURLY: "of_day",
    Frequency.DAILY: "of_day",
    Frequency.WEEKLY: "of_week",
    Frequency.MONTHLY: "of_month",
    Frequency.YEARLY: "of_year",
}
_COST_OF_PERIOD: Final = {Frequency.MONTHLY: 4, Frequency.YEARLY: 8}


def starts(rule: RecurrenceRule, first: int, span: Interval, steps: Steps) -> Iterator[int]:
    """The starts that a rule gives within `span`, ascending, none before `first`.

    `first` is the event's own start, from which the rule counts; it is among the starts only if the
    rule gives it. The caller applies UNTIL as the end of the span. Raises OutOfSteps.
    """
    end = min(span.end, LAST_WALL)
    if first < FIRST_WALL or end <= max(first, span.start):
        return
    pattern = _Pattern(rule, first, steps)
    origin = pattern.number_of(first)
    skipped, counted = pattern.where_to_begin(origin, max(first, span.start))
    last = pattern.number_of(end - 1)
    numbers = range(origin + skipped * rule.interval, last + 1, rule.interval)
    if rule.total is not None and pattern.is_even:
        # Each has at least one, except the first, whose starts may lie before the rule begins.
        numbers = numbers[: max(0, rule.total - counted) + 1]
    if pattern.is_even and pattern.can_pay(numbers):
        walls = [wall for wall in pattern.even_walls(numbers) if first <= wall < end]
        left = walls if rule.total is None else walls[: max(0, rule.total - counted)]
        yield from (wall for wall in left if wall >= span.start)
        return
    for number in numbers:
        for wall in pattern.walls_of(number):
            if wall < first:
                continue
            counted += 1
            if wall >= end or (rule.total is not None and counted > rule.total):
                return
            if wall >= span.start:
                yield wall


def last_start(rule: RecurrenceRule, offset: int) -> int:
    """The last wall-clock time that UNTIL allows, with the offset at that time; a DATE includes all
    of its day."""
    if rule.until is None:
        return LAST_WALL
    match rule.until.clock:
        case Clock.DAY:
            return (rule.until.value + 1) * DAY_SECONDS - 1
        case Clock.WALL:
            return rule.until.value
        case Clock.UTC:
            return rule.until.value + offset


class _Pattern:
    """A rule by its periods (years, months and so on), which are numbered across all time."""

    def __init__(self, rule: RecurrenceRule, first: int, steps: Steps) -> None:
        self.rule = rule
        self.first = first
        self.steps = steps
        steps.take(COST_OF_RULE)
        self.times = _times(rule, first, steps)
        self.is_hourly = rule.frequency is Frequency.HOURLY
        self.days = Days(rule, first // DAY_SECONDS, steps)
        # The steps that finding the days of a period costs, beside one for each of its times.
        of_limits = _COST_OF_LIMITS if self.days.has_limits else 0
        self.steps_of_period = _COST_OF_PERIOD.get(rule.frequency, of_limits)
        self.days_of: Callable[[int], Sequence[int]] = getattr(self.days, _DAYS_OF[rule.frequency])

    @property
    def is_even(self) -> bool:
        """Whether all periods are alike, as in most daily and weekly rules."""
        is_of_days = self.rule.frequency in (Frequency.DAILY, Frequency.WEEKLY)
        return is_of_days and not self.days.has_limits and not self.rule.positions

    def can_pay(self, numbers: range) -> bool:
        """Whether there are enough steps for all of these periods, which are alike."""
        days = 7 if self.rule.frequency is Frequency.WEEKLY else 1
        return len(numbers) * days * len(self.times) <= self.steps.of_event

    def even_walls(self, numbers: range) -> list[int]:
        """The starts of all these periods, which are alike, ascending."""
        if not numbers:
            return []
        one = [wall - numbers[0] * self.period for wall in self.walls_of(numbers[0])]
        self.steps.take(len(one) * (len(numbers) - 1))
        return [number * self.period + wall for number in numbers for wall in one]

    @property
    def period(self) -> int:
        """The length of a period, in seconds of the wall clock."""
        return DAY_SECONDS * (7 if self.rule.frequency is Frequency.WEEKLY else 1)

    def number_of(self, wall: int) -> int:
        """The number of the period in which a time lies."""
        day = wall // DAY_SECONDS
        match self.rule.frequency:
            case Frequency.HOURLY:
                return wall // HOUR_SECONDS
            case Frequency.DAILY:
                return day
            case Frequency.WEEKLY:
                return week_of(day, self.rule.week_starts)
            case Frequency.MONTHLY:
                return month_of(day)
            case Frequency.YEARLY:
                return month_of(day) // 12

    def walls_of(self, number: int) -> list[int]:
        """The starts of a period, ascending, including any before the first occurrence."""
        if self.is_hourly:
            walls = self._walls_of_hour(number)
        else:
            days, times = self.days_of(number), self.times
            self.steps.take(self.steps_of_period + (len(days) * len(times) or 1))
            walls = [day * DAY_SECONDS + time for day in days for time in times]
        return _at_positions(walls, self.rule.positions) if self.rule.positions else walls

    def where_to_begin(self, origin: int, start: int) -> tuple[int, int]:
        """How many of the rule's periods can be skipped to reach `start`, and how many occurrences
        those have."""
        interval = self.rule.interval
        passed = max(0, (self.number_of(start) - origin) // interval)
        if self.rule.total is None or passed == 0:
            return passed, 0
        size = self._size_of_each()
        if size is None:
            return 0, 0
        before_first = sum(wall < self.first for wall in self.walls_of(origin))
        return passed, passed * size - before_first

    def _walls_of_hour(self, number: int) -> list[int]:
        self.steps.take(self.steps_of_period + len(self.times))
        day, hour = divmod(number, HOURS_A_DAY)
        if self.rule.hours and hour not in self.rule.hours:
            return []
        if self.days.has_limits and not self.days.is_allowed(day):
            return []
        begins = number * HOUR_SECONDS
        return [begins + time for time in self.times]

    def _size_of_each(self) -> int | None:
        """How many occurrences every period has; None if the number differs, or may."""
        rule = self.rule
        if rule.positions or rule.week_numbers or rule.year_days:
            return None
        days = self._days_of_each()
        return None if days is None else days * len(self.times)

    def _days_of_each(self) -> int | None:
        rule, days = self.rule, self.days
        match rule.frequency:
            case Frequency.HOURLY:
                return None if days.has_limits or rule.hours else 1
            case Frequency.DAILY:
                return None if days.has_limits else 1
            case Frequency.WEEKLY:
                return None if days.has_limits else len(days.of_week(0))
            case Frequency.MONTHLY:
                return None if rule.months else self._days_of_each_month(_WEEKS_OF_A_MONTH)
            case Frequency.YEARLY if rule.weekdays and not rule.months:
                return self._days_of_each_month(_WEEKS_OF_A_YEAR)
            case Frequency.YEARLY:
                months = len(rule.months) or (12 if rule.month_days else 1)
                each = self._days_of_each_month(_WEEKS_OF_A_MONTH)
                return None if each is None else months * each

    def _days_of_each_month(self, weeks: int) -> int | None:
        """How many days every month has; or every year, if `weeks` is the number of weeks in a
        year. None if the number differs."""
        rule = self.rule
        if rule.weekdays:
            is_one = len(rule.weekdays) == 1 and not rule.month_days
            return 1 if is_one and 1 <= abs(rule.weekdays[0].nth) <= weeks else None
        days = rule.month_days or (self.days.first_date.day,)
        return len(days) if all(1 <= day <= _SHORTEST_MONTH for day in days) else None


def _times(rule: RecurrenceRule, first: int, steps: Steps) -> tuple[int, ...]:
    """The times of day of the rule, in seconds; those within the hour for hourly rules."""
    of_day = first % DAY_SECONDS
    hours = rule.hours or (of_day // HOUR_SECONDS,)
    if rule.frequency is Frequency.HOURLY:
        hours = (0,)
    minutes = rule.minutes or (of_day // 60 % 60,)
    seconds = rule.seconds or (of_day % 60,)
    steps.take(len(hours) * len(minutes) * len(seconds))
    return tuple(h * HOUR_SECONDS + m * 60 + s for h in hours for m in minutes for s in seconds)


def _at_positions(walls: list[int], positions: tuple[int, ...]) -> list[int]:
    """Applies BYSETPOS: positions count from 1, negative ones from the end."""
    count = len(walls)
    chosen = {at - 1 if at > 0 else count + at for at in positions}
    return [walls[at] for at in sorted(chosen) if 0 <= at < count]
