"""Time zones as iCalendar wants them: VTIMEZONE (RFC 5545 3.6.5), from the pinned data.

Each change of the offset within the time of interest is written down as an observance of its own,
which is exact where a rule of recurrence would be a guess: in the year in which a zone changes its
rules, around Ramadan (Africa/Casablanca), and before there were rules.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from kalends.availability.interval import DAY
from kalends.availability.wallclock import Zone, wall_clock
from kalends.formats.contentlines import component, content_line, utc_offset, wall_time

# What is told around an event: clients approximate a zone by the changes that they are given.
AROUND: Final = 366 * DAY
# Where nothing came before, observances begin in 1601, as other calendar programs write it.
_BEGINNING: Final = datetime(1601, 1, 1)
_EPOCH: Final = datetime(1970, 1, 1)  # naive on purpose: it counts wall-clock time


def is_utc(zone: Zone) -> bool:
    """Whether the zone never was anything but UTC."""
    return zone.offsets == (0,)


def is_ambiguous(instant: int, zone: Zone) -> bool:
    """Whether the wall-clock time of this instant comes twice."""
    wall = zone.wall_at(instant)
    return len(list(zone.instants(wall, wall + 1))) > 1


def is_second_pass(instant: int, zone: Zone) -> bool:
    """Whether the clock was set back, and shows the time of this instant again."""
    wall = zone.wall_at(instant)
    return next(zone.instants(wall, wall + 1)).start < instant


def local_time(name: str, instant: int, zone: Zone) -> str:
    """A property such as DTSTART, in the wall-clock time of the zone."""
    return content_line(name, wall_time(wall_clock(instant, zone)), TZID=zone.name)


def vtimezone(zone: Zone, first: int, last: int) -> Iterator[str]:
    """Right for every local time from `first` to `last` (instants), and for a year around."""
    begin = bisect_right(zone.changes, first - AROUND) - 1
    end = bisect_left(zone.changes, last + AROUND)
    observances = (line for at in range(begin, end) for line in _observance(zone, at))
    yield from component("VTIMEZONE", (content_line("TZID", zone.name), *observances))


def _observance(zone: Zone, at: int) -> Iterator[str]:
    """What holds from the change `at` on. Its DTSTART is in the local time before it."""
    before = zone.offsets[max(at - 1, 0)]
    starts = _EPOCH + timedelta(seconds=zone.changes[at] + before) if at else _BEGINNING
    lines = (
        content_line("DTSTART", wall_time(starts)),
        content_line("TZOFFSETFROM", utc_offset(before)),
        content_line("TZOFFSETTO", utc_offset(zone.offsets[at])),
    )
    yield from component("DAYLIGHT" if _is_daylight(zone, at) else "STANDARD", lines)


def _is_daylight(zone: Zone, at: int) -> bool:
    """Whether the clock goes ahead for less than a year, and back again.

    Told by the offsets alone, so that Dublin (whose law calls summer the standard) reads like
    London: Outlook takes what is called STANDARD for the lower offset.
    """
    if at == 0 or at + 1 == len(zone.changes):
        return False
    is_short = zone.changes[at + 1] - zone.changes[at] < AROUND
    return is_short and zone.offsets[at - 1] < zone.offsets[at] > zone.offsets[at + 1]
