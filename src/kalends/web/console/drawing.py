"""The geometry of the charts: bars over time, a heat map of a week's hours. Pure, without words.

No chart relies on colour: the range before is drawn as an outline, and each hour has its number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# In the units of the drawing (the SVG's viewBox).
WIDTH: Final = 960
HEIGHT: Final = 240
LEFT: Final = 44
TOP: Final = 12
BOTTOM: Final = 26
AXIS_STEPS: Final = (1, 2, 5)
FEWEST_LINES: Final = 4
MOST_MARKS: Final = 12
CELL_WIDTH: Final = 38
CELL_HEIGHT: Final = 30
# The number of shades, of which the darkest is for the busiest hour.
SHADES: Final = 5
USUAL_HOURS: Final = (8, 18)


@dataclass(frozen=True)
class Bar:
    """Two bars on the axis: a number, and the one of the range before."""

    x: int
    width: int
    now: int
    before: int
    now_height: int
    before_height: int
    is_marked: bool

    @property
    def middle(self) -> int:
        return self.x + self.width


@dataclass(frozen=True)
class BarChart:
    """Bars in front of horizontal lines; each line has its height and the number it stands for."""

    bars: Sequence[Bar]
    lines: Sequence[tuple[int, int]]

    base: int = HEIGHT - BOTTOM
    left: int = LEFT
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class HourCell:
    """An hour of a weekday (0 is Monday). `shade` is its share of the busiest hour; 0 is none."""

    x: int
    y: int
    weekday: int
    hour: int
    now: int
    before: int
    shade: int


@dataclass(frozen=True)
class HeatMap:
    """The hours of a week: at least the usual ones, and all from the first to the last with any."""

    cells: Sequence[HourCell]
    hours: Sequence[int]
    rows: int
    left: int = 96
    top: int = 24
    cell_width: int = CELL_WIDTH
    cell_height: int = CELL_HEIGHT

    @property
    def width(self) -> int:
        return self.left + len(self.hours) * CELL_WIDTH

    @property
    def height(self) -> int:
        return self.top + self.rows * CELL_HEIGHT

    def cell(self, weekday: int, hour: int) -> HourCell:
        return next(one for one in self.cells if (one.weekday, one.hour) == (weekday, hour))


def draw_bars(values: Sequence[tuple[int, int]]) -> BarChart:
    """The chart of pairs of numbers, now and before, on a scale that begins at zero."""
    largest = max([FEWEST_LINES, *(n for pair in values for n in pair)])
    step = _step(largest)
    top, room = -(-largest // step) * step, HEIGHT - TOP - BOTTOM
    slot = (WIDTH - LEFT) / max(len(values), 1)
    width = max(1, int(slot * 0.4))
    every = -(-len(values) // MOST_MARKS)
    bars = [
        Bar(
            x=LEFT + int(i * slot + slot * 0.1),
            width=width,
            now=now,
            before=before,
            now_height=round(room * now / top),
            before_height=round(room * before / top),
            is_marked=i % every == 0,
        )
        for i, (now, before) in enumerate(values)
    ]
    lines = [(HEIGHT - BOTTOM - round(room * n / top), n) for n in range(0, top + 1, step)]
    return BarChart(bars, lines)


def draw_hours(hours: Sequence[tuple[int, int]], first_week_day: int) -> HeatMap:
    """The heat map of the hours in `Insights`, with its rows in the order of the reader's week."""
    used = [i % 24 for i, pair in enumerate(hours) if any(pair)]
    first = min([USUAL_HOURS[0], *used])
    last = max([USUAL_HOURS[1] - 1, *used])
    most = max([1, *(now for now, _ in hours)])
    shown = range(first, last + 1)
    days = [(first_week_day + i) % 7 for i in range(7)]
    heat = HeatMap([], shown, len(days))
    cells = [
        HourCell(
            x=heat.left + (hour - first) * CELL_WIDTH,
            y=heat.top + row * CELL_HEIGHT,
            weekday=weekday,
            hour=hour,
            now=hours[weekday * 24 + hour][0],
            before=hours[weekday * 24 + hour][1],
            shade=-(-hours[weekday * 24 + hour][0] * SHADES // most),
        )
        for row, weekday in enumerate(days)
        for hour in shown
    ]
    return HeatMap(cells, shown, len(days))


def _step(largest: int) -> int:
    """The distance of two lines: the largest of 1, 2, 5, 10, 20, 50, … that gives enough lines."""
    steps: list[int] = [
        step * 10**power for power in range(len(str(largest))) for step in AXIS_STEPS
    ]
    return max(step for step in steps if step == 1 or step * FEWEST_LINES <= largest)
