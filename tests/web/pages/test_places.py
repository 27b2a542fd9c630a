"""Where the attendee comes to a place, its clock counts: on every page, for every visitor."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from kalends.availability.wallclock import zone_named
from tests.web.pages.visitors import Browser, offered, starts_in, text_of
from tests.world import JSON, World, plus, tomorrow_at

BERLIN, CHICAGO = "Europe/Berlin", "America/Chicago"
NAMED = "Europe/Berlin"
PLACE = {"location": "Main Street 5", "location_type": "in_person"}


@pytest.fixture
def visitor(world: World) -> Iterator[Browser]:
    """Whose browser is in Chicago."""
    with Browser(world.url, **{"accept-language": "sv-SE"}) as visitor:
        visitor.cookies.set("kalends_zone", CHICAGO)
        yield visitor


def in_berlin(hour: int, minute: int = 0) -> str:
    """A time of the day after tomorrow, on Berlin's clock."""
    day = datetime.fromisoformat(tomorrow_at(0)) + timedelta(days=1)
    offset = zone_named(BERLIN).offset_at(int(day.timestamp()))
    at = day + timedelta(hours=hour, minutes=minute) - timedelta(seconds=offset)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_in(zone: str, start: str) -> str:
    return zone_named(zone).local_text(int(datetime.fromisoformat(start).timestamp()))[:10]


def haircut(world: World, **fields: Any) -> str:
    return offered(world, timezone=BERLIN, **PLACE | fields)[0]


def shows(page: httpx.Response, time: str, *never: str) -> bool:
    text = text_of(page)
    return time in text and NAMED in text and not any(one in text for one in never)


@pytest.mark.parametrize("chosen", [{}, {"timezone": CHICAGO}, {"timezone": "Asia/Tokyo"}])
def test_every_page_of_a_haircut_shows_the_clock_of_the_place(
    world: World, visitor: Browser, chosen: dict[str, str]
) -> None:
    path, start = haircut(world), in_berlin(9)
    day = day_in(BERLIN, start)
    times = visitor.get(path, params={"day": day, **chosen})
    form = visitor.hold(path, start, **chosen)
    booked = visitor.fill_in(form, name="Ada", email="ada@example.com")
    mine = booked.url.path
    later = plus(start, days=1)
    pages = [
        times,
        form,
        booked,
        visitor.get(mine, params=chosen),
        visitor.get(f"{mine}/reschedule", params={"day": day_in(BERLIN, later), **chosen}),
        visitor.get(f"{mine}/reschedule", params={"start": later, **chosen}),
        visitor.get(f"{path}/book", params={"start": start, "hold": "", **chosen}),
        visitor.get(f"{path}.md", params=chosen),
    ]
    for page in pages:
        assert shows(page, "09:00", "America", "Tokyo"), page.url


@pytest.mark.parametrize("hour", [0, 2, 23])
def test_the_month_counts_days_at_the_place(world: World, visitor: Browser, hour: int) -> None:
    path, start = haircut(world), in_berlin(hour)
    here, there = day_in(BERLIN, start), day_in(CHICAGO, start)
    assert start in starts_in(visitor.get(path, params={"day": here}))
    if here != there:
        assert start not in starts_in(visitor.get(path, params={"day": there}))


def test_nobody_chooses_a_zone_where_it_is_in_person(world: World, visitor: Browser) -> None:
    path = haircut(world)
    page = visitor.get(path)
    assert 'name="timezone"' not in page.text
    assert "times are those of the place" in text_of(page)
    mine = visitor.book(path, in_berlin(9)).url.path
    move = visitor.get(f"{mine}/reschedule")
    assert 'name="timezone"' not in move.text
    assert "times are those of the place" in text_of(move)
    assert "?timezone=" not in visitor.get(f"{path}.md").text


@pytest.mark.parametrize("kind", ["video", "phone", "custom", None])
def test_elsewhere_the_visitors_own_clock_counts(
    world: World, visitor: Browser, kind: str | None
) -> None:
    path, start = haircut(world, location_type=kind), in_berlin(16)
    page = visitor.get(path, params={"day": day_in(CHICAGO, start)})
    assert 'name="timezone"' in page.text
    assert "America/Chicago" in page.text
    booked = visitor.book(path, start, phone="+49 30 1234567")
    assert "09:00" in text_of(booked)
    assert "America/Chicago" in text_of(booked)


def test_the_booking_keeps_its_zone_and_that_it_was_shown_in(
    world: World, visitor: Browser
) -> None:
    visitor.book(haircut(world), in_berlin(9))
    (booking,) = world.api.get("/api/v1/bookings").json()["data"]
    assert (booking["timezone"], booking["attendee"]["timezone"]) == (BERLIN, BERLIN)


def test_a_bookings_own_place_precedes_that_of_its_event_type(
    world: World, visitor: Browser
) -> None:
    path = haircut(world, location_type="video")
    mine = visitor.book(path, in_berlin(16)).url.path
    assert "09:00" in text_of(visitor.get(mine))
    change(world, location_type="in_person")
    assert "16:00" in text_of(visitor.get(mine))
    assert "09:00" not in text_of(visitor.get(mine))


def test_the_calendar_file_is_in_the_zone_of_the_place(world: World, visitor: Browser) -> None:
    mine = visitor.book(haircut(world), in_berlin(9)).url.path
    change(world, attendee={"timezone": CHICAGO}, timezone="Asia/Tokyo")
    (event,) = Calendar.from_ical(visitor.get(f"{mine}/booking.ics").content).events
    assert event["DTSTART"].params["TZID"] == BERLIN
    assert event.start.strftime("%H:%M") == "09:00"
    assert "09:00" in text_of(visitor.get(mine))


def change(world: World, **fields: Any) -> JSON:
    (booking,) = world.api.get("/api/v1/bookings").json()["data"]
    answer = world.api.patch(f"/api/v1/bookings/{booking['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    changed: JSON = answer.json()["data"]
    return changed
