"""Days side by side: where bookings lie in their columns. Pure.

A column is cut into rows of five minutes. A single day runs in elapsed time, so it has 23 or 25
hours where the clock changes; days side by side share one clock face.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from kalends.availability.interval import Interval, gaps, merge
from kalends.availability.wallclock import Zone, day_bounds, wall_midnight
from kalends.domain.booking import Booking

ROW_SECONDS: Final = 300
ROWS_AN_HOUR: Final = 12
HOUR_SECONDS: Final = 3_600
HOURS_A_DAY: Final = 24
# What is shorter is drawn as long, so that a name fits.
FEWEST_ROWS: Final = 4
# Of a day in which nothing else is.
USUAL_HOURS: Final = (8, 18)
# How many lanes a column may be cut into; the largest holds all that it can.
LANES: Final = (1, 2, 3, 4, 5, 6, 10, 12)


@dataclass(frozen=True)
class Block:
    """A booking in a column: in which row it begins, how many it takes, in which lane of how
    many."""

    booking: Booking
    row: int
    rows: int
    lane: int
    lanes: int


@dataclass(frozen=True)
class Shade:
    """Rows in which a schedule takes no bookings; `reason` of a busy time, None where closed."""

    row: int
    rows: int
    reason: str | None
    is_busy: bool


@dataclass(frozen=True, kw_only=True)
class Column:
    """A day. `from_second` is the instant of its first row, where rows and instants go together
    for all of it; `hidden` is what found no lane."""

    day: date
    from_second: int | None
    blocks: Sequence[Block]
    hidden: Sequence[Booking]
    shades: Sequence[Shade]
    now_row: int | None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Columns beside an axis of hours: each hour with its row, and with its instant where one
    day is alone on the axis."""

    columns: Sequence[Column]
    hours: Sequence[tuple[int, int, int | None]]

    @property
    def height_hours(self) -> int:
        return len(self.hours)


@dataclass(frozen=True)
class _Day:
    """A day's own measure: instants to rows, counted from its midnight."""

    day: date
    zone: Zone
    bounds: Interval
    is_elapsed: bool

    @property
    def is_even(self) -> bool:
        """Whether the clock does not change in it."""
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
        """The first row and the one after the last, of what of it lies in the day."""
        start, end = max(start, self.bounds.start), min(end, self.bounds.end)
        if start >= end:
            return None
        first = self.row_at(start)
        last = self.rows if end == self.bounds.end else self.row_at(end - 1) + 1
        if last <= first:  # the clock went back in between
            last = first + max(1, (end - start) // ROW_SECONDS)
        return first, min(last, self.rows)


def lay_out(
    days: Sequence[date],
    zone: Zone,
    bookings: Iterable[Booking],
    now: int,
    *,
    busy: Iterable[tuple[int, int, str | None]] = (),
    opened: Sequence[Interval] | None = None,
    hours: tuple[int, int] | None = None,
) -> Sheet:
    """The days as columns. `busy` and `opened` are of a schedule that is looked at alone; `hours`
    are the first and last shown, None where they follow from what there is."""
    measures = [_Day(day, zone, day_bounds(day, zone), len(days) == 1) for day in days]
    listed = list(bookings)
    pieces = [list(_pieces(measure, listed)) for measure in measures]
    first, last = hours or _hours_shown(pieces, measures)
    columns = [
        _column(measure, of_day, first * ROWS_AN_HOUR, last * ROWS_AN_HOUR, now, busy, opened)
        for measure, of_day in zip(measures, pieces, strict=True)
    ]
    return Sheet(columns=columns, hours=list(_axis(measures, first, last)))


def hours_of_day(days: Sequence[date], zone: Zone) -> tuple[int, int]:
    """All hours there are."""
    longest = max(_Day(d, zone, day_bounds(d, zone), len(days) == 1).rows for d in days)
    return 0, -(-longest // ROWS_AN_HOUR)


def _pieces(measure: _Day, bookings: Sequence[Booking]) -> Iterator[tuple[Booking, int, int]]:
    for booking in bookings:
        span = int(booking.start_time.timestamp()), int(booking.end_time.timestamp())
        if rows := measure.rows_of(*span):
            first = min(rows[0], measure.rows - FEWEST_ROWS)
            yield booking, first, max(rows[1], first + FEWEST_ROWS)


def _hours_shown(
    pieces: Sequence[Sequence[tuple[Booking, int, int]]], measures: Sequence[_Day]
) -> tuple[int, int]:
    firsts = [first for of_day in pieces for _, first, _ in of_day]
    lasts = [last for of_day in pieces for _, _, last in of_day]
    usual_first, usual_last = USUAL_HOURS
    first = min([usual_first * ROWS_AN_HOUR, *firsts]) // ROWS_AN_HOUR
    last = -(-max([usual_last * ROWS_AN_HOUR, *lasts]) // ROWS_AN_HOUR)
    return first, last


def _axis(measures: Sequence[_Day], first: int, last: int) -> Iterator[tuple[int, int, int | None]]:
    """Each hour: its row, the hour of the clock, and its instant where there is one."""
    alone = measures[0] if len(measures) == 1 else None
    for hour in range(first, last):
        instant = alone.bounds.start + hour * HOUR_SECONDS if alone else None
        yield (hour - first) * ROWS_AN_HOUR, hour, instant


def _column(
    measure: _Day,
    pieces: Sequence[tuple[Booking, int, int]],
    top: int,
    bottom: int,
    now: int,
    busy: Iterable[tuple[int, int, str | None]],
    opened: Sequence[Interval] | None,
) -> Column:
    blocks, hidden = _in_lanes([(b, f - top, n - top) for b, f, n in pieces])
    is_straight = measure.is_even or measure.is_elapsed
    now_row = measure.row_at(now) - top if measure.bounds.holds(now) else None
    return Column(
        day=measure.day,
        from_second=measure.bounds.start + top * ROW_SECONDS if is_straight else None,
        blocks=blocks,
        hidden=hidden,
        shades=list(_shades(measure, top, bottom, busy, opened)),
        now_row=now_row if now_row is not None and 0 <= now_row < bottom - top else None,
    )


def _in_lanes(pieces: Sequence[tuple[Booking, int, int]]) -> tuple[list[Block], list[Booking]]:
    """What overlaps lies side by side; what found no lane."""
    blocks: list[Block] = []
    hidden: list[Booking] = []
    for cluster in _clusters(pieces):
        ends: list[int] = []
        placed: list[tuple[Booking, int, int, int]] = []
        for booking, first, last in cluster:
            lane = next((i for i, end in enumerate(ends) if end <= first), len(ends))
            if lane == LANES[-1]:
                hidden.append(booking)
                continue
            ends[lane : lane + 1] = [last]
            placed.append((booking, first, last, lane))
        lanes = next(n for n in LANES if n >= len(ends))
        blocks += [Block(b, first, last - first, lane, lanes) for b, first, last, lane in placed]
    return blocks, hidden


def _clusters(
    pieces: Sequence[tuple[Booking, int, int]],
) -> Iterator[list[tuple[Booking, int, int]]]:
    """Groups of what overlaps, each by where it begins."""
    cluster: list[tuple[Booking, int, int]] = []
    end = 0
    for piece in sorted(pieces, key=lambda piece: (piece[1], piece[0].id)):
        if cluster and piece[1] >= end:
            yield cluster
            cluster, end = [], 0
        cluster.append(piece)
        end = max(end, piece[2])
    if cluster:
        yield cluster


def _shades(
    measure: _Day,
    top: int,
    bottom: int,
    busy: Iterable[tuple[int, int, str | None]],
    opened: Sequence[Interval] | None,
) -> Iterator[Shade]:
    shut = () if opened is None else gaps(merge(opened), measure.bounds)
    shaded = [(*span, None, False) for span in shut] + [(*one, True) for one in busy]
    for start, end, reason, is_busy in shaded:
        rows = measure.rows_of(start, end)
        if rows is None:
            continue
        first, last = max(rows[0], top), min(rows[1], bottom)
        if first < last:
            yield Shade(first - top, last - first, reason, is_busy)
