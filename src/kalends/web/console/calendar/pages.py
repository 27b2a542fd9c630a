"""The calendar: a day, a week or a month of the organization, or of some of its schedules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from babel import Locale

from kalends.availability.wallclock import Zone, local_day
from kalends.domain.agenda import AgendaBooking
from kalends.domain.rights import Right
from kalends.domain.schedule import Schedule
from kalends.services.agenda import Agenda, Choices, get_agenda, list_choices
from kalends.web.console.calendar.columns import MOST_BY_ONE, Columns, columns_shown, contents_of
from kalends.web.console.calendar.entries import EntryWriter
from kalends.web.console.calendar.grid import hours_of_day, lay_out
from kalends.web.console.calendar.lanes import MOST_LANES, NARROW_LANES
from kalends.web.console.calendar.place import PATH, VIEWS, CalendarPage
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.pages import clock_words
from kalends.web.pages.answers import PageAnswer

MOST_IN_A_CELL: Final = 3


@dataclass(frozen=True)
class CalendarDay:
    """A cell of the month view."""

    day: date
    is_in_month: bool
    bookings: Sequence[AgendaBooking]

    @property
    def first(self) -> Sequence[AgendaBooking]:
        return self.bookings[:MOST_IN_A_CELL]

    @property
    def rest(self) -> Sequence[AgendaBooking]:
        """The bookings that only print has room for."""
        return self.bookings[MOST_IN_A_CELL:]


async def show_calendar(request: ConsoleRequest) -> PageAnswer:
    locale = request.page_request.locale
    today = local_day(int(request.page_request.context.clock().timestamp()), request.zone)
    choices: Choices = await request.read(list_choices)
    place = CalendarPage.of(request.query, today, choices, request.user_id)
    columns = columns_shown(request, place, choices)
    days = place.days(locale)
    agenda: Agenda = await request.read(
        get_agenda, (days[0], days[-1]), request.zone.name, columns.scope, columns.shown
    )
    chosen = place.schedules(choices) if place.chosen else ()
    known = {schedule.id: schedule for schedule in choices.schedules}
    return await request.long_page(
        "console/calendar.html",
        "calendar",
        place=place,
        today=today,
        choices=choices,
        chosen=chosen,
        schedule=chosen[0] if len(chosen) == 1 else None,
        columns=columns,
        agenda=agenda,
        title=place.title(locale),
        views=VIEWS,
        known=known,
        **_drawn(request, place, columns, known, days, agenda),
    )


def _drawn(
    request: ConsoleRequest,
    place: CalendarPage,
    columns: Columns,
    known: Mapping[UUID, Schedule],
    days: Sequence[date],
    agenda: Agenda,
) -> dict[str, Any]:
    locale = request.page_request.locale
    if place.view == "month":
        weeks = _weeks(place.day, agenda.bookings, request.zone, locale)
        return {"weeks": weeks, "weekdays": clock_words.week_from(locale), "sheet": None}
    contents = contents_of(columns, days, agenda)
    sheet = lay_out(
        contents,
        request.zone,
        clock_words.seconds_of(agenda.now),
        hours=hours_of_day(days, request.zone) if place.shows_all_hours else None,
        most_lanes=MOST_LANES if len(contents) <= MOST_BY_ONE else NARROW_LANES,
    )
    names_schedules = not columns.is_by_schedule and len(columns.shown) != 1 and len(known) > 1
    entries = EntryWriter(
        *(sheet, request.zone, locale, request.to("/bookings"), known),
        names_schedules=names_schedules,
    )
    return {"sheet": sheet, "weeks": None, "entries": entries}


def _weeks(
    day: date, bookings: Sequence[AgendaBooking], zone: Zone, locale: Locale
) -> list[list[CalendarDay]]:
    by_day: dict[date, list[AgendaBooking]] = {}
    for booking in bookings:
        at = clock_words.local(booking.start_time, zone).date()
        last = local_day(clock_words.seconds_of(booking.end_time) - 1, zone)
        while at <= last:
            by_day.setdefault(at, []).append(booking)
            at += timedelta(days=1)
    first = day.replace(day=1)
    return [
        [CalendarDay(d, d.month == first.month, by_day.get(d, [])) for d in week]
        for week in clock_words.weeks_of(first, locale.first_week_day)
    ]


PAGES: Final = (console_route(Right.SEE_BOOKINGS, "GET", PATH, show_calendar),)
