"""What overlaps in a column: side by side in lanes, and what finds none, counted. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kalends.domain.agenda import AgendaBooking

ROWS_AN_HOUR: Final = 12
# How many lanes a column may be cut into; the largest holds all that it can.
LANES: Final = (1, 2, 3, 4, 5, 6, 10, 12)
MOST_LANES: Final = LANES[-1]
# Of a narrow column: three are read, else two, and in a third, narrow one how many there are more.
NARROW_LANES: Final = 3
TWO_AND_MORE: Final = 9
# A number needs that much to be read.
FEWEST_ROWS_OF_MORE: Final = 3

# A booking, the row that it begins at, and the one after its last.
Piece = tuple[AgendaBooking, int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """A booking in a column: in which row it begins, how many it takes, in which lane of how
    many. One that found no lane has none, and the number of the `More` that counts it."""

    booking: AgendaBooking
    row: int
    rows: int
    lane: int
    lanes: int
    more: int | None = None


@dataclass(frozen=True, slots=True)
class More:
    """How many found no lane of those that begin within an hour, in the last lane of how many."""

    number: int
    count: int
    row: int
    rows: int
    lane: int
    lanes: int


def in_lanes(pieces: Sequence[Piece], most: int) -> tuple[list[Block], list[More]]:
    """The pieces in at most so many lanes, by where they begin. Where they need more, the last lane
    tells how many there are that found none."""
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
    """Each with its lane, and what found none."""
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
    """Groups of what overlaps, each by where it begins."""
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
