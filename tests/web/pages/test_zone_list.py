"""The list of zones: names, offsets of this moment, and what else they are called."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from babel import Locale

from kalends.application import application
from kalends.availability import wallclock
from kalends.compose import Installation
from kalends.web.pages import zone_list
from kalends.web.pages.clock_words import zone_choices
from kalends.web.pages.zone_list import ZoneOptions
from tests.conftest import in_thread

WINTER, SUMMER = (datetime(2026, month, 15, tzinfo=UTC) for month in (1, 7))


def option(zone: str, now: datetime = WINTER, language: str = "en") -> str:
    listed = ZoneOptions(now, Locale(language)).__html__()
    (element,) = re.findall(rf'<option value="{zone}".*?</option>', listed)
    return str(element)


NAMES = {
    "Europe/Berlin": "Berlin, Germany (UTC+1)",
    "America/St_Johns": "St. John’s, Canada (UTC−3:30)",
    "Asia/Kolkata": "Kolkata, India (UTC+5:30)",
    "Africa/Abidjan": "Abidjan, Côte d’Ivoire (UTC)",
    "UTC": "UTC",
}


@pytest.mark.parametrize("zone", NAMES)
def test_a_zone_is_called_by_city_country_and_offset(zone: str) -> None:
    assert f">{NAMES[zone]}</option>" in option(zone)


def test_the_offset_is_that_of_the_moment() -> None:
    assert "(UTC+2)" in option("Europe/Berlin", SUMMER)
    assert 'data-offset="120"' in option("Europe/Berlin", SUMMER)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Kyiv", "Kiev"),
        ("Asia/Kolkata", "Calcutta"),
        ("Asia/Ho_Chi_Minh", "Saigon"),
        ("America/New_York", "USA"),
        ("Europe/London", "UK"),
        ("Europe/Moscow", "Moskau"),
        ("Europe/Berlin", "Deutschland"),
    ],
)
def test_a_zone_is_found_by_its_other_names(zone: str, name: str) -> None:
    assert name in option(zone, language="de").partition(">")[0]


def test_every_zone_stands_in_the_list_once() -> None:
    listed = re.findall(r'<option value="([^"]+)"', ZoneOptions(WINTER, Locale("en")).__html__())
    assert sorted(listed) == sorted(zone_choices())


def test_a_server_has_read_all_zones_once_it_has_started(home: Installation) -> None:
    for kept in (zone_list._offsets, zone_list._written, wallclock._read):
        kept.cache_clear()
    in_thread(started_and_stopped(home))
    read = wallclock._read.cache_info().misses
    ZoneOptions(WINTER, Locale("de")).__html__()
    assert (read, wallclock._read.cache_info().misses) == (len(zone_choices()), read)


def test_names_are_put_together_once_for_all_quarters_of_an_hour() -> None:
    ZoneOptions(WINTER, Locale("fi")).__html__()
    written = zone_list._written.cache_info().misses
    for hours in range(3):
        ZoneOptions(WINTER + timedelta(hours=hours), Locale("fi")).__html__()
    assert zone_list._written.cache_info().misses == written


async def started_and_stopped(home: Installation) -> None:
    """The application as its server starts it, and ends it again."""
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        assert message["type"].endswith(".complete"), message

    await application(home)({"type": "lifespan", "state": {}}, receive, send)
