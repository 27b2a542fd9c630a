"""Open hours: weekly windows and date overrides on the wall clock, and their instants."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from kalends.availability.interval import (
    DAY_SECONDS,
    MINUTE_SECONDS,
    WEEK_SECONDS,
    Interval,
    clip,
    merge,
)
from kalends.availability.wallclock import EPOCH_DAY, Zone

MINUTES_A_DAY: Final = 1440
MIDNIGHT: Final = 0

# Open intervals are computed and cached in blocks of so many seconds: 4 kB for typical hours.
BLOCK: Final = 4 * WEEK_SECONDS
BLOCKS_KEPT: Final = 2048


class _Window(NamedTuple):
    opens: int
    closes: int


class Window(_Window):
    """From `opens` to `closes`, in minutes of the local day.

    `closes` may be 1440, the end of the day; at or before `opens` it is on the next day. Raises
    ValueError for a time outside of the day, and for a window that closes as it opens.
    """

    __slots__ = ()

    def __new__(cls, opens: int, closes: int) -> "Window":
        if not 0 <= opens < MINUTES_A_DAY or not 0 <= closes <= MINUTES_A_DAY:
            raise ValueError("a window opens from 00:00 to 23:59 and closes from 00:00 to 24:00")
        if opens == closes:
            raise ValueError("a window must not close as it opens; a whole day is 00:00 to 24:00")
        return super().__new__(cls, opens, closes)

    @property
    def crosses_midnight(self) -> bool:
        return self.closes < self.opens

    def on(self, day: int) -> tuple[int, int]:
        """Its start and end on the wall clock, in seconds, for a day counted from 1970-01-01."""
        closes = self.closes + MINUTES_A_DAY * self.crosses_midnight
        return (
            day * DAY_SECONDS + self.opens * MINUTE_SECONDS,
            day * DAY_SECONDS + closes * MINUTE_SECONDS,
        )


Windows: TypeAlias = tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """Windows by weekday, Monday first, and by date.

    An override replaces the windows that start on its date; an empty one closes it. A window of the
    day before that crosses midnight stays. Equal hours are equal keys in caches.
    """

    weekly: tuple[Windows, ...]
    overrides: Mapping[date, Windows] = field(default_factory=dict)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError("hours have seven weekdays, Monday first")
        by_date = dict(sorted(self.overrides.items()))
        object.__setattr__(self, "overrides", MappingProxyType(by_date))
        object.__setattr__(self, "_hash", hash((self.weekly, tuple(by_date.items()))))

    def __hash__(self) -> int:
        return self._hash

    def starting_on(self, day: int) -> Windows:
        """The windows that start on a date, counted from 1970-01-01."""
        on_date = date.fromordinal(EPOCH_DAY + day)
        override = self.overrides.get(on_date) if self.overrides else None
        return self.weekly[on_date.weekday()] if override is None else override


ALWAYS_OPEN: Final = Hours(((Window(MIDNIGHT, MINUTES_A_DAY),),) * 7)
NEVER_OPEN: Final = Hours(((),) * 7)


def open_intervals(hours: Hours, zone: Zone, span: Interval) -> list[Interval]:
    """When the schedule is open within `span`: the union over all dates, merged, ascending."""
    merged: list[Interval] = []
    for block in blocks_of(span):
        for interval in _open_in_block(hours, zone, block):
            if merged and merged[-1].end == interval.start:
                merged[-1] = Interval(merged[-1].start, interval.end)
            else:
                merged.append(interval)
    return clip(merged, span)


def is_open_throughout(hours: Hours, zone: Zone, span: Interval) -> bool:
    """Whether all of `span` lies in one merged interval of open time."""
    return span.is_empty or open_intervals(hours, zone, span) == [span]


def open_stretches(hours: Hours, zone: Zone, span: Interval) -> Iterator[Interval]:
    """The unbroken runs of each date that may meet `span`, uncut, and some near it.

    Each date has runs of its own: those of two dates may overlap, and they are not in order where
    the clock went back over midnight.
    """
    # A window that crosses midnight reaches into the next day; one more day on each side is for
    # clocks that jumped over midnight.
    first = zone.wall_at(span.start) // DAY_SECONDS - 2
    last = zone.wall_at(span.end) // DAY_SECONDS + 1
    for day in range(first, last + 1):
        yield from open_stretches_of_date(hours, zone, day)


def open_stretches_of_date(hours: Hours, zone: Zone, day: int) -> list[Interval]:
    """The unbroken runs of instants that belong to a date, counted from 1970-01-01.

    A wall-clock time that does not exist is skipped; one that occurs twice is included twice.
    """
    windows = hours.starting_on(day)
    return merge(i for window in windows for i in zone.instants(*window.on(day)))


def blocks_of(span: Interval) -> range:
    """The numbers of the blocks that `span` meets."""
    return range(span.start // BLOCK, -(-span.end // BLOCK))


@lru_cache(maxsize=BLOCKS_KEPT)
def _open_in_block(hours: Hours, zone: Zone, block: int) -> tuple[Interval, ...]:
    span = Interval(block * BLOCK, (block + 1) * BLOCK)
    return tuple(clip(merge(open_stretches(hours, zone, span)), span))
