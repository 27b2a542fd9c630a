"""Puts overlapping bookings of a column side by side in lanes; counts those without one. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kalends.domain.agenda import AgendaBooking

ROWS_AN_HOUR: Final = 12
# The numbers of lanes that a column may be divided into.
LANES: Final = (1, 2, 3, 4, 5, 6, 10, 12)
MOST_LANES: Final = LANES[-1]
# A narrow column has up to three lanes. If more are needed, it has two, and a third, narrower one
# for the count of the rest; the style sheet knows that layout as nine lanes.
NARROW_LANES: Final = 3
TWO_AND_MORE: Final = 9
# The rows that a count needs to be legible.
FEWEST_ROWS_OF_MORE: Final = 3

# A booking, its first row, and the row after its last.
Piece = tuple[AgendaBooking, int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """A booking in a column: its first row, its number of rows, its lane, and the number of lanes
    there. One that found no lane has `lanes` 0, and in `more` the number of the `More` that counts
    it."""

    booking: AgendaBooking
    row: int
    rows: int
    lane: int
    lanes: int
    more: int | None = None


@dataclass(frozen=True, slots=True)
class More:
    """The count of bookings that begin within one hour and found no lane. It is drawn in the last
    of the lanes."""

    number: int
    count: int
    row: int
    rows: int
    lane: int
    lanes: int


def in_lanes(pieces: Sequence[Piece], most: int) -> tuple[list[Block], list[More]]:
    """Puts the pieces into at most `most` lanes. If they need more, the last lane holds counts of
    those that found none. Blocks are sorted by their first row."""
    blocks: list[Block] = []
    counted: list[More] = []
    for cluster in _clusters(pieces):
        placed, crowded = _placed(cluster, most)
        if crowded:
            placed, crowded = _placed(cluster, most - 1)
        lanes = _lanes_of(placed, most, is_crowded=bool(crowded))
        blocks += [Block(b, first, last - first, lane, lanes) for b, first, last, lane in placed]
        end = max(last for _, _, last in cluster)
        for of_hour in _by_hour(crowded):
            more = _counted(len(counted), of_hour, end, (most - 1, lanes))
            counted.append(more)
            blocks += [
                Block(b, first, last - first, 0, 0, more.number) for b, first, last in of_hour
            ]
    blocks.sort(key=lambda block: (block.row, block.booking.id))
    return blocks, counted


def _placed(
    cluster: Sequence[Piece], most: int
) -> tuple[list[tuple[AgendaBooking, int, int, int]], list[Piece]]:
    """The pieces that found a lane, each with its number, and the pieces that found none."""
    ends: list[int] = []
    placed, crowded = [], []
    for piece in cluster:
        booking, first, last = piece
        lane = next((i for i, end in enumerate(ends) if end <= first), len(ends))
        if lane == most:
            crowded.append(piece)
            continue
        ends[lane : lane + 1] = [last]
        placed.append((booking, first, last, lane))
    return placed, crowded


def _lanes_of(
    placed: Sequence[tuple[AgendaBooking, int, int, int]], most: int, *, is_crowded: bool
) -> int:
    if is_crowded:
        return TWO_AND_MORE if most == NARROW_LANES else most
    needed = max(lane for _, _, _, lane in placed) + 1
    return next(n for n in LANES if n >= needed)


def _by_hour(crowded: Sequence[Piece]) -> Iterable[list[Piece]]:
    hours: dict[int, list[Piece]] = {}
    for piece in crowded:
        hours.setdefault(piece[1] // ROWS_AN_HOUR, []).append(piece)
    return hours.values()


def _counted(number: int, pieces: Sequence[Piece], end: int, lane: tuple[int, int]) -> More:
    first = min(piece[1] for piece in pieces)
    last = min((first // ROWS_AN_HOUR + 1) * ROWS_AN_HOUR, end)
    return More(number, len(pieces), first, max(last - first, FEWEST_ROWS_OF_MORE), *lane)


def _clusters(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Groups of pieces that overlap directly or through others, sorted by their first rows."""
    cluster: list[Piece] = []
    end = 0
    for piece in sorted(pieces, key=lambda piece: (piece[1], piece[0].id)):
        if cluster and piece[1] >= end:
            yield cluster
            cluster, end = [], 0
        cluster.append(piece)
        end = max(end, piece[2])
    if cluster:
        yield cluster
