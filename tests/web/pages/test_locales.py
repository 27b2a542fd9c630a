"""The visitor's language: kept on the booking, and the clock of each page about it."""

import re

import pytest

from tests.web.pages.visitors import Browser, offered, text_of
from tests.world import JSON, World, plus, tomorrow_at


def visitor_of(world: World, language: str) -> Browser:
    return Browser(world.url, **{"accept-language": language})


def only_booking(world: World) -> JSON:
    (booking,) = world.api.get("/api/v1/bookings").json()["data"]
    return dict(booking)


@pytest.mark.parametrize(
    ("language", "kept"),
    [
        ("en-US,en;q=0.9", "en-US"),
        ("DE-de, en;q=0.5", "de-DE"),
        ("tlh, fr-ca;q=0.5", "fr-CA"),
        ("not a language, pl", "pl"),
        ("", "en"),
    ],
)
def test_the_language_of_the_page_is_kept_on_the_booking(
    world: World, language: str, kept: str
) -> None:
    path, _ = offered(world)
    with visitor_of(world, language) as visitor:
        visitor.book(path, tomorrow_at(9))
    assert only_booking(world)["attendee"]["locale"] == kept


@pytest.mark.parametrize(
    ("language", "time", "other"), [("en-US", "9:00 AM", "09:00"), ("de-DE", "09:00", "9:00 AM")]
)
def test_every_page_about_a_booking_goes_by_one_clock(
    world: World, language: str, time: str, other: str
) -> None:
    path, _ = offered(world)
    start = tomorrow_at(9)
    with visitor_of(world, language) as visitor:
        times = visitor.get(path, params={"day": start[:10]})
        form = visitor.hold(path, start)
        booked = visitor.fill_in(form, name="Ada", email="ada@example.com")
        mine = booked.url.path
        move = visitor.get(f"{mine}/reschedule", params={"day": start[:10]})
        sure = visitor.get(f"{mine}/reschedule", params={"start": plus(start, days=1)})
    for page in (times, form, booked, move, sure):
        assert time in text_of(page), page.url
        assert not re.search(rf"(?<![\d:]){other}", text_of(page)), page.url


def test_another_browser_shows_the_booking_on_the_attendees_clock(world: World) -> None:
    path, _ = offered(world)
    with visitor_of(world, "en-US") as visitor:
        mine = visitor.book(path, tomorrow_at(9)).url.path
    with visitor_of(world, "de-DE") as other:
        assert "9:00 AM – 10:00 AM" in text_of(other.get(mine))


def test_dates_among_english_words_are_english(world: World) -> None:
    path, _ = offered(world)
    with visitor_of(world, "sv-SE") as visitor:
        page = text_of(visitor.book(path, tomorrow_at(9)))
    days = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
    assert re.search(rf"({days}), \d{{1,2}} [A-Z][a-z]+ \d{{4}} 09:00", page), page


def test_zones_are_found_by_their_names_in_the_visitors_language(world: World) -> None:
    path, _ = offered(world)
    with visitor_of(world, "de-DE") as visitor:
        assert "Deutschland" in visitor.get(path).text


@pytest.mark.parametrize(("language", "shown"), [("ar", "ن"), ("de", "Mo"), ("ja", "月")])
def test_weekdays_are_short_enough_for_a_phone(world: World, language: str, shown: str) -> None:
    path, _ = offered(world)
    with visitor_of(world, language) as visitor:
        page = visitor.get(path).text
    names = re.findall(r'<th scope="col"><abbr title="[^"]*">([^<]+)</abbr>', page)
    assert shown in names
    assert max(map(len, names)) <= 5
