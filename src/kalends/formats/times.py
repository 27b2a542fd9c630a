"""Times for people, on the wall clock of a zone that is always named."""

from datetime import date, datetime, time
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time

from kalends.availability.wallclock import UnknownZone, Zone, is_ambiguous, wall_clock, zone_named
from kalends.translation import gettext_lazy

# What CLDR puts between a time and AM; several mail programs cannot display it.
NARROW_SPACE: Final = "\u202f"
_SPAN: Final = gettext_lazy("{start} to {end} ({zone})")
_SPAN_WITH_OFFSETS: Final = gettext_lazy(
    "{start} ({start_offset}) to {end} ({end_offset}) ({zone})"
)


def known_zone(*names: str | None) -> Zone:
    """The first of these that the pinned data knows, else UTC."""
    for name in names:
        try:
            return zone_named(name or "")
        except UnknownZone:
            continue
    return zone_named("UTC")


@lru_cache(maxsize=65_536)
def clock_text(minutes: int, locale: Locale) -> str:
    """A time of day, in minutes since midnight: 9:30 AM, 09:30."""
    text = format_time(time(minutes // 60, minutes % 60), "short", locale=locale)
    return text.replace(NARROW_SPACE, " ")


@lru_cache(maxsize=8_192)
def full_day(day: date, locale: Locale) -> str:
    """Thursday, December 3, 2026."""
    return format_date(day, "full", locale=locale)


@lru_cache(maxsize=8_192)
def _short_day(day: date, locale: Locale) -> str:
    """Thu 3 Dec 2026."""
    return format_skeleton("yMMMEd", day, locale=locale).replace(",", "", 1)


def span_text(starts_at: datetime, ends_at: datetime, zone: Zone, locale: Locale) -> str:
    """`Tuesday, 1 December 2026, 10:00 to 11:00 (Europe/Berlin, GMT+1)`.

    If the offset changes in between, or the clock shows one of the times twice on its day, each
    time has its own offset.
    """
    return _span_text(starts_at, ends_at, zone, locale, str(_SPAN), str(_SPAN_WITH_OFFSETS))


@lru_cache(maxsize=256)  # all mails about a booking have the same times
def _span_text(
    starts_at: datetime,
    ends_at: datetime,
    zone: Zone,
    locale: Locale,
    in_words: str,
    with_offsets: str,
) -> str:
    start, end = int(starts_at.timestamp()), int(ends_at.timestamp())
    first, last = wall_clock(start, zone), wall_clock(end, zone)
    is_one_day = last.date() == first.date()
    until = _time(last, locale) if is_one_day else _day_and_time(last, locale)
    begin = _day_and_time(first, locale)
    if not _needs_offsets(start, end, zone):
        return in_words.format(start=begin, end=until, zone=_zone_text(zone, start))
    return with_offsets.format(
        start=begin,
        start_offset=offset_text(zone.offset_at(start)),
        end=until,
        end_offset=offset_text(zone.offset_at(end)),
        zone=zone.name,
    )


def moment_text(moment: datetime, zone: Zone, locale: Locale) -> str:
    """`Tuesday, 1 December 2026, 10:00 (Europe/Berlin, GMT+1)`."""
    instant = int(moment.timestamp())
    local = wall_clock(instant, zone)
    return f"{_day_and_time(local, locale)} ({_zone_text(zone, instant)})"


def short_moment_text(moment: datetime, zone: Zone, locale: Locale) -> str:
    """`Tue 1 Dec 2026, 10:00`, with few commas, for a subject line."""
    local = wall_clock(int(moment.timestamp()), zone)
    return f"{_short_day(local.date(), locale)}, {_time(local, locale)}"


def offset_text(seconds: int) -> str:
    """`GMT+1`, `GMT-3:30`, `GMT`; local mean time also has seconds."""
    if seconds == 0:
        return "GMT"
    minutes, second = divmod(abs(seconds), 60)
    text = f"GMT{'-' if seconds < 0 else '+'}{minutes // 60}"
    if minutes % 60 or second:
        text += f":{minutes % 60:02}"
    return text + (f":{second:02}" if second else "")


def _needs_offsets(start: int, end: int, zone: Zone) -> bool:
    if zone.offset_at(start) != zone.offset_at(end):
        return True
    return is_ambiguous(start, zone) or is_ambiguous(end, zone)


def _zone_text(zone: Zone, instant: int) -> str:
    if zone.name == "UTC":
        return "UTC"
    return f"{zone.name}, {offset_text(zone.offset_at(instant))}"


def _day_and_time(local: datetime, locale: Locale) -> str:
    return f"{full_day(local.date(), locale)}, {_time(local, locale)}"


def _time(local: datetime, locale: Locale) -> str:
    return clock_text(local.hour * 60 + local.minute, locale)
