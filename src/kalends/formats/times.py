"""Times as people read them, on the wall clock of a zone that is always named."""

from datetime import datetime
from typing import Final

from babel.dates import format_date

from kalends.availability.wallclock import UnknownZone, Zone, wall_clock, zone_named
from kalends.formats.timezones import is_ambiguous

LOCALE: Final = "en_GB"
_LONG: Final = "EEEE, d MMMM y"
_SHORT: Final = "EEE d MMM y"


def known_zone(*names: str | None) -> Zone:
    """The first of these that the pinned data knows, else UTC."""
    for name in names:
        try:
            return zone_named(name or "")
        except UnknownZone:
            continue
    return zone_named("UTC")


def span_text(starts_at: datetime, ends_at: datetime, zone: Zone) -> str:
    """`Tuesday, 1 December 2026, 10:00 to 11:00 (Europe/Berlin, GMT+1)`.

    Where the offset changes in between, or one of the times comes twice that day, each time has
    its own offset.
    """
    start, end = int(starts_at.timestamp()), int(ends_at.timestamp())
    first, last = wall_clock(start, zone), wall_clock(end, zone)
    until = f"{last:%H:%M}" if last.date() == first.date() else f"{_day(last)}, {last:%H:%M}"
    begin = f"{_day(first)}, {first:%H:%M}"
    if not _needs_offsets(start, end, zone):
        return f"{begin} to {until} ({_zone_text(zone, start)})"
    offsets = (offset_text(zone.offset_at(start)), offset_text(zone.offset_at(end)))
    return f"{begin} ({offsets[0]}) to {until} ({offsets[1]}) ({zone.name})"


def moment_text(moment: datetime, zone: Zone) -> str:
    """`Tuesday, 1 December 2026, 10:00 (Europe/Berlin, GMT+1)`."""
    instant = int(moment.timestamp())
    local = wall_clock(instant, zone)
    return f"{_day(local)}, {local:%H:%M} ({_zone_text(zone, instant)})"


def short_moment_text(moment: datetime, zone: Zone) -> str:
    """`Tue 1 Dec 2026, 10:00`, for a subject."""
    local = wall_clock(int(moment.timestamp()), zone)
    return f"{format_date(local, _SHORT, locale=LOCALE)}, {local:%H:%M}"


def offset_text(seconds: int) -> str:
    """`GMT+1`, `GMT-3:30`, `GMT`; local mean time has seconds, too."""
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


def _day(local: datetime) -> str:
    return format_date(local, _LONG, locale=LOCALE)
