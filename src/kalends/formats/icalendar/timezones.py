"""Writes time zones for iCalendar, as VTIMEZONE (RFC 5545 3.6.5), from the pinned data.

If the rules of a zone are settled (they hold from some year on for good), they are written as
recurrence rules. These are right for all those years, also for programs that keep one component per
zone name. Other changes of the offset around an event are listed one by one. That is exact in years
in which a zone changes its rules, around Ramadan (Africa/Casablanca), and before there were rules.
A rule that has ended is never written, as programs disagree about the zone of its UNTIL.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Final, NamedTuple

from kalends.availability.interval import ALWAYS_AFTER, DAY_SECONDS
from kalends.availability.tzfile import LAST_TRANSITION_YEAR
from kalends.availability.wallclock import Zone, wall_clock
from kalends.formats.icalendar.contentlines import component, content_line, utc_offset, wall_time

# The seconds around an event that are covered, as clients know a zone only by the changes given.
AROUND: Final = 366 * DAY_SECONDS
# The first observance of a zone begins in 1601, as in other calendar programs.
_BEGINNING: Final = datetime(1601, 1, 1)
_EPOCH: Final = datetime(1970, 1, 1)  # naive on purpose: it counts wall-clock time
_LAST_YEAR_BEGINS: Final = int(datetime(LAST_TRANSITION_YEAR, 1, 1, tzinfo=UTC).timestamp())
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LAST: Final = -1
# A few texts for each zone in use, of about 2 kB each.
MOST_KEPT: Final = 512


class _Change(NamedTuple):
    """A change of the offset. `local` is the wall-clock time of the change by the old offset.

    `weeks` are the numbers of the weekday in the month: 1 to 4, and _LAST.
    """

    at: int
    local: datetime
    before: int
    after: int
    is_daylight: bool
    weeks: frozenset[int]

    @property
    def kind(self) -> tuple[object, ...]:
        """The values that all changes by one rule have in common."""
        local = self.local
        return self.before, self.after, self.is_daylight, local.month, local.weekday(), local.time()


def is_utc(zone: Zone) -> bool:
    """Whether the zone has always been UTC."""
    return zone.offsets == (0,)


def local_time(name: str, instant: int, zone: Zone) -> str:
    """A property such as DTSTART, in wall-clock time of the zone."""
    return _beginning_of(name, zone.name) + wall_time(wall_clock(instant, zone))


@lru_cache(maxsize=MOST_KEPT)
def _beginning_of(name: str, zone_name: str) -> str:
    return content_line(name, "", TZID=zone_name)


def vtimezone(zone: Zone, first: int, last: int) -> tuple[str, ...]:
    """The VTIMEZONE, which is right for all local times from `first` to `last` (instants), and for
    a year around these."""
    begin = bisect_right(zone.changes, first - AROUND) - 1
    return _vtimezone(zone, begin, bisect_left(zone.changes, last + AROUND))


@lru_cache(maxsize=MOST_KEPT)
def _vtimezone(zone: Zone, begin: int, end: int) -> tuple[str, ...]:
    """The VTIMEZONE with the changes from `begin` to before `end`, and the rules that begin before
    these end."""
    ends = zone.changes[end] if end < len(zone.changes) else ALWAYS_AFTER
    lines = [content_line("TZID", zone.name)]
    settled = {rule.kind: rule for rule in _settled_rules(zone) if rule.at < ends}
    for change in (_change(zone, at) for at in range(begin, end)):
        if change.kind not in settled or change.at < settled[change.kind].at:
            lines += _observance(change)
    for rule in settled.values():
        lines += _observance(rule, content_line("RRULE", _recurrence(rule)))
    return tuple(component("VTIMEZONE", lines))


def _observance(change: _Change, *more: str) -> list[str]:
    lines = (
        content_line("DTSTART", wall_time(change.local)),
        content_line("TZOFFSETFROM", utc_offset(change.before)),
        content_line("TZOFFSETTO", utc_offset(change.after)),
        *more,
    )
    return component("DAYLIGHT" if change.is_daylight else "STANDARD", lines)


def _recurrence(rule: _Change) -> str:
    weekday = _WEEKDAYS[rule.local.weekday()]
    return f"FREQ=YEARLY;BYMONTH={rule.local.month};BYDAY={min(rule.weeks)}{weekday}"


@cache  # bounded by the number of zones
def _settled_rules(zone: Zone) -> tuple[_Change, ...]:
    """The first change by each rule that holds until the end of the data, sorted by time.

    Rules are found backwards, as long as there is one such change each year, in the same week.
    """
    rules: dict[tuple[object, ...], _Change] = {}
    for at in reversed(range(len(zone.changes))):
        change = _change(zone, at)
        rule = rules.get(change.kind)
        if rule is None and change.local.year == LAST_TRANSITION_YEAR:
            rules[change.kind] = change
        elif rule is not None and _is_the_year_before(change, rule):
            rules[change.kind] = change._replace(weeks=change.weeks & rule.weeks)
    return tuple(sorted(rules.values(), key=lambda rule: rule.at))


def _is_the_year_before(change: _Change, rule: _Change) -> bool:
    return change.local.year == rule.local.year - 1 and bool(change.weeks & rule.weeks)


def _change(zone: Zone, at: int) -> _Change:
    """The change at an instant; the state before the first change begins in 1601."""
    before = zone.offsets[max(at - 1, 0)]
    local = _EPOCH + timedelta(seconds=zone.changes[at] + before) if at else _BEGINNING
    is_daylight = _is_daylight(zone, at)
    return _Change(zone.changes[at], local, before, zone.offsets[at], is_daylight, _weeks(local))


def _weeks(local: datetime) -> frozenset[int]:
    """The numbers of the weekday in its month. A fifth does not occur every year, so it only counts
    as the last."""
    week = (local.day - 1) // 7 + 1
    is_last = (local + timedelta(days=7)).month != local.month
    return frozenset({week} - {5} | ({_LAST} if is_last else set()))


def _is_daylight(zone: Zone, at: int) -> bool:
    """Whether the clock goes forward for less than a year, and then back.

    Only the offsets decide, so that Dublin (where summer time is standard by law) is written like
    London: Outlook expects STANDARD to be the lower offset.
    """
    is_last = at + 1 == len(zone.changes)
    if is_last and zone.changes[at] >= _LAST_YEAR_BEGINS:
        return _is_daylight(zone, at - 2)  # at the end of the data, the year before decides
    if at == 0 or is_last:
        return False
    is_short = zone.changes[at + 1] - zone.changes[at] < AROUND
    return is_short and zone.offsets[at - 1] < zone.offsets[at] > zone.offsets[at + 1]
