"""The calendar: a day, a week or a month of the organization, or of one schedule."""

from typing import Final

from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.console.desk import Desk, member_route


async def show_calendar(desk: Desk) -> PageAnswer:
    return desk.page("console/calendar.html", "calendar")


PAGES: Final = (member_route("GET", "/calendar", show_calendar),)
