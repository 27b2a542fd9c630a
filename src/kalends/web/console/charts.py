"""Bookings, no-shows and utilisation by week: bars drawn on the server, with their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from kalends.availability.wallclock import local_day
from kalends.domain.ids import SCHEDULE, decode_id
from kalends.services.agenda import Choices, list_choices
from kalends.services.statistics import Week, list_weeks
from kalends.translation import LazyMessage, gettext_lazy
from kalends.web.console.request import ConsoleRequest, member_route
from kalends.web.pages.answers import PageAnswer

WEEKS: Final = 12
DAYS_A_WEEK: Final = 7
# The drawing's own units.
WIDTH: Final = 480
HEIGHT: Final = 190
LEFT: Final = 36
TOP: Final = 14
BOTTOM: Final = 26
GAP: Final = 7
AXIS_STEPS: Final = (1, 2, 5)
FEWEST_LINES: Final = 4
# The title of each, and what it shows for who cannot see it.
_LABELS: Final = {
    "bookings": (
        gettext_lazy("Bookings"),
        gettext_lazy(
            "Bookings by week, from {least} to {most}. The numbers are in the table below."
        ),
    ),
    "no-shows": (
        gettext_lazy("No-shows"),
        gettext_lazy(
            "No-shows by week, from {least} to {most}. The numbers are in the table below."
        ),
    ),
    "utilisation": (
        gettext_lazy("Utilisation"),
        gettext_lazy(
            "Utilisation by week, from {least} to {most} percent. The numbers are in the table "
            "below."
        ),
    ),
}


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    width: int
    height: int
    value: int
    day: date

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True)
class Chart:
    """Bars over weeks, between lines: each at a height, with the number that it stands for."""

    key: str
    title: LazyMessage
    label: LazyMessage
    bars: Sequence[Bar]
    lines: Sequence[tuple[int, int]]

    @property
    def least(self) -> int:
        return min(bar.value for bar in self.bars)

    @property
    def most(self) -> int:
        return max(bar.value for bar in self.bars)


async def show_charts(request: ConsoleRequest) -> PageAnswer:
    choices: Choices = await request.read(list_choices)
    only = choices.schedule(decode_id(SCHEDULE, request.query.get("schedule", "")))
    today = local_day(int(request.page_request.context.clock().timestamp()), request.zone)
    days = first_days(today, request.page_request.locale.first_week_day)
    weeks: list[Week] = await request.read(
        list_weeks, days, request.zone.name, choices.schedules, only
    )
    return request.page(
        "console/charts.html",
        "charts",
        choices=choices,
        schedule=only,
        weeks=weeks,
        charts=[
            draw("bookings", days, [week.bookings for week in weeks]),
            draw("no-shows", days, [week.no_shows for week in weeks]),
            draw("utilisation", days, [week.utilisation for week in weeks], at_least=100),
        ],
        size={"width": WIDTH, "height": HEIGHT, "left": LEFT, "base": HEIGHT - BOTTOM},
    )


def first_days(today: date, first_week_day: int) -> list[date]:
    """When the last weeks began, the present one included."""
    this = today - timedelta(days=(today.weekday() - first_week_day) % DAYS_A_WEEK)
    return [this - timedelta(days=DAYS_A_WEEK * back) for back in reversed(range(WEEKS))]


def draw(key: str, days: Sequence[date], values: Sequence[int], at_least: int = 4) -> Chart:
    """The values as bars on a scale that begins at nothing."""
    step = _step(max(at_least, *values))
    top = -(-max(at_least, *values) // step) * step
    room, slot = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT) // len(days)
    bars = []
    for i, (day, value) in enumerate(zip(days, values, strict=True)):
        height = round(room * value / top)
        y = HEIGHT - BOTTOM - height
        bars.append(Bar(LEFT + i * slot + GAP // 2, y, slot - GAP, height, value, day))
    lines = [(HEIGHT - BOTTOM - round(room * n / top), n) for n in range(0, top + 1, step)]
    return Chart(key, *_LABELS[key], bars, lines)


def _step(largest: int) -> int:
    """The largest of 1, 2, 5, 10, 20, 50, … that gives lines enough."""
    steps: list[int] = [
        step * 10**power for power in range(len(str(largest))) for step in AXIS_STEPS
    ]
    return max(step for step in steps if step == 1 or step * FEWEST_LINES <= largest)


PAGES: Final = (member_route("GET", "/charts", show_charts),)
