"""Turns occurrences into busy pieces, which are stored and by which slots are refused.

Pieces are at most a day long, cut at midnights in UTC, so that those that meet a time lie in one
range of an index.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final, NamedTuple, TypeAlias

from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.recurrence.occurrences import NOTHING, Expansion, Occurrence, expand
from kalends.availability.recurrence.shapes import BusyKind, Series, Standing
from kalends.availability.recurrence.steps import Steps
from kalends.availability.wallclock import Zone

MOST_PIECES: Final = 20_000
# Times of one kind are merged once there are so many.
_MERGED_AT: Final = 4 * MOST_PIECES

_Times: TypeAlias = tuple[int, int]


class BusyPiece(NamedTuple):
    """`[start, end)`, not empty, within one day in UTC."""

    start: int
    end: int
    kind: BusyKind


_ByKind: TypeAlias = dict[BusyKind, list[_Times]]


class EventPiece(NamedTuple):
    """A piece, and the position of its series in the input; None if pieces of several were
    merged."""

    event: int | None
    piece: BusyPiece


class BusyCalendar(NamedTuple):
    """All busy time of a calendar in a span. `incomplete` are the positions of events that ran out
    of steps and may have more. With `is_merged` there were too many pieces, so they do not tell
    which event they belong to; with `is_coarse` they also cover the gaps within a day."""

    pieces: list[EventPiece]
    incomplete: list[int]
    is_merged: bool = False
    is_coarse: bool = False


def busy_pieces(occurrences: Sequence[Occurrence], span: Interval) -> list[BusyPiece]:
    """The busy time of the occurrences of one event within `span`, by kind, and by time in each."""
    return [
        BusyPiece(start, end, kind)
        for kind, times in _merged(_by_kind(occurrences, span)).items()
        for begins, ends in times
        for start, end in days_of(begins, ends)
    ]


def busy_calendar(
    series: Sequence[Series], span: Interval, calendar_zone: Zone, steps: Steps | None = None
) -> BusyCalendar:
    """The busy time of all events of a calendar, at most MOST_PIECES pieces. `calendar_zone` is for
    times that have no zone of their own."""
    return busy_in_zones(zip(series, repeat(calendar_zone), strict=False), span, steps)


def busy_in_zones(
    placed: Iterable[tuple[Series, Zone]], span: Interval, steps: Steps | None = None
) -> BusyCalendar:
    """The same, with a zone for each series; all of them share the steps."""
    gathered = _BusyTimes(span)
    steps = steps or Steps()
    for at, (each, zone) in enumerate(placed):
        expansion = expand(each, span, zone, steps)
        if expansion is not NOTHING:
            gathered.add(at, expansion)
    return gathered.result()


def days_of(start: int, end: int) -> Iterator[tuple[int, int]]:
    """`[start, end)`, cut at midnights in UTC."""
    while start < end:
        midnight = (start // DAY_SECONDS + 1) * DAY_SECONDS
        yield start, min(end, midnight)
        start = midnight


def _by_kind(occurrences: Sequence[Occurrence], span: Interval) -> _ByKind:
    by_kind: _ByKind = {}
    begins, ends = span
    for start, end, shape in occurrences:
        if shape.standing is Standing.BUSY:
            inside = (start if start > begins else begins, end if end < ends else ends)
            if shape.kind in by_kind:
                by_kind[shape.kind].append(inside)
            else:
                by_kind[shape.kind] = [inside]
    return by_kind


def _merged(by_kind: _ByKind) -> _ByKind:
    return {kind: _merge(times) for kind, times in by_kind.items()}


def _merge(times: list[_Times]) -> list[_Times]:
    """`interval.merge` on plain pairs, of which there may be a hundred thousand."""
    if len(times) == 1:
        return times if times[0][0] < times[0][1] else []
    merged: list[_Times] = []
    begins, ends = 0, 0
    for start, end in sorted(times):
        if start > ends or begins == ends:
            if begins < ends:
                merged.append((begins, ends))
            begins, ends = start, end
        elif end > ends:
            ends = end
    if begins < ends:
        merged.append((begins, ends))
    return merged


class _BusyTimes:
    """Collects times by event as long as they make few pieces, then by kind only, merged now and
    then."""

    def __init__(self, span: Interval) -> None:
        self.span = span
        self.by_event: list[tuple[int, _ByKind]] = []
        self.by_kind: _ByKind | None = None
        self.incomplete: list[int] = []
        self.count = 0
        self.merges_at = _MERGED_AT

    def add(self, at: int, expansion: Expansion) -> None:
        if not expansion.is_complete:
            self.incomplete.append(at)
        found = _by_kind(expansion.occurrences, self.span)
        if self.by_kind is not None:
            self._put(found)
            return
        merged = _merged(found)
        self.by_event.append((at, merged))
        self.count += sum(map(_days, merged.values()))
        if self.count > MOST_PIECES:
            self.by_kind = {}
            for _, each in self.by_event:
                self._put(each)
            self.by_event = []

    def result(self) -> BusyCalendar:
        if self.by_kind is None:
            pieces = [
                EventPiece(at, BusyPiece(start, end, kind))
                for at, by_kind in self.by_event
                for start, end, kind in _cut(by_kind)
            ]
            return BusyCalendar(pieces, self.incomplete)
        cut = list(_cut(_merged(self.by_kind)))
        is_coarse = len(cut) > MOST_PIECES
        pieces = [EventPiece(None, piece) for piece in (_by_day(cut) if is_coarse else cut)]
        return BusyCalendar(pieces, self.incomplete, is_merged=True, is_coarse=is_coarse)

    def _put(self, found: _ByKind) -> None:
        assert self.by_kind is not None
        for kind, times in found.items():
            known = self.by_kind.setdefault(kind, [])
            known += times
            if len(known) > self.merges_at:
                self.by_kind[kind] = _merge(known)
                # If merging does not help, wait until there are twice as many.
                self.merges_at = max(_MERGED_AT, 2 * len(self.by_kind[kind]))


def _days(times: list[_Times]) -> int:
    """How many pieces the times are cut into."""
    return sum((end - 1) // DAY_SECONDS - start // DAY_SECONDS + 1 for start, end in times)


def _cut(by_kind: _ByKind) -> Iterator[BusyPiece]:
    for kind, times in by_kind.items():
        for begins, ends in times:
            for start, end in days_of(begins, ends):
                yield BusyPiece(start, end, kind)


def _by_day(pieces: Iterable[BusyPiece]) -> Iterable[BusyPiece]:
    """One piece for each kind and day in UTC, from the first instant to the last."""
    by_day: dict[tuple[BusyKind, int], BusyPiece] = {}
    for piece in pieces:
        key = piece.kind, piece.start // DAY_SECONDS
        known = by_day.get(key, piece)
        start, end = min(known.start, piece.start), max(known.end, piece.end)
        by_day[key] = BusyPiece(start, end, piece.kind)
    return by_day.values()
