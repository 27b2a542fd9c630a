"""Which columns the calendar has: the days of a week, or the schedules of a day, as many as fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from kalends.availability.interval import Interval
from kalends.domain.agenda import AgendaBooking, AgendaScope
from kalends.domain.schedule import BusyTime, Schedule
from kalends.services.agenda import Agenda, Choices
from kalends.web.console.calendar.grid import Busy, Contents
from kalends.web.console.calendar.place import CalendarPage
from kalends.web.console.request import ConsoleRequest
from kalends.web.pages.clock_words import seconds_of

# How many fit, as the script of the calendar measured it.
COLUMNS_COOKIE: Final = "kalends_columns"
USUAL_COLUMNS: Final = 7
MOST_COLUMNS: Final = 16
# A sheet of so few columns has room for lanes.
MOST_BY_ONE: Final = 2
# So many schedules stand on paper, whatever part of them fits on a screen.
MOST_ON_PAPER: Final = 60
# The hours that a week of all schedules is shaded by are those of so many.
MOST_IN_A_WEEK: Final = 50
# What is longer finds no room in two lines of a column's head, as a word or as a whole.
LONG_WORD: Final = 10
LONG_NAME: Final = 20


@dataclass(frozen=True, kw_only=True)
class Columns:
    """`shown` are the schedules whose hours and busy times are drawn: in a day each has a column.
    The page has those from `first` to before `after`, at most `count` of `total`; the others are on
    paper alone. `has_others` is whether what lies on no schedule that can be chosen is looked for.
    """

    is_by_schedule: bool
    shown: Sequence[Schedule]
    scope: AgendaScope
    count: int = 0
    first: int = 0
    before: int | None = None
    after: int | None = None
    total: int = 0
    has_others: bool = False
    on_page: range = range(0)

    @property
    def has_long_names(self) -> bool:
        """Whether a column is headed by a name that takes more than two lines."""
        names = [one.name for one in self.shown] if self.is_by_schedule else []
        return any(
            len(name) > LONG_NAME or len(max(name.split(), key=len)) > LONG_WORD for name in names
        )

    def is_on_page(self, number: int) -> bool:
        """Whether that column is; else it is on paper alone."""
        return not self.is_by_schedule or number in self.on_page


def columns_shown(request: ConsoleRequest, place: CalendarPage, choices: Choices) -> Columns:
    """The columns of a place."""
    schedules = place.schedules(choices)
    ids = tuple(one.id for one in schedules)
    if place.view != "day":
        shown = schedules if place.view == "week" and len(schedules) <= MOST_IN_A_WEEK else ()
        scope = AgendaScope(ids if place.chosen else None)
        return Columns(is_by_schedule=False, shown=shown, scope=scope)
    count = _columns_that_fit(request)
    first = place.first_column if place.first_column < len(ids) else 0
    after = first + count
    is_last = after >= len(ids)
    has_all = len(ids) <= MOST_ON_PAPER
    read = ids if has_all else ids[first:after]
    has_others = not place.chosen and (has_all or is_last)
    passed_over = () if has_all else ids[:first]
    # What lies on no schedule that can be chosen comes after the last.
    end = len(read) + 1 if is_last else after
    return Columns(
        is_by_schedule=True,
        shown=schedules if has_all else schedules[first:after],
        scope=AgendaScope(None, passed_over) if has_others else AgendaScope(read),
        count=count,
        first=first,
        before=max(0, first - count) if first else None,
        after=None if is_last else after,
        total=len(ids),
        has_others=has_others,
        on_page=range(first, end) if has_all else range(len(read) + 1),
    )


def contents_of(columns: Columns, days: Sequence[date], agenda: Agenda) -> list[Contents]:
    """What stands in the columns."""
    if columns.is_by_schedule:
        return _by_schedule(columns, days[0], agenda)
    alone = columns.shown[0] if len(columns.shown) == 1 else None
    # In a week of several, time is shaded in which all of them are closed.
    is_known = columns.shown and all(one.id in agenda.opened for one in columns.shown)
    opened = [span for spans in agenda.opened.values() for span in spans] if is_known else None
    busy = _busy(agenda.busy) if alone else ()
    return [
        Contents(day=day, bookings=agenda.bookings, schedule=alone, busy=busy, opened=opened)
        for day in days
    ]


def _by_schedule(columns: Columns, day: date, agenda: Agenda) -> list[Contents]:
    taken: dict[UUID, list[AgendaBooking]] = {one.id: [] for one in columns.shown}
    others: list[AgendaBooking] = []
    for booking in agenda.bookings:
        lists = [taken[id_] for id_ in booking.schedule_ids if id_ in taken]
        for one in lists or (others,):
            one.append(booking)
    contents = [
        Contents(
            day=day,
            bookings=taken[one.id],
            schedule=one,
            busy=_busy([busy for busy in agenda.busy if busy.schedule_id == one.id]),
            opened=_opened(agenda, one),
        )
        for one in columns.shown
    ]
    if others or not contents:
        contents.append(Contents(day=day, bookings=others))
    return contents


def _opened(agenda: Agenda, schedule: Schedule) -> Sequence[Interval] | None:
    return agenda.opened.get(schedule.id)


def _busy(times: Sequence[BusyTime]) -> list[Busy]:
    return [Busy(seconds_of(one.start_time), seconds_of(one.end_time), one.reason) for one in times]


def _columns_that_fit(request: ConsoleRequest) -> int:
    text = request.page_request.cookie(COLUMNS_COOKIE) or ""
    known = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else USUAL_COLUMNS
    return min(max(known, 2), MOST_COLUMNS)
