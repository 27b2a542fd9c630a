"""The tables of the insights: the same rows for the page and for a file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from babel import Locale

from kalends.availability.interval import DAY_SECONDS
from kalends.services.agenda import Choices
from kalends.services.statistics import LEAD_SECONDS, Insights, Pair
from kalends.translation import LazyMessage, gettext, gettext_lazy, ngettext
from kalends.web.pages import clock_words, labels

COUNT_HEADS: Final = (
    gettext_lazy("Bookings"),
    gettext_lazy("Bookings before"),
    gettext_lazy("Cancelled"),
    gettext_lazy("Cancelled before"),
    gettext_lazy("No-shows"),
    gettext_lazy("No-shows before"),
)
UTILISATION_HEADS: Final = (
    gettext_lazy("Utilisation"),
    gettext_lazy("Utilisation before"),
)
TITLES: Final[Mapping[str, LazyMessage]] = {
    "time": gettext_lazy("Bookings over time"),
    "hours": gettext_lazy("Busiest hours"),
    "lead": gettext_lazy("How long ahead people book"),
    "schedules": gettext_lazy("By schedule"),
    "hosts": gettext_lazy("By person"),
    "event-types": gettext_lazy("By service"),
    "sources": gettext_lazy("Where bookings come from"),
}


@dataclass(frozen=True)
class Row:
    """A row of a table. `label` is text by a user if `is_users`; a date is formatted for the reader
    in `label`, and is in `in_file` as a file has it. `now` and `before` are what a bar shows."""

    label: str
    cells: Sequence[str]
    now: int
    before: int
    is_users: bool = False
    in_file: str = ""


@dataclass(frozen=True)
class Table:
    key: str
    title: LazyMessage
    heads: Sequence[str]
    rows: Sequence[Row]

    @property
    def most(self) -> int:
        return max([1, *(max(row.now, row.before) for row in self.rows)])

    def lines(self) -> Iterable[Sequence[str]]:
        """The lines of the table in a CSV file."""
        yield self.heads
        for row in self.rows:
            yield (row.in_file or row.label, *row.cells)


def tables_of(insights: Insights, choices: Choices, locale: Locale) -> dict[str, Table]:
    """All tables, by key."""
    tables = (
        _table("time", gettext("From day"), _times(insights, locale)),
        _hours(insights, locale),
        _table("lead", gettext("Lead time"), _leads(insights)),
        _schedules(insights, choices),
        _table("hosts", gettext("Person"), _hosts(insights)),
        _table("event-types", gettext("Service"), _event_types(insights, choices)),
        _table("sources", gettext("Source"), _sources(insights)),
    )
    return {table.key: table for table in tables}


def percent(number: int | None) -> str:
    """The percentage as a cell shows it; a schedule that is never open has none."""
    return "" if number is None else f"{number}%"


def _table(key: str, label: str, rows: Sequence[Row]) -> Table:
    return Table(key, TITLES[key], [label, *map(str, COUNT_HEADS)], rows)


def _counts(pair: Pair) -> list[str]:
    now, before = pair.now, pair.before
    pairs = (
        (now.made, before.made),
        (now.cancelled, before.cancelled),
        (now.no_shows, before.no_shows),
    )
    return [str(number) for both in pairs for number in both]


def _row(label: str, pair: Pair, *, is_users: bool = False, in_file: str = "") -> Row:
    return Row(label, _counts(pair), pair.now.made, pair.before.made, is_users, in_file)


def _times(insights: Insights, locale: Locale) -> list[Row]:
    return [
        _row(_span_label(insights, day, locale), pair, in_file=day.isoformat())
        for day, pair in zip(insights.firsts, insights.spans, strict=True)
    ]


def _span_label(insights: Insights, day: date, locale: Locale) -> str:
    """The label of a day, week or month."""
    if insights.range.step == "month" and day.day == 1:
        return clock_words.month(day, locale)
    return clock_words.short_day(day, locale)


def _hours(insights: Insights, locale: Locale) -> Table:
    names = [str(words) for words in labels.WEEKDAYS.values()]
    order = [(locale.first_week_day + i) % 7 for i in range(7)]
    rows = [
        Row(f"{names[day]} {hour:02}:00", [str(now), str(before)], now, before)
        for day in order
        for hour in range(24)
        for now, before in (insights.hours[day * 24 + hour],)
    ]
    heads = [gettext("Hour"), *map(str, COUNT_HEADS[:2])]
    return Table("hours", TITLES["hours"], heads, rows)


def _leads(insights: Insights) -> list[Row]:
    days = [seconds // DAY_SECONDS for seconds in LEAD_SECONDS]
    words = [gettext("Less than a day"), gettext("One day")]
    words += [
        ngettext("{first} to {number} day", "{first} to {number} days", after - 1, first=first)
        for first, after in pairwise(days[2:])
    ]
    words.append(ngettext("More than {number} day", "More than {number} days", days[-1] - 1))
    return [_row(label, pair) for label, pair in zip(words, insights.leads, strict=True)]


def _schedules(insights: Insights, choices: Choices) -> Table:
    names = {one.id: one.name for one in choices.schedules}
    rows = []
    for id_, pair in _by_count(insights.schedules):
        cells = [
            percent(pair.now.utilisation),
            percent(pair.before.utilisation),
            *_counts(pair),
        ]
        is_known = id_ in names
        label = names[id_] if is_known else gettext("another schedule")
        now, before = pair.now.utilisation or 0, pair.before.utilisation or 0
        rows.append(Row(label, cells, now, before, is_known))
    heads = [gettext("Schedule"), *map(str, UTILISATION_HEADS), *map(str, COUNT_HEADS)]
    return Table("schedules", TITLES["schedules"], heads, rows)


def _hosts(insights: Insights) -> list[Row]:
    return [
        _row(insights.host_names[user_id], pair, is_users=True)
        for user_id, pair in _by_count(insights.hosts)
    ]


def _event_types(insights: Insights, choices: Choices) -> list[Row]:
    names: dict[UUID | None, str] = {one.id: one.name for one in choices.event_types}
    rows = []
    for id_, pair in _by_count(insights.event_types):
        unknown = gettext("Without a service") if id_ is None else gettext("A deleted service")
        rows.append(_row(names.get(id_, unknown), pair, is_users=id_ in names))
    return rows


def _sources(insights: Insights) -> list[Row]:
    return [
        _row(str(labels.SOURCES.get(source, source)), pair)
        for source, pair in _by_count(insights.sources)
    ]


def _by_count(pairs: Mapping[Any, Pair]) -> list[tuple[Any, Pair]]:
    """The pairs, sorted by count with the largest first."""
    return sorted(pairs.items(), key=lambda item: (-item[1].now.made, -item[1].before.made))
