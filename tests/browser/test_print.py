"""The console on paper, as Chromium prints it."""

import io
import unicodedata
from typing import Any

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

from tests.browser.conftest import Visits, sign_in
from tests.browser.test_console import DESK, monday, path_of
from tests.world import World, plus

# More at one time than a column has lanes for, and than a day of the month shows.
AT_ONCE = [f"Name{chr(ord('a') + number)}" for number in range(15)]
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwe"


@pytest.fixture
def page(world: World, visit: Visits) -> Page:
    """The desk of an organization with a full day, and a booking on another day of its week."""
    start = monday()
    for number, name in enumerate(AT_ONCE):
        schedule = world.create_schedule(name=f"Room {number}")
        attendee = {"name": name, "email": "someone@example.com"}
        world.book(schedule, start, attendee=attendee)
    for day, name in ((2, "Wednesdays"), (4, LONG)):
        attendee = {"name": name, "email": "someone@example.com"}
        world.book(schedule, plus(start, days=day), attendee=attendee)
    page = visit(viewport=DESK, color_scheme="dark")
    sign_in(page, world)
    return page


def printed(page: Page, **options: Any) -> str:
    """The text on the paper, without what breaks its lines and joins its letters."""
    reader = PdfReader(io.BytesIO(page.pdf(**options)))
    text = "".join("".join(sheet.extract_text() for sheet in reader.pages).split())
    return unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("landscape", [False, True], ids=["upright", "lying"])
def test_what_is_printed_holds_every_name_and_no_navigation(
    world: World, page: Page, landscape: bool
) -> None:
    start = monday()
    for path, names in (
        (f"/calendar?day={start[:10]}", [*AT_ONCE, "Wednesdays", LONG]),
        (f"/calendar?view=day&day={start[:10]}", AT_ONCE),
        (f"/calendar?view=month&day={start[:10]}", [*AT_ONCE, "Wednesdays", LONG]),
        ("/bookings", [*AT_ONCE, "Wednesdays", LONG]),
    ):
        page.goto(path_of(world, path))
        text = printed(page, format="A4", landscape=landscape)
        assert [name for name in names if name not in text] == [], path
        for word in ("Webhooks", "Newbooking", "Today", "Signout", "Filters", "CSV"):
            assert word not in text, path
