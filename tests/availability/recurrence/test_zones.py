"""Wall-clock times of zones as calendars mean them."""

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from kalends.availability.interval import DAY_SECONDS
from kalends.availability.wallclock import zone_named
from tests.availability.test_wallclock import zoneinfo_of

EPOCH = datetime(1970, 1, 1)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Africa/Cairo",
    "Pacific/Apia",
    "Antarctica/Troll",
    "UTC",
)


def meant(wall: int, zone: ZoneInfo) -> int:
    """The first of two, and by the offset before a gap: what fold=0 is (PEP 495)."""
    local = (EPOCH + timedelta(seconds=wall)).replace(tzinfo=zone)
    return int(local.timestamp())


@pytest.mark.parametrize("name", ZONES)
def test_a_time_on_the_wall_is_the_instant_that_python_has(name: str) -> None:
    zone, other = zone_named(name), zoneinfo_of(name)
    chance = Random(5)
    near = [
        at + chance.randrange(-20_000, 90_000) for at in zone.changes[1:][-200:] for _ in range(5)
    ]
    somewhere = [chance.randrange(0, 40 * 365 * DAY_SECONDS) for _ in range(500)]
    for wall in (*near, *somewhere):
        assert zone.instant_of(wall) == meant(wall, other), (name, wall)


@pytest.mark.parametrize("name", ZONES)
def test_where_the_clock_is_steady_an_instant_is_one_subtraction(name: str) -> None:
    zone = zone_named(name)
    chance = Random(6)
    near = [at + chance.randrange(-400_000, 400_000) for at in zone.changes[1:][-100:]]
    for wall in (*near, *(chance.randrange(0, 1 << 31) for _ in range(300))):
        start, end, offset = zone.steady_around(wall)
        for each in (wall, start, min(end - 1, 1 << 33)):
            if start <= each < end:
                assert zone.instant_of(each) == each - offset
                assert len(list(zone.instants(each, each + 1))) == 1
