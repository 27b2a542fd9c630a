"""Dates and times as people of a language write them (Babel), on the clock of a zone.

Zones come from the engine (`availability.wallclock`), never from the operating system.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton, get_day_names

from kalends.availability.wallclock import UnknownZone, Zone, is_ambiguous, wall_clock, zone_named
from kalends.formats.countries import countries_by_zone, zone_links
from kalends.formats.times import clock_text, full_day

DAYS_IN_WEEK: Final = 7
# The year in a date pattern, with what joins it to the month: "de" in Spanish and Portuguese, 年 in
# Japanese.
_YEAR: Final = re.compile(r"(,?( 'de')? y\b|\by年|\by )")


def find_zone(name: str | None) -> Zone | None:
    """The zone with that name; None if there is none."""
    try:
        return zone_named(name) if name else None
    except UnknownZone:
        return None


@cache
def zone_choices() -> tuple[str, ...]:
    """The zones to choose from: those in use in some country, and UTC."""
    return (*sorted(countries_by_zone()), "UTC")


def seconds_of(moment: datetime) -> int:
    return int(moment.timestamp())


def local(moment: datetime | int, zone: Zone) -> datetime:
    """The wall-clock time at a moment, as a datetime without a zone."""
    return wall_clock(moment if isinstance(moment, int) else seconds_of(moment), zone)


def iso(moment: datetime | int) -> str:
    """The moment as URLs and attributes have it, in UTC: `2026-12-01T10:00:00Z`."""
    at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else moment.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=8_192)
def day_in_month(day: date, locale: Locale) -> str:
    """Thursday, December 3; for places that show the year elsewhere."""
    pattern = _YEAR.sub("", str(locale.date_formats["full"].pattern))
    return format_date(day, pattern, locale=locale)


@lru_cache(maxsize=8_192)
def short_day(day: date, locale: Locale) -> str:
    """Thu, Dec 3."""
    return format_skeleton("MMMEd", datetime(day.year, day.month, day.day), locale=locale)


@lru_cache(maxsize=1_024)
def day_and_month(day: date, locale: Locale) -> str:
    """Dec 3."""
    return format_skeleton("MMMd", datetime(day.year, day.month, day.day), locale=locale)


@lru_cache(maxsize=1_024)
def month(first: date, locale: Locale) -> str:
    """December 2026."""
    return format_skeleton("yMMMM", datetime(first.year, first.month, 1), locale=locale)


def short_month(day: date, locale: Locale) -> str:
    """Dec."""
    return format_skeleton("MMM", datetime(day.year, day.month, 1), locale=locale)


def time_of(moment: datetime | int, zone: Zone, locale: Locale) -> str:
    """The time of day of a moment."""
    at = local(moment, zone)
    return clock_text(at.hour * 60 + at.minute, locale)


def day_of(moment: datetime | int, zone: Zone, locale: Locale) -> str:
    """The day of a moment, in full."""
    return full_day(local(moment, zone).date(), locale)


def short_day_of(moment: datetime | int | str, zone: Zone, locale: Locale) -> str:
    """The day of a moment, abbreviated; the moment may be a text as in URLs."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return short_day(local(at, zone).date(), locale)


def whole_days(start: datetime, end: datetime, zone: Zone) -> tuple[date, date] | None:
    """The first and the last day of a span that consists of whole days in the zone; else None."""
    begins, ends = local(start, zone), local(end, zone)
    if begins >= ends or any((at.hour, at.minute, at.second) != (0, 0, 0) for at in (begins, ends)):
        return None
    return begins.date(), (ends - timedelta(days=1)).date()


def span_of(start: datetime, end: datetime, zone: Zone, locale: Locale) -> str:
    """The start and end of a span, with the day of the end if it is another one."""
    return f"{time_of(start, zone, locale)} – {end_of(start, end, zone, locale)}"


def end_of(start: datetime, end: datetime, zone: Zone, locale: Locale) -> str:
    """The end of a span as a time of day, with the day if it is another one."""
    first, last = local(start, zone), local(end, zone)
    ending = clock_text(last.hour * 60 + last.minute, locale)
    if first.date() != last.date():
        return f"{short_day(last.date(), locale)}, {ending}"
    return ending


@cache
def week_from(locale: Locale) -> Sequence[tuple[int, str, str]]:
    """The weekdays in the order of the language's calendars: number (0 is Monday), short name, full
    name. A language without abbreviations, such as Arabic, has letters as short names."""
    short, full, letters = (
        get_day_names(width, "stand-alone", locale) for width in ("abbreviated", "wide", "narrow")
    )
    if short == full:
        short = letters
    order = [(locale.first_week_day + i) % DAYS_IN_WEEK for i in range(DAYS_IN_WEEK)]
    return [(number, short[number], full[number]) for number in order]


@lru_cache(maxsize=1_024)
def weeks_of(first: date, first_week_day: int) -> Sequence[Sequence[date]]:
    """The whole weeks that a month is in."""
    start = first - timedelta(days=(first.weekday() - first_week_day) % DAYS_IN_WEEK)
    weeks: list[list[date]] = []
    while not weeks or (start.year, start.month) == (first.year, first.month):
        weeks.append([start + timedelta(days=i) for i in range(DAYS_IN_WEEK)])
        start += timedelta(days=DAYS_IN_WEEK)
    return weeks


def offset_if_twice(moment: datetime | int, zone: Zone) -> str | None:
    """The UTC offset, if the clock shows the time of this moment twice on its day; else None."""
    at = moment if isinstance(moment, int) else seconds_of(moment)
    return offset_of(at, zone) if is_ambiguous(at, zone) else None


def offset_of(moment: datetime | int, zone: Zone) -> str:
    """The UTC offset at a moment: UTC−5, UTC+5:30, UTC."""
    at = moment if isinstance(moment, int) else seconds_of(moment)
    minutes = zone.offset_at(at) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "−"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def zone_words(name: str) -> str:
    """A zone for people, by its current name: America/New York, Asia/Kolkata (which browsers call
    Asia/Calcutta)."""
    if name not in zone_choices():
        renamed = zone_links().get(name, name)
        name = renamed if renamed in zone_choices() else name
    return name.replace("_", " ")
