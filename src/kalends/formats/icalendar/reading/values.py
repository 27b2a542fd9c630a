"""Parses the values of iCalendar from bytes: dates, times, durations, rules (RFC 5545 3.3).

A value that cannot be read raises BadValue.
"""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from kalends.availability.interval import DAY_SECONDS
from kalends.availability.recurrence.shapes import (
    Clock,
    Frequency,
    Length,
    Moment,
    RecurrenceRule,
    Weekday,
)
from kalends.availability.wallclock import EPOCH_DAY
from kalends.formats.icalendar.reading.limits import MOST_DAYS_LONG

_TIME: Final = re.compile(rb"(\d{8})(?:T(\d{6})(Z?))?", re.IGNORECASE)
_DURATION: Final = re.compile(
    rb"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    rb"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})S)?)?",
    re.IGNORECASE,
)
_OFFSET: Final = re.compile(rb"([+-])(\d\d)(\d\d)(\d\d)?")
_WEEKDAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?\d{1,10}")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class BadValue(ValueError):
    """The value cannot be read as what its property should have."""


def parse_moment(value: bytes) -> Moment:
    """A DATE or DATE-TIME. 24:00:00 is invalid; a leap second, 60, is read as 59 (RFC 5545
    3.3.12)."""
    match = _TIME.fullmatch(value)
    if match is None:
        raise BadValue
    day, time, utc = match.groups()
    if time is None:
        return Moment(Clock.DAY, _day(day))
    seconds = _day(day) * DAY_SECONDS + _seconds_of_day(time)
    return Moment(Clock.UTC if utc else Clock.WALL, seconds)


@lru_cache(maxsize=4096)
def _seconds_of_day(text: bytes) -> int:
    hour, minute, second = int(text[:2]), int(text[2:4]), int(text[4:])
    if hour > 23 or minute > 59 or second > 60:
        raise BadValue
    return hour * 3600 + minute * 60 + min(second, 59)


@lru_cache(maxsize=4096)
def _day(text: bytes) -> int:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal() - EPOCH_DAY
    except ValueError:
        raise BadValue from None


def parse_length(value: bytes) -> Length:
    """A DURATION: its weeks and days are on the wall clock, the rest is elapsed time (RFC 5545
    3.8.5.3). Negative and excessive ones are invalid."""
    match = _DURATION.fullmatch(value)
    if match is None or not any(match.groups()[1:]):
        raise BadValue
    sign = match[1]
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    length = Length((weeks * 7 + days) * DAY_SECONDS, hours * 3600 + minutes * 60 + seconds)
    if length.most > MOST_DAYS_LONG * DAY_SECONDS or (sign == b"-" and length.most):
        raise BadValue
    return length


def parse_offset(value: bytes) -> int:
    """A UTC-OFFSET, in seconds east of UTC, less than a day."""
    match = _OFFSET.fullmatch(value)
    if match is None or int(match[2]) > 23:
        raise BadValue
    size = int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4] or 0)
    return -size if match[1] == b"-" else size


@lru_cache(maxsize=1024)
def parse_rule(value: bytes) -> RecurrenceRule:
    """A RECUR. Raises BadValue also for what is not supported: rules by the minute or second,
    calendars other than the Gregorian (RFC 7529), unknown parts."""
    parts: dict[str, str] = {}
    for part in value.decode("ascii", "replace").upper().strip().rstrip(";").split(";"):
        name, _, text = part.partition("=")
        if not text or name in parts or name not in _PARTS:
            raise BadValue
        parts[name] = text
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.get("SKIP", "OMIT") != "OMIT":
        raise BadValue
    if parts.get("FREQ") not in Frequency.__members__:
        raise BadValue
    return RecurrenceRule(
        frequency=Frequency(parts["FREQ"]),
        interval=_number(parts.get("INTERVAL", "1"), 1, 1_000_000),
        total=_number(parts["COUNT"], 1, 9_999_999_999) if "COUNT" in parts else None,
        until=parse_moment(parts["UNTIL"].encode()) if "UNTIL" in parts else None,
        months=_numbers(parts, "BYMONTH", 12),
        week_numbers=_signed(parts, "BYWEEKNO", 53),
        year_days=_signed(parts, "BYYEARDAY", 366),
        month_days=_signed(parts, "BYMONTHDAY", 31),
        weekdays=_weekdays(parts.get("BYDAY")),
        hours=_numbers(parts, "BYHOUR", 23, least=0),
        minutes=_numbers(parts, "BYMINUTE", 59, least=0),
        seconds=_leap_seconds(parts),
        positions=_signed(parts, "BYSETPOS", 366),
        week_starts=_week_starts(parts.get("WKST", "MO")),
    )


_PARTS: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "RSCALE", "SKIP"}) | {
    f"BY{part}"
    for part in (
        *("MONTH", "WEEKNO", "YEARDAY", "MONTHDAY", "DAY"),
        *("HOUR", "MINUTE", "SECOND", "SETPOS"),
    )
}


def _number(text: str, least: int, most: int) -> int:
    if not _NUMBER.fullmatch(text):
        raise BadValue
    number = int(text)
    if not least <= number <= most:
        raise BadValue
    return number


def _numbers(parts: dict[str, str], name: str, most: int, *, least: int = 1) -> tuple[int, ...]:
    """The numbers in a part of a rule, in ascending order and without repetitions."""
    if name not in parts:
        return ()
    return tuple(sorted({_number(text, least, most) for text in _list(parts[name])}))


def _signed(parts: dict[str, str], name: str, most: int) -> tuple[int, ...]:
    """Numbers from 1 on; negative ones count from the end."""
    numbers = _numbers(parts, name, most, least=-most)
    if 0 in numbers:
        raise BadValue
    return numbers


def _leap_seconds(parts: dict[str, str]) -> tuple[int, ...]:
    """The seconds, with a leap second read as the one before it (RFC 5545 3.3.12)."""
    return tuple(sorted({min(each, 59) for each in _numbers(parts, "BYSECOND", 60, least=0)}))


def _weekdays(text: str | None) -> tuple[Weekday, ...]:
    if text is None:
        return ()
    weekdays: set[Weekday] = set()
    for each in _list(text):
        match = _WEEKDAY.fullmatch(each)
        if match is None:
            raise BadValue
        nth = 0 if match[1] is None else _number(match[1], -53, 53)
        if match[1] is not None and nth == 0:
            raise BadValue
        weekdays.add(Weekday(nth, _WEEKDAYS.index(match[2])))
    return tuple(sorted(weekdays))


def _week_starts(text: str) -> int:
    if text not in _WEEKDAYS:
        raise BadValue
    return _WEEKDAYS.index(text)


def _list(text: str) -> list[str]:
    """The items of a list, whose length is limited to a little more than a list of all values."""
    listed = [each.strip() for each in text.split(",", 1000)]
    if len(listed) > 1000:
        raise BadValue
    return listed
