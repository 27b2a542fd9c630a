"""The calendar: a day, a week or a month of the organization, or of one schedule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from babel import Locale
from babel.dates import format_interval

from kalends.availability.wallclock import Zone, local_day
from kalends.domain.booking import Booking, Status
from kalends.domain.errors import Invalid
from kalends.domain.ids import SCHEDULE, decode_id, encode_id
from kalends.domain.schedule import Schedule
from kalends.domain.values import Day
from kalends.formats.times import full_day
from kalends.services.agenda import Agenda, Choices, get_agenda, list_choices
from kalends.web.console.grid import hours_of_day, lay_out
from kalends.web.console.request import ConsoleRequest, member_route
from kalends.web.pages import clock_words
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

PATH: Final = "/calendar"
VIEWS: Final = ("day", "week", "month")
DAYS_A_WEEK: Final = 7
MOST_IN_A_CELL: Final = 3
FIRST_DAY: Final = date(1900, 1, 8)
LAST_DAY: Final = date(2199, 12, 1)


@dataclass(frozen=True)
class Place:
    """Where in the calendar one is: what stands in the URL."""

    view: str
    day: date
    schedule_id: UUID | None = None
    shows_all_hours: bool = False

    @classmethod
    def of(cls, query: FormFields, today: date) -> "Place":
        """Raises Invalid."""
        view = query.get("view", "week")
        try:
            day = Day.parse(query["day"]) if query.get("day") else today
        except ValueError:
            raise Invalid.field("day", "must be a day, such as 2026-12-01") from None
        return cls(
            view if view in VIEWS else "week",
            min(max(day, FIRST_DAY), LAST_DAY),
            decode_id(SCHEDULE, query.get("schedule", "")),
            query.get("hours") == "all",
        )

    def url(self, request: ConsoleRequest, **changes: Any) -> str:
        """The URL of the place with these changes."""
        to = replace(self, **changes)
        return request.to(
            PATH,
            view=to.view,
            day=to.day.isoformat(),
            schedule=encode_id(SCHEDULE, to.schedule_id) if to.schedule_id else None,
            hours="all" if to.shows_all_hours else None,
        )

    def days(self, locale: Locale) -> Sequence[date]:
        """All days that are shown."""
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


@dataclass(frozen=True)
class CalendarDay:
    """A day of the month's table."""

    day: date
    is_in_month: bool
    bookings: Sequence[Booking]

    @property
    def first(self) -> Sequence[Booking]:
        return self.bookings[:MOST_IN_A_CELL]

    @property
    def rest(self) -> Sequence[Booking]:
        """For what has room, as paper has."""
        return self.bookings[MOST_IN_A_CELL:]


async def show_calendar(request: ConsoleRequest) -> PageAnswer:
    locale = request.page_request.locale
    today = local_day(int(request.page_request.context.clock().timestamp()), request.zone)
    place = Place.of(request.query, today)
    choices: Choices = await request.read(list_choices)
    schedule = choices.schedule(place.schedule_id)
    days = place.days(locale)
    agenda: Agenda = await request.read(
        get_agenda, (days[0], days[-1]), request.zone.name, schedule
    )
    return await request.long_page(
        "console/calendar.html",
        "calendar",
        place=place,
        today=today,
        choices=choices,
        schedule=schedule,
        agenda=agenda,
        title=place.title(locale),
        views=VIEWS,
        names=_names(choices),
        **_drawn(request, place, days, agenda, schedule),
    )


def _drawn(
    request: ConsoleRequest,
    place: Place,
    days: Sequence[date],
    agenda: Agenda,
    schedule: Schedule | None,
) -> dict[str, Any]:
    locale = request.page_request.locale
    if place.view == "month":
        weeks = _weeks(place.day, agenda.bookings, request.zone, locale)
        return {"weeks": weeks, "weekdays": clock_words.week_from(locale), "sheet": None}
    sheet = lay_out(
        days,
        request.zone,
        agenda.bookings,
        clock_words.seconds_of(agenda.now),
        busy=[
            (clock_words.seconds_of(b.start_time), clock_words.seconds_of(b.end_time), b.reason)
            for b in agenda.busy
        ],
        opened=agenda.opened,
        hours=hours_of_day(days, request.zone) if place.shows_all_hours else None,
    )
    return {"sheet": sheet, "weeks": None, "movable": (Status.PENDING, Status.CONFIRMED)}


def _weeks(
    day: date, bookings: Sequence[Booking], zone: Zone, locale: Locale
) -> list[list[CalendarDay]]:
    by_day: dict[date, list[Booking]] = {}
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


def _names(choices: Choices) -> dict[UUID, str]:
    """What schedules are called."""
    return {schedule.id: schedule.name for schedule in choices.schedules}


PAGES: Final = (member_route("GET", PATH, show_calendar),)
