"""The event log in the console: the latest first, in pages."""

import re

import pytest

from kalends.web.console.settings.developers import overview
from tests.web.pages.settings.clerks import Clerk
from tests.web.pages.visitors import text_of
from tests.world import World, tomorrow_at


def types_on(page: str) -> list[str]:
    return re.findall(r"<code>(booking\.\w+)</code>", page)


def test_the_latest_events_come_first(world: World) -> None:
    booking = world.book(world.create_schedule(), tomorrow_at(10))
    world.api.delete(f"/api/v1/bookings/{booking['id']}")
    page = Clerk(world).open("/events")
    assert types_on(page.text) == ["booking.cancelled", "booking.created"]
    assert f"/bookings/{booking['id']}" in page.text
    assert "API key First key" in text_of(page)


def test_earlier_events_are_a_page_on(world: World) -> None:
    booking = world.book(world.create_schedule(), tomorrow_at(10))
    for title in ("One", "Two"):
        world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": title})
    clerk = Clerk(world)
    earlier = clerk.open("/events", before="2").text
    assert types_on(earlier) == ["booking.created"]
    assert f'href="{clerk.root}/events"' in earlier
    assert "before=" not in earlier


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, ""])
def test_what_is_no_number_begins_with_the_latest(world: World, before: str) -> None:
    world.book(world.create_schedule(), tomorrow_at(10))
    assert types_on(Clerk(world).open("/events", before=before).text) == ["booking.created"]


def test_a_long_log_leads_on(world: World) -> None:
    booking = world.book(world.create_schedule(), tomorrow_at(10))
    for number in range(overview.LISTED):
        world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": str(number)})
    page = Clerk(world).open("/events").text
    assert len(types_on(page)) == overview.LISTED
    assert "before=2" in page
