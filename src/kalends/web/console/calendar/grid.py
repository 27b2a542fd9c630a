"""Lays bookings out in columns: days side by side, or the schedules of one day. Pure.

A column is cut into rows of five minutes. A single day runs in elapsed time, so it has 23 or 25
hours where the clock changes; days side by side share one clock face.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from kalends.availability.interval import HOUR_SECONDS, HOURS_A_DAY, Interval, gaps, merge
from kalends.availability.wallclock import Zone, day_bounds, wall_midnight
from kalends.domain.agenda import AgendaBooking
from kalends.domain.schedule import Schedule
from kalends.web.console.calendar.lanes import (
    MOST_LANES,
    ROWS_AN_HOUR,
    Block,
    More,
    Piece,
    in_lanes,
)

ROW_SECONDS: Final = 300
# A shorter booking is drawn this long, so that a name fits.
FEWEST_ROWS: Final = 4
# The hours that are always shown, even if nothing is in them.
USUAL_HOURS: Final = (8, 18)


class Busy(NamedTuple):
    """Busy time, in epoch seconds. `kind` is the CSS class that it has beside `shade`."""

    start: int
    end: int
    reason: str | None
    kind: str = "busy"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a column shows: a day, or one schedule on it. Busy time is shaded, and so is all time
    outside of `opened`, unless that is None."""

    day: date
    bookings: Sequence[AgendaBooking]
    schedule: Schedule | None = None
    busy: Sequence[Busy] = ()
    opened: Sequence[Interval] | None = None


@dataclass(frozen=True)
class Shade:
    """Rows in which a schedule takes no bookings: it is closed there (`kind` None), or busy."""

    row: int
    rows: int
    reason: str | None
    kind: str | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A day, or a schedule on it. `from_second` is the instant of its first row, or None if the
    clock changes within the column, so that rows do not tell instants. `more` counts bookings that
    found no lane."""

    day: date
    schedule: Schedule | None
    from_second: int | None
    blocks: Sequence[Block]
    more: Sequence[More]
    shades: Sequence[Shade]
    now_row: int | None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Columns beside an axis of hours. Each hour has its row and, if the axis is that of a single
    day, its instant."""

    columns: Sequence[Column]
    hours: Sequence[tuple[int, int, int | None]]

    @property
    def height_hours(self) -> int:
        return len(self.hours)


@dataclass(frozen=True)
class _Day:
    """Converts instants of one day to rows, which are counted from its midnight."""

    day: date
    zone: Zone
    bounds: Interval
    is_elapsed: bool

    @property
    def is_even(self) -> bool:
        """Whether the clock does not change on this day."""
        first, last = self.bounds.start, self.bounds.end - 1
        is_whole = self.bounds.end - self.bounds.start == HOURS_A_DAY * HOUR_SECONDS
        return is_whole and self.zone.offset_at(first) == self.zone.offset_at(last)

    @property
    def rows(self) -> int:
        seconds = self.bounds.end - self.bounds.start
        return seconds // ROW_SECONDS if self.is_elapsed else HOURS_A_DAY * ROWS_AN_HOUR

    def row_at(self, instant: int) -> int:
        if self.is_elapsed:
            return (instant - self.bounds.start) // ROW_SECONDS
        return (self.zone.wall_at(instant) - wall_midnight(self.day)) // ROW_SECONDS

    def rows_of(self, start: int, end: int) -> tuple[int, int] | None:
        """The first row of the span, and the one after its last, as far as it is in this day; None
        if none of it is."""
        start, end = max(start, self.bounds.start), min(end, self.bounds.end)
        if start >= end:
            return None
        first = self.row_at(start)
        last = self.rows if end == self.bounds.end else self.row_at(end - 1) + 1
        if last <= first:  # the clock was set back within the span
            last = first + max(1, (end - start) // ROW_SECONDS)
        return first, min(last, self.rows)


def lay_out(
    contents: Sequence[Contents],
    zone: Zone,
    now: int,
    *,
    hours: tuple[int, int] | None = None,
    most_lanes: int = MOST_LANES,
) -> Sheet:
    """The sheet with its columns, each of at most `most_lanes` lanes.

    `hours` are the first hour that is shown and the one after the last; None chooses them so that
    all bookings are shown.
    """
    is_alone = len({one.day for one in contents}) == 1
    measures = [_Day(one.day, zone, day_bounds(one.day, zone), is_alone) for one in contents]
    # The days of a week share one list of bookings, which is prepared once.
    lists = {id(one.bookings): one.bookings for one in contents}
    spans = {key: _spans(bookings) for key, bookings in lists.items()}
    met = {
        key: [of_all] * len(measures) if is_alone else _by_day(measures, of_all)
        for key, of_all in spans.items()
    }
    pieces = [
        list(_pieces(measure, met[id(one.bookings)][number]))
        for number, (measure, one) in enumerate(zip(measures, contents, strict=True))
    ]
    first, last = hours or _hour_range(pieces)
    rows = range(first * ROWS_AN_HOUR, last * ROWS_AN_HOUR)
    columns = [
        _column(measure, one, of_column, rows, now, most_lanes)
        for measure, one, of_column in zip(measures, contents, pieces, strict=True)
    ]
    return Sheet(columns=columns, hours=list(_axis(measures[0] if is_alone else None, first, last)))


def hours_of_day(days: Sequence[date], zone: Zone) -> tuple[int, int]:
    """The whole day as hours to show: 0 and 24; or 23 or 25 for a single day of a clock change."""
    longest = max(_Day(d, zone, day_bounds(d, zone), len(days) == 1).rows for d in days)
    return 0, -(-longest // ROWS_AN_HOUR)


def _spans(bookings: Sequence[AgendaBooking]) -> list[Piece]:
    """The bookings, each with its start and end in epoch seconds."""
    return [
        (booking, int(booking.start_time.timestamp()), int(booking.end_time.timestamp()))
        for booking in bookings
    ]


def _by_day(measures: Sequence[_Day], spans: Sequence[Piece]) -> list[list[Piece]]:
    """For each of the consecutive days, the bookings that are at least partly in it."""
    met: list[list[Piece]] = [[] for _ in measures]
    begins = [measure.bounds.start for measure in measures]
    for span in spans:
        day = max(bisect_right(begins, span[1]) - 1, 0)
        while day < len(begins) and begins[day] < span[2]:
            met[day].append(span)
            day += 1
    return met


def _pieces(measure: _Day, spans: Sequence[Piece]) -> Iterator[Piece]:
    first_second, end_second = measure.bounds.start, measure.bounds.end
    for booking, start, end in spans:
        if end <= first_second or start >= end_second:
            continue
        if rows := measure.rows_of(start, end):
            first = min(rows[0], measure.rows - FEWEST_ROWS)
            yield booking, first, max(rows[1], first + FEWEST_ROWS)


def _hour_range(pieces: Sequence[Sequence[Piece]]) -> tuple[int, int]:
    firsts = [first for of_column in pieces for _, first, _ in of_column]
    lasts = [last for of_column in pieces for _, _, last in of_column]
    usual_first, usual_last = USUAL_HOURS
    first = min([usual_first * ROWS_AN_HOUR, *firsts]) // ROWS_AN_HOUR
    last = -(-max([usual_last * ROWS_AN_HOUR, *lasts]) // ROWS_AN_HOUR)
    return first, last


def _axis(alone: _Day | None, first: int, last: int) -> Iterator[tuple[int, int, int | None]]:
    """Each hour as its row, its number, and its instant if the axis is that of a single day."""
    for hour in range(first, last):
        instant = alone.bounds.start + hour * HOUR_SECONDS if alone else None
        yield (hour - first) * ROWS_AN_HOUR, hour, instant


def _column(
    measure: _Day,
    contents: Contents,
    pieces: Sequence[Piece],
    rows: range,
    now: int,
    most_lanes: int,
) -> Column:
    top = rows.start
    blocks, more = in_lanes([(b, f - top, n - top) for b, f, n in pieces], most_lanes)
    is_straight = measure.is_even or measure.is_elapsed
    now_row = measure.row_at(now) - top if measure.bounds.includes(now) else None
    return Column(
        day=measure.day,
        schedule=contents.schedule,
        from_second=measure.bounds.start + top * ROW_SECONDS if is_straight else None,
        blocks=blocks,
        more=more,
        shades=list(_shades(measure, rows, contents)),
        now_row=now_row if now_row is not None and 0 <= now_row < len(rows) else None,
    )


def _shades(measure: _Day, shown: range, contents: Contents) -> Iterator[Shade]:
    shut = () if contents.opened is None else gaps(merge(contents.opened), measure.bounds)
    shaded = [Busy(span.start, span.end, None, "") for span in shut] + list(contents.busy)
    for start, end, reason, kind in shaded:
        rows = measure.rows_of(start, end)
        if rows is None:
            continue
        first, last = max(rows[0], shown.start), min(rows[1], shown.stop)
        if first < last:
            yield Shade(first - shown.start, last - first, reason, kind or None)
