"""What an attendee's page tells: answers by label, a video link in time, until when it changes."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from icalendar import Calendar

from tests.web.pages.visitors import Browser, offered, text_of
from tests.world import World, plus, tomorrow_at

LINK = "https://meet.example/secret-room"
TOPIC = {"key": "topic", "label": "What is it about?", "type": "select", "options": ["Teeth"]}
DAY = 24 * 60


@pytest.fixture
def visitor(world: World) -> Iterator[Browser]:
    with Browser(world.url) as visitor:
        yield visitor


def change_status(world: World, status: str) -> None:
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    path = f"/api/v1/bookings/{booking['id']}"
    assert world.api.patch(path, json={"status": status}).status_code == 200


def places_in(page: httpx.Response) -> list[str]:
    """The places in the links for Google and Outlook."""
    hrefs = re.findall(r'href="(https://(?:calendar\.google|outlook)[^"]+)"', page.text)
    links = [html.unescape(link) for link in hrefs]
    return [parse_qs(urlsplit(link).query)["location"][0] for link in links]


def calendar_event(visitor: Browser, page: httpx.Response) -> Any:
    answer = visitor.get(f"{page.url.path}/booking.ics")
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    return event


@pytest.mark.parametrize(("kind", "word"), [("video", "Video call"), ("custom", "By arrangement")])
def test_a_video_link_is_on_the_page_while_it_is_confirmed(
    world: World, visitor: Browser, kind: str, word: str
) -> None:
    path, _ = offered(world, location=LINK, location_type=kind, requires_confirmation=True)
    page = visitor.book(path, tomorrow_at(10))
    mine = page.url.path
    assert "The link comes once it is confirmed." in text_of(page)
    by_status = {"PENDING": page}
    for status in ("CONFIRMED", "CANCELLED"):
        change_status(world, status)
        by_status[status] = visitor.get(mine)
    for status, page_then in by_status.items():
        is_told = status == "CONFIRMED"
        assert (LINK in page_then.text) == is_told
        assert ("secret-room" in page_then.text) == is_told
        assert (word in text_of(page_then)) != is_told


def test_the_calendar_file_has_the_link_while_it_is_confirmed(
    world: World, visitor: Browser
) -> None:
    path, _ = offered(world, location=LINK, location_type="video", requires_confirmation=True)
    page = visitor.book(path, tomorrow_at(10))
    assert calendar_event(visitor, page)["LOCATION"] == "Video call"
    change_status(world, "CONFIRMED")
    assert calendar_event(visitor, page)["LOCATION"] == LINK
    change_status(world, "CANCELLED")
    cancelled = calendar_event(visitor, page)
    assert (cancelled["LOCATION"], cancelled["STATUS"]) == ("Video call", "CANCELLED")


@pytest.mark.parametrize("kind", [None, "custom", "video"])
def test_an_offer_never_shows_its_video_link(
    world: World, visitor: Browser, kind: str | None
) -> None:
    path, _ = offered(world, location=LINK, location_type=kind)
    pages = [visitor.get(path), visitor.hold(path, tomorrow_at(10)), visitor.get(f"{path}.md")]
    for page in pages:
        assert "secret-room" not in page.text


def test_an_address_is_on_the_page_from_the_start(world: World, visitor: Browser) -> None:
    path, _ = offered(
        world, location="Main Street 5", location_type="in_person", requires_confirmation=True
    )
    assert "Main Street 5" in text_of(visitor.book(path, tomorrow_at(10)))


def test_answers_are_shown_under_their_questions(world: World, visitor: Browser) -> None:
    path, event_type = offered(world, questions=[TOPIC])
    page = visitor.book(path, tomorrow_at(10), answer__topic="Teeth")
    assert "What is it about? Teeth" in text_of(page)
    world.api.patch(f"/api/v1/event-types/{event_type['id']}", json={"questions": []})
    assert "Topic Teeth" in text_of(visitor.get(page.url.path))


def test_the_page_says_until_when_it_can_be_changed(world: World, visitor: Browser) -> None:
    path, _ = offered(world, cancellation_notice_minutes=90)
    page = visitor.book(path, plus(tomorrow_at(12), days=3))
    assert "You can change it until" in text_of(page)
    assert "10:30 AM" in text_of(page)


def test_the_page_behind_an_older_button_explains(world: World, visitor: Browser) -> None:
    path, event_type = offered(world, cancellation_notice_minutes=60)
    page = visitor.book(path, tomorrow_at(12))
    changed = {"cancellation_notice_minutes": 7 * DAY}
    world.api.patch(f"/api/v1/event-types/{event_type['id']}", json=changed)
    later = visitor.get(page.url.path)
    assert "It can no longer be changed online: that was possible until" in text_of(later)
    assert "Reschedule" not in text_of(later)


@pytest.mark.parametrize(("start", "locks"), [(tomorrow_at(12), True), (None, False)])
def test_a_move_into_the_locked_period_says_so_first(
    world: World, visitor: Browser, start: str | None, locks: bool
) -> None:
    path, _ = offered(world, cancellation_notice_minutes=3 * DAY)
    page = visitor.book(path, plus(tomorrow_at(12), days=6))
    new = start or plus(tomorrow_at(12), days=7)
    confirm = visitor.get(f"{page.url.path}/reschedule", params={"start": new})
    assert ("you cannot cancel or move the booking here any more" in text_of(confirm)) == locks
    assert "Your booking was moved" in text_of(visitor.fill_in(confirm))


@pytest.mark.parametrize(("days", "locks"), [(0, True), (6, False)])
def test_a_booking_in_the_locked_period_says_so_first(
    world: World, visitor: Browser, days: int, locks: bool
) -> None:
    path, _ = offered(world, cancellation_notice_minutes=3 * DAY)
    form = visitor.hold(path, plus(tomorrow_at(12), days=days))
    assert ("cannot cancel or move the booking online" in text_of(form)) == locks


def test_links_for_calendars_hold_the_place_shown(world: World, visitor: Browser) -> None:
    path, _ = offered(world, location=LINK, location_type="video", requires_confirmation=True)
    page = visitor.book(path, tomorrow_at(10))
    assert places_in(page) == ["Video call", "Video call"]
    change_status(world, "CONFIRMED")
    assert places_in(visitor.get(page.url.path)) == [LINK, LINK]
