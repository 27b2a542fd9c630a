"""The columns of the calendar: the days of a week, or as many schedules of a day as fit."""

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

# Holds how many columns fit on the screen, as measured by the calendar's script.
COLUMNS_COOKIE: Final = "kalends_columns"
USUAL_COLUMNS: Final = 7
MOST_COLUMNS: Final = 16
# With so few columns, each has room for all lanes.
MOST_BY_ONE: Final = 2
# Up to so many schedules are printed, however few of them fit on the screen.
MOST_ON_PAPER: Final = 60
# A week is shaded by the hours of its schedules if there are at most so many.
MOST_IN_A_WEEK: Final = 50
# The longest word, and the longest name, that fits into the two lines of a column's head.
LONG_WORD: Final = 10
LONG_NAME: Final = 20


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of the calendar.

    `shown` are the schedules whose hours and busy times are drawn; in a day each has a column. The
    screen has those numbered from `first` up to `after`, exclusive: at most `count` of `total`. The
    rest is only printed. `has_others` says whether bookings are also loaded that are on none of the
    schedules that can be chosen.
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
        """Whether the name at the head of some column takes more than two lines."""
        names = [schedule.name for schedule in self.shown] if self.is_by_schedule else []
        return any(
            len(name) > LONG_NAME or len(max(name.split(), key=len)) > LONG_WORD for name in names
        )

    def is_on_page(self, number: int) -> bool:
        """Whether the column is on the screen; if not, it is only printed."""
        return not self.is_by_schedule or number in self.on_page


def columns_shown(request: ConsoleRequest, place: CalendarPage, choices: Choices) -> Columns:
    """The columns of the calendar page."""
    schedules = place.schedules(choices)
    ids = tuple(schedule.id for schedule in schedules)
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
    # After the last schedule comes a column for bookings on schedules that cannot be chosen.
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
    """The contents of each column."""
    if columns.is_by_schedule:
        return _by_schedule(columns, days[0], agenda)
    alone = columns.shown[0] if len(columns.shown) == 1 else None
    # A week of several schedules shades the time in which all of them are closed.
    is_known = columns.shown and all(schedule.id in agenda.opened for schedule in columns.shown)
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
    return [
        Busy(seconds_of(busy_time.start_time), seconds_of(busy_time.end_time), busy_time.reason)
        for busy_time in times
    ]


def _columns_that_fit(request: ConsoleRequest) -> int:
    text = request.page_request.cookie(COLUMNS_COOKIE) or ""
    known = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else USUAL_COLUMNS
    return min(max(known, 2), MOST_COLUMNS)
