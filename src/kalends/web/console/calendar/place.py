"""Which part of the calendar is shown, and the URLs that lead to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from babel import Locale
from babel.dates import format_interval

from kalends.domain.errors import Invalid
from kalends.domain.ids import SCHEDULE, decode_id, encode_id
from kalends.domain.schedule import Schedule
from kalends.domain.values import Day
from kalends.formats.times import full_day
from kalends.services.agenda import Choices
from kalends.web.console.request import ConsoleRequest
from kalends.web.pages import clock_words
from kalends.web.pages.forms import FormFields

PATH: Final = "/calendar"
VIEWS: Final = ("day", "week", "month")
ALL: Final = "all"
DAYS_A_WEEK: Final = 7
FIRST_DAY: Final = date(1900, 1, 8)
LAST_DAY: Final = date(2199, 12, 1)
# Keeps a URL that names all chosen schedules short enough for every program.
MOST_CHOSEN: Final = 40
LARGEST_COLUMN: Final = 10_000


@dataclass(frozen=True)
class CalendarPage:
    """The part of the calendar that a URL names: view, day and schedules.

    If `chosen` is empty, all schedules are shown. `own` are the user's schedules, which a URL that
    names none starts with. `first_column` is the number of the first schedule shown in a day.
    """

    view: str
    day: date
    chosen: tuple[UUID, ...] = ()
    own: tuple[UUID, ...] = ()
    first_column: int = 0
    shows_all_hours: bool = False

    @classmethod
    def of(cls, query: FormFields, today: date, choices: Choices, user_id: UUID) -> "CalendarPage":
        """Reads the query. Without schedules in it, users who have schedules see their own. Raises
        Invalid if the day is not one."""
        view = query.get("view", "week")
        try:
            day = Day.parse(query["day"]) if query.get("day") else today
        except ValueError:
            raise Invalid.field("day", "must be a day, such as 2026-12-01") from None
        own_ids = [schedule.id for schedule in choices.schedules if schedule.user_id == user_id]
        own = tuple(own_ids[:MOST_CHOSEN])
        return cls(
            view if view in VIEWS else "week",
            min(max(day, FIRST_DAY), LAST_DAY),
            _chosen_in(query, choices) if query.get("schedule") else own,
            own,
            _column_in(query),
            query.get("hours") == "all",
        )

    def url(self, request: ConsoleRequest, **changes: Any) -> str:
        """The URL of this page with some of its fields changed."""
        to = replace(self, **changes)
        return request.to(
            PATH,
            view=to.view,
            day=to.day.isoformat(),
            schedule=[encode_id(SCHEDULE, id_) for id_ in to.chosen] or (to.own and ALL) or None,
            first=str(to.first_column) if to.first_column and to.view == "day" else None,
            hours="all" if to.shows_all_hours else None,
        )

    def url_to_turn(self, request: ConsoleRequest, schedule: Schedule) -> str:
        """The URL of this page with the schedule added to the chosen ones, or removed from them."""
        others = tuple(id_ for id_ in self.chosen if id_ != schedule.id)
        is_chosen = len(others) < len(self.chosen)
        chosen = others if is_chosen else (*others, schedule.id)[-MOST_CHOSEN:]
        return self.url(request, chosen=chosen, first_column=0)

    def schedules(self, choices: Choices) -> Sequence[Schedule]:
        """The schedules that are shown."""
        if not self.chosen:
            return choices.schedules
        return [schedule for schedule in choices.schedules if schedule.id in self.chosen]

    def days(self, locale: Locale) -> Sequence[date]:
        """All days that are shown, in order."""
        if self.view == "day":
            return [self.day]
        if self.view == "week":
            first = self.day - timedelta(
                days=(self.day.weekday() - locale.first_week_day) % DAYS_A_WEEK
            )
            return [first + timedelta(days=i) for i in range(DAYS_A_WEEK)]
        weeks = clock_words.weeks_of(self.day.replace(day=1), locale.first_week_day)
        return [day for week in weeks for day in week]

    @property
    def before(self) -> date:
        if self.view == "month":
            return (self.day.replace(day=1) - timedelta(days=1)).replace(day=1)
        return self.day - timedelta(days=1 if self.view == "day" else DAYS_A_WEEK)

    @property
    def after(self) -> date:
        if self.view == "month":
            return (self.day.replace(day=1) + timedelta(days=31)).replace(day=1)
        return self.day + timedelta(days=1 if self.view == "day" else DAYS_A_WEEK)

    def title(self, locale: Locale) -> str:
        if self.view == "day":
            return full_day(self.day, locale)
        if self.view == "month":
            return clock_words.month(self.day.replace(day=1), locale)
        days = self.days(locale)
        return str(format_interval(days[0], days[-1], "yMMMd", locale=locale))


def _chosen_in(query: FormFields, choices: Choices) -> tuple[UUID, ...]:
    known = {schedule.id for schedule in choices.schedules}
    schedule_ids = (decode_id(SCHEDULE, text) for text in query.all_of("schedule"))
    return tuple(dict.fromkeys(id_ for id_ in schedule_ids if id_ in known))[:MOST_CHOSEN]


def _column_in(query: FormFields) -> int:
    text = query.get("first", "")
    return min(int(text), LARGEST_COLUMN) if text.isascii() and text.isdigit() else 0
