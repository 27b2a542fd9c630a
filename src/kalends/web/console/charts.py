"""The insights page: numbers about a range of days and the range before, as charts, tables and
CSV files."""

from datetime import date, timedelta
from typing import Any, Final

from babel import Locale
from babel.units import format_unit

from kalends.availability.wallclock import local_day
from kalends.domain.errors import Invalid, NotFound
from kalends.domain.ids import SCHEDULE, decode_id
from kalends.domain.rights import Right
from kalends.domain.schedule import Schedule
from kalends.domain.values import Day
from kalends.formats.sheets import BYTE_ORDER_MARK, sheet_lines
from kalends.services.agenda import Choices, list_choices
from kalends.services.statistics import DayRange, Insights, Tally, get_insights
from kalends.translation import gettext
from kalends.web.console.drawing import draw_bars, draw_hours
from kalends.web.console.insight_tables import percent, tables_of
from kalends.web.console.request import NOT_STORED, ConsoleRequest, console_route
from kalends.web.pages import labels
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

PATH: Final = "/charts"
USUAL_DAYS: Final = 28
# The ranges offered as links: their days, and the number and unit that they are called by.
RANGES: Final = ((28, 4, "week"), (84, 12, "week"), (365, 12, "month"))
MOST_DAYS: Final = 3 * 366
FIRST_DAY: Final = date(1980, 1, 1)
LAST_DAY: Final = date(2190, 1, 1)
CSV: Final = "text/csv; charset=utf-8"


async def show_charts(request: ConsoleRequest) -> PageAnswer:
    days = _range_in(request.query, _today(request))
    choices, only, insights = await _load(request, days)
    locale = request.page_request.locale
    first_week_day = locale.first_week_day
    return await request.long_page(
        "console/charts.html",
        "charts",
        choices=choices,
        schedule=only,
        days=days,
        ranges=_ranges(_today(request), locale),
        insights=insights,
        tiles=_tiles(insights, locale),
        tables=tables_of(insights, choices, locale),
        bars=draw_bars([(pair.now.made, pair.before.made) for pair in insights.spans]),
        heat=draw_hours(insights.hours, first_week_day),
        weekdays=[str(words) for words in labels.WEEKDAYS.values()],
        kept=_kept(request, days),
    )


async def download(request: ConsoleRequest) -> PageAnswer:
    """One of the tables, as comma-separated values. Raises NotFound."""
    days = _range_in(request.query, _today(request))
    choices, _, insights = await _load(request, days)
    table = tables_of(insights, choices, request.page_request.locale).get(request.path("table"))
    if table is None:
        raise NotFound("There is no such table.")
    name = f"{table.key}-{days.first}-{days.last}-{request.organization.slug}.csv"
    disposition = ("content-disposition", f'attachment; filename="{name}"')
    body = BYTE_ORDER_MARK.encode() + sheet_lines(table.lines())
    return PageAnswer(body, 200, CSV, (disposition, NOT_STORED))


async def _load(
    request: ConsoleRequest, days: DayRange
) -> tuple[Choices, Schedule | None, Insights]:
    choices: Choices = await request.read(list_choices)
    only = choices.schedule(decode_id(SCHEDULE, request.query.get("schedule", "")))
    insights: Insights = await request.read(
        get_insights,
        days,
        request.zone,
        request.page_request.locale.first_week_day,
        [only] if only else choices.schedules,
        [only.id] if only else None,
    )
    return choices, only, insights


def _today(request: ConsoleRequest) -> date:
    return local_day(int(request.page_request.context.clock().timestamp()), request.zone)


def _ranges(today: date, locale: Locale) -> list[tuple[str, DayRange]]:
    return [
        (
            str(format_unit(number, f"duration-{unit}", locale=locale)),
            DayRange(today - timedelta(days=days - 1), today),
        )
        for days, number, unit in RANGES
    ]


def _range_in(query: FormFields, today: date) -> DayRange:
    """Raises Invalid."""
    until = _day(query, "until") or today
    since = _day(query, "since") or until - timedelta(days=USUAL_DAYS - 1)
    if until < since:
        raise Invalid.field("until", "must not be before the first day")
    days = DayRange(max(since, FIRST_DAY), min(until, LAST_DAY))
    if days.days > MOST_DAYS:
        raise Invalid.field("until", "must be at most three years after the first day")
    return days


def _day(query: FormFields, name: str) -> Day | None:
    try:
        return Day.parse(query[name]) if query.get(name) else None
    except ValueError:
        raise Invalid.field(name, "must be a day, such as 2026-12-01") from None


def _kept(request: ConsoleRequest, days: DayRange) -> dict[str, str]:
    """The parameters that all links of the page keep."""
    kept = {"since": days.first.isoformat(), "until": days.last.isoformat()}
    if schedule := request.query.get("schedule"):
        kept["schedule"] = schedule
    return kept


def _tiles(insights: Insights, locale: Locale) -> list[dict[str, Any]]:
    """The key numbers of the whole range, each beside that of the range before."""
    now, before = insights.total.now, insights.total.before
    return [
        {"title": gettext("Bookings"), "now": str(now.made), "before": str(before.made)},
        {"title": gettext("Cancelled"), "now": _cancelled(now), "before": _cancelled(before)},
        {"title": gettext("No-shows"), "now": _no_shows(now), "before": _no_shows(before)},
        {
            "title": gettext("Lead time"),
            "now": _lead(now, locale),
            "before": _lead(before, locale),
            "is_time": True,
        },
        {
            "title": gettext("Utilisation"),
            "now": percent(now.utilisation) or "–",
            "before": percent(before.utilisation) or "–",
        },
    ]


def _cancelled(tally: Tally) -> str:
    return _share(tally.cancelled, tally.made + tally.cancelled)


def _no_shows(tally: Tally) -> str:
    return _share(tally.no_shows, tally.made)


def _share(part: int, whole: int) -> str:
    return f"{part} ({round(100 * part / whole)}%)" if whole else str(part)


def _lead(tally: Tally, locale: Locale) -> str:
    return str(format_unit(round(tally.lead_days), "duration-day", locale=locale))


PAGES: Final = (
    console_route(Right.SEE_BOOKINGS, "GET", PATH, show_charts),
    console_route(Right.SEE_BOOKINGS, "GET", f"{PATH}/{{table}}.csv", download),
)
