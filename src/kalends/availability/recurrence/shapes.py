"""Shapes: the times of an event as its calendar writes them, and nothing else about it.

Wall-clock times and days are counted as in `wallclock`, as if the local clock showed UTC. Shapes
are stored as arrays, so new fields are appended with a default, and none is ever renamed or
removed.
"""

from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias


class Clock(IntEnum):
    """The unit of a moment."""

    DAY = 0  # days since 1970-01-01
    WALL = 1  # seconds of the wall clock of its event's zone
    UTC = 2  # epoch seconds


class Moment(NamedTuple):
    """A DATE or DATE-TIME (RFC 5545 3.3.4, 3.3.5)."""

    clock: Clock
    value: int


class Frequency(StrEnum):
    """How often a rule repeats. Finer frequencies are not supported."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Weekday(NamedTuple):
    """A weekday; Monday is 0. `nth` counts within the month or year, from its end if negative; 0 is
    every one."""

    nth: int
    weekday: int


class RecurrenceRule(NamedTuple):
    """An RRULE (RFC 5545 3.3.10); `total` is its COUNT. Lists have no duplicates."""

    frequency: Frequency
    interval: int = 1
    total: int | None = None
    until: Moment | None = None
    months: tuple[int, ...] = ()
    week_numbers: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_starts: int = 0


class Length(NamedTuple):
    """The way from a start to its end: so far on the wall clock, then so much elapsed time.

    Both in seconds, neither negative.
    """

    wall: int
    elapsed: int = 0

    @property
    def most(self) -> int:
        return self.wall + self.elapsed


class Observance(NamedTuple):
    """A STANDARD or DAYLIGHT of a VTIMEZONE (RFC 5545 3.6.5). From `starts` on, a time of the clock
    before the change, the offset is `after` seconds east of UTC."""

    starts: int
    before: int
    after: int
    rules: tuple[RecurrenceRule, ...] = ()
    more: tuple[int, ...] = ()


class CustomZone(NamedTuple):
    """A zone that a calendar describes itself."""

    observances: tuple[Observance, ...]


# An IANA name; None is the zone of the calendar (RFC 5545 3.3.5, form 1, and 3.3.4).
EventZone: TypeAlias = str | CustomZone | None


class Standing(StrEnum):
    """Whether the event takes its owner's time, and if not, why."""

    BUSY = "busy"
    FREE = "free"
    CANCELLED = "cancelled"
    DECLINED = "declined"


class BusyKind(NamedTuple):
    """The kinds of busy time that a schedule may choose to ignore. Out of office is never
    all-day."""

    is_tentative: bool = False
    is_all_day: bool = False
    is_out_of_office: bool = False


class Addition(NamedTuple):
    """An RDATE; with a length of its own if it is a PERIOD (RFC 5545 3.8.5.2)."""

    moment: Moment
    length: Length | None = None


class EventShape(NamedTuple):
    """When an event is, and whether that takes time. `start` is on the wall clock of `zone`.

    For an all-day event `start` is a midnight, `length` is whole days, and every moment is a DAY.
    """

    start: int
    length: Length
    zone: EventZone = None
    is_all_day: bool = False
    standing: Standing = Standing.BUSY
    kind: BusyKind = BusyKind()
    rules: tuple[RecurrenceRule, ...] = ()
    additions: tuple[Addition, ...] = ()
    exclusions: tuple[Moment, ...] = ()
    excluding_rules: tuple[RecurrenceRule, ...] = ()


class ChangedOccurrence(NamedTuple):
    """An occurrence that replaces another one (RFC 5545 3.8.4.4), and moves all later ones with it
    if `moves_later_ones` (RANGE=THISANDFUTURE)."""

    replaces: Moment
    shape: EventShape
    moves_later_ones: bool = False


class Series(NamedTuple):
    """All events of a calendar with one UID. Without a `first`, changed occurrences stand alone."""

    first: EventShape | None
    changed: tuple[ChangedOccurrence, ...] = ()
