"""The list of zones: names, offsets of this moment, and what else they are called."""

import re
from datetime import UTC, datetime

import pytest
from babel import Locale

from kalends.web.pages.clock_words import zone_choices
from kalends.web.pages.zone_list import ZoneOptions

WINTER, SUMMER = (datetime(2026, month, 15, tzinfo=UTC) for month in (1, 7))


def option(zone: str, now: datetime = WINTER, language: str = "en") -> str:
    listed = ZoneOptions(now, Locale(language)).__html__()
    (found,) = re.findall(rf'<option value="{zone}".*?</option>', listed)
    return str(found)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Berlin", "Berlin, Germany (UTC+1)"),
        ("America/St_Johns", "St. John’s, Canada (UTC−3:30)"),
        ("Asia/Kolkata", "Kolkata, India (UTC+5:30)"),
        ("Africa/Abidjan", "Abidjan, Côte d’Ivoire (UTC)"),
        ("UTC", "UTC"),
    ],
)
def test_a_zone_is_called_by_city_country_and_offset(zone: str, text: str) -> None:
    assert f">{text}</option>" in option(zone)


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
