"""The table of the console's routes."""

from typing import Final

from kalends.web.console import (
    absences,
    booking,
    bookings,
    charts,
    creating,
    editing,
    findings,
    live,
    moving,
    reassigning,
    signing,
    welcome,
)
from kalends.web.console.calendar import pages as calendar
from kalends.web.console.settings import table as settings
from kalends.web.pages.routes import PageRoute

# The order matters: paths with a fixed name come before those with an id in the same place.
PAGES: Final[tuple[PageRoute, ...]] = (
    *signing.PAGES,
    *calendar.PAGES,
    *bookings.PAGES,
    *creating.PAGES,
    *booking.PAGES,
    *moving.PAGES,
    *reassigning.PAGES,
    *editing.PAGES,
    *absences.PAGES,
    *findings.PAGES,
    *charts.PAGES,
    *live.PAGES,
    *welcome.PAGES,
    *settings.PAGES,
)
