"""Calendars as people and programs write them, made by chance from a seed: always the same.

Left out is what the standard and the library that is compared with read differently, which
`test_differences.py` has one by one: lengths in hours over a change of the clock, starts in a gap,
numbered weekdays beside others. And so are rules that never match, for which the library looks
until the year 9999.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

ZONES: Final = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Chatham",
    "UTC",
)
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MONTHS: Final = range(1, 13)
MONTH_DAYS: Final = (*range(1, 32), -1, -2, -31)
BEGIN: Final = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//made//EN\r\n"
END: Final = "END:VCALENDAR\r\n"
# When what is generated begins.
FIRST_DAY: Final = date(2026, 1, 1)


def calendar_of(events: Iterable[str]) -> bytes:
    return (BEGIN + "".join(events) + END).encode()


def event(lines: Sequence[str]) -> str:
    body = "".join(f"{line}\r\n" for line in lines)
    return f"BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\n{body}END:VEVENT\r\n"


class Made:
    """One event with all that belongs to it. `zone` is empty for whole days."""

    def __init__(self, chance: Random, uid: str) -> None:
        self.chance = chance
        self.uid = uid
        self.is_all_day = chance.random() < 0.2
        self.zone = "" if self.is_all_day else chance.choice(ZONES)
        self.start = datetime.combine(
            FIRST_DAY + timedelta(days=chance.randrange(120)),
            datetime.min.time(),
        )
        if not self.is_all_day:
            # No clock is changed between 4 in the morning and midnight.
            self.start += timedelta(minutes=5 * chance.randrange(48, 288))

    def events(self) -> list[str]:
        """The series, and occurrences of it that were changed."""
        lines = [f"UID:{self.uid}", self.time("DTSTART", self.start), *self.length()]
        if self.chance.random() < 0.8:
            lines.append(f"RRULE:{self.rule()}")
        lines += self.dates()
        return [event(lines)]

    def time(self, name: str, moment: datetime) -> str:
        if self.is_all_day:
            return f"{name};VALUE=DATE:{moment:%Y%m%d}"
        if self.zone == "UTC":
            return f"{name}:{moment:%Y%m%dT%H%M%S}Z"
        return f"{name};TZID={self.zone}:{moment:%Y%m%dT%H%M%S}"

    def length(self) -> list[str]:
        if self.is_all_day:
            days = self.chance.choice((1, 1, 1, 2, 7))
            if self.chance.random() < 0.2:
                return [f"DURATION:P{days}D"]
            return [self.time("DTEND", self.start + timedelta(days=days))]
        minutes = self.chance.choice((15, 30, 60, 60, 90, 480, 1440, 3000))
        if self.zone in ("UTC", "Asia/Kathmandu"):
            return [f"DURATION:PT{minutes}M"]
        return [self.time("DTEND", self.start + timedelta(minutes=minutes))]

    def rule(self) -> str:
        chance = self.chance
        frequency = chance.choice(("DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"))
        parts = [f"FREQ={frequency}"]
        parts += _PARTS[frequency](chance)
        if chance.random() < 0.4 and not (frequency == "MONTHLY" and "BYMONTH=" in "".join(parts)):
            parts.append(f"INTERVAL={chance.randint(1, 5)}")
        if frequency in ("DAILY", "WEEKLY") and chance.random() < 0.4:
            parts.append(f"COUNT={chance.randint(1, 40)}")
        else:
            parts.append(f"UNTIL={self.until()}")
        if chance.random() < 0.2:
            parts.append(f"WKST={chance.choice(WEEKDAYS)}")
        return ";".join(parts)

    def until(self) -> str:
        ends = self.start + timedelta(days=self.chance.randrange(500))
        return f"{ends:%Y%m%d}" if self.is_all_day else f"{ends:%Y%m%dT%H%M%S}Z"

    def dates(self) -> list[str]:
        """EXDATE and RDATE, at the time of day of the series."""
        lines = []
        for name in ("EXDATE", "RDATE"):
            if self.chance.random() < 0.25:
                days = sorted({self.chance.randrange(300) for _ in range(3)})
                lines += [self.time(name, self.start + timedelta(days=day)) for day in days]
        return lines


def _some(chance: Random, of: Sequence[str] | Sequence[int], most: int = 3) -> str:
    return ",".join(map(str, chance.sample(of, chance.randint(1, most))))


def _weekdays(chance: Random, numbers: Sequence[int]) -> str:
    if chance.random() < 0.5:
        return _some(chance, WEEKDAYS)
    return _some(chance, [f"{number}{day}" for number in numbers for day in WEEKDAYS])


def _perhaps(
    chance: Random, odds: float, name: str, of: Sequence[str] | Sequence[int], most: int = 3
) -> list[str]:
    return [f"{name}={_some(chance, of, most)}"] if chance.random() < odds else []


def _limits(chance: Random) -> list[str]:
    return [
        *_perhaps(chance, 0.3, "BYMONTH", MONTHS),
        *_perhaps(chance, 0.3, "BYDAY", WEEKDAYS),
        *_perhaps(chance, 0.2, "BYMONTHDAY", MONTH_DAYS),
    ]


def _week(chance: Random) -> list[str]:
    return [
        *_perhaps(chance, 0.7, "BYDAY", WEEKDAYS),
        *_perhaps(chance, 0.1, "BYMONTH", MONTHS),
    ]


def _month(chance: Random) -> list[str]:
    parts = []
    kind = chance.randrange(4)
    if kind == 0:
        parts.append(f"BYDAY={_weekdays(chance, (1, 2, 3, 4, 5, -1, -2))}")
    elif kind == 1:
        parts.append(f"BYMONTHDAY={_some(chance, MONTH_DAYS)}")
    elif kind == 2:
        parts += ["BYDAY=FR,SA", f"BYMONTHDAY={_some(chance, range(1, 29), 10)}"]
    if parts:
        parts += _perhaps(chance, 0.2, "BYSETPOS", (1, -1), 2)
    return parts + _perhaps(chance, 0.2, "BYMONTH", MONTHS, 5)


def _year(chance: Random) -> list[str]:
    kind = chance.randrange(6)
    if kind == 0:
        parts = [f"BYDAY={_weekdays(chance, (1, 2, 5, 20, -1, -3))}"]
    elif kind == 1:
        parts = [f"BYYEARDAY={_some(chance, (1, 60, 100, 200, 365, -1, -60))}"]
    elif kind == 2:
        weeks = _some(chance, (1, 2, 20, 52, 53, -1, -2), 4)
        parts = [f"BYWEEKNO={weeks}", f"BYDAY={_some(chance, WEEKDAYS)}"]
    else:
        parts = [f"BYMONTH={_some(chance, MONTHS, 5)}"]
    if kind == 4:
        parts.append(f"BYDAY={_weekdays(chance, (1, 2, 4, -1, -3))}")
    elif kind == 5:
        parts.append(f"BYMONTHDAY={_some(chance, range(1, 29))}")
    return parts + _perhaps(chance, 0.2, "BYSETPOS", (1, -1), 2)


_PARTS: Final[dict[str, Callable[[Random], list[str]]]] = {
    "DAILY": _limits,
    "WEEKLY": _week,
    "MONTHLY": _month,
    "YEARLY": _year,
}


class Changed(Made):
    """A plain series by day or week, of which some occurrences were moved, or all from one on."""

    def __init__(self, chance: Random, uid: str) -> None:
        super().__init__(chance, uid)
        self.every = timedelta(days=chance.choice((1, 2, 7, 14)))

    def events(self) -> list[str]:
        days = self.every.days
        rule = f"FREQ=DAILY;INTERVAL={days}" if days < 7 else f"FREQ=WEEKLY;INTERVAL={days // 7}"
        rule += ";COUNT=200"
        first = [f"UID:{self.uid}", self.time("DTSTART", self.start), *self.length()]
        numbers = self.chance.sample(range(1, 300 // days), 3)
        changed = [self.changed(self.start + number * self.every) for number in numbers]
        if self.chance.random() < 0.3:
            last = self.start + max(numbers) * self.every
            changed.append(self.changed(last + self.every, ";RANGE=THISANDFUTURE"))
        made = [event([*first, f"RRULE:{rule}"]), *changed]
        self.chance.shuffle(made)
        return made

    def changed(self, moment: datetime, later: str = "") -> str:
        """Moved within the distance to the next one, and of another length."""
        replaces = self.time(f"RECURRENCE-ID{later}", moment)
        by = self.chance.randrange(self.every.days) if self.is_all_day else 0
        minutes = 0 if self.is_all_day else 5 * self.chance.randrange(12)
        of_series, self.start = self.start, moment + timedelta(days=by, minutes=minutes)
        lines = [f"UID:{self.uid}", replaces, self.time("DTSTART", self.start), *self.length()]
        self.start = of_series
        if self.chance.random() < 0.2:
            lines.append("STATUS:CANCELLED")
        return event(lines)
