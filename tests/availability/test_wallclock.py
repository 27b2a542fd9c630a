"""Zones, and where instants meet the wall clock."""

import random
from datetime import UTC, date, datetime
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.tzfile import (
    LAST_TRANSITION_YEAR,
    read_transitions,
    transitions_by_rule,
    zone_names,
)
from kalends.availability.wallclock import (
    UnknownZone,
    day_bounds,
    days,
    local_day,
    wall_clock,
    zone_named,
)
from tests.availability.cases import at

FIRST = at("1900-01-01T00:00:00Z")
LAST = at("2199-12-31T23:59:59Z")


def zoneinfo_of(name: str) -> ZoneInfo:
    """The standard library's reading of the same pinned file."""
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, name)


def test_every_zone_has_the_offsets_that_the_standard_library_reads() -> None:
    chance = random.Random(3)
    somewhere = [chance.randrange(FIRST, LAST) for _ in range(30)]
    for name in sorted(zone_names()):
        zone, other = zone_named(name), zoneinfo_of(name)
        around = [change + beside for change in zone.changes[-400::7] for beside in (-1, 0)]
        early = [change + beside for change in zone.changes[:40] for beside in (-1, 0)]
        for instant in (*somewhere, *around, *early):
            if FIRST <= instant <= LAST:
                expected = datetime.fromtimestamp(instant, other).utcoffset()
                assert expected is not None
                assert zone.offset_at(instant) == expected.total_seconds(), (name, instant)


def test_the_files_last_rule_holds_to_the_last_year() -> None:
    berlin = zone_named("Europe/Berlin")
    assert wall_clock(at("2199-07-01T12:00:00Z"), berlin) == datetime(2199, 7, 1, 14)
    assert wall_clock(at("2199-12-31T12:00:00Z"), berlin) == datetime(2199, 12, 31, 13)
    changes = [
        datetime.fromtimestamp(t.at, UTC).year for t in read_transitions("Europe/Berlin")[1:]
    ]
    assert changes.count(2150) == changes.count(LAST_TRANSITION_YEAR) == 2


@pytest.mark.parametrize(
    ("rule", "year", "begins", "ends"),
    [
        # The 59th day and the 60th, as if there were no 29 February.
        ("AAA3BBB,J59/2,J300/2", 2023, "2023-02-28T05:00:00Z", "2023-10-27T04:00:00Z"),
        ("AAA3BBB,J59/2,J300/2", 2024, "2024-02-28T05:00:00Z", "2024-10-27T04:00:00Z"),
        ("AAA3BBB,J60/2,J300/2", 2024, "2024-03-01T05:00:00Z", "2024-10-27T04:00:00Z"),
        # From 0, with the 29 February.
        ("<-03>3<-02>,59,300/3:30", 2023, "2023-03-01T05:00:00Z", "2023-10-28T05:30:00Z"),
        ("<-03>3<-02>,59,300/3:30", 2024, "2024-02-29T05:00:00Z", "2024-10-27T05:30:00Z"),
    ],
)
def test_a_rule_may_name_days_of_the_year(rule: str, year: int, begins: str, ends: str) -> None:
    """RFC 9636 3.3.1. The standard library counts some of these days wrongly."""
    changes = transitions_by_rule(rule)
    in_year = [change for change in changes if datetime.fromtimestamp(change.at, UTC).year == year]
    assert in_year == [(at(begins), -2 * 3600), (at(ends), -3 * 3600)]


def test_a_rule_that_is_none_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="POSIX"):
        transitions_by_rule("whenever")


def test_a_file_that_is_no_zone_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="TZif"):
        read_transitions("tzdata.zi")


@pytest.mark.parametrize("name", ["Europe/Berlin", "US/Pacific", "UTC", "Etc/GMT+5", "GB-Eire"])
def test_canonical_names_and_links_are_zones(name: str) -> None:
    assert zone_named(name).name == name
    assert zone_named(name) is zone_named(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "America",
        "america/new_york",
        "Europe/berlin",
        "Europe/Berlin ",
        "Europe/Berlin\n",
        "Europe//Berlin",
        "./Europe/Berlin",
        "../zoneinfo/Europe/Berlin",
        "/usr/share/zoneinfo/Europe/Berlin",
        "posixrules",
        "localtime",
        "tzdata.zi",
        "zone1970.tab",
        "__init__.py",
        "EST5EDT,M3.2.0,M11.1.0",
        "+02:00",
        "A" * 300,
        "UTC\0",
        "Zürich",
        "\ud800",
    ],
    ids=ascii,
)
def test_anything_else_is_an_unknown_zone(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone_named(name)


def test_an_unknown_zone_is_a_value_error() -> None:
    assert issubclass(UnknownZone, ValueError)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", "2026-06-01", 24),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Antarctica/Troll", "2026-03-29", 22),
        ("America/Sao_Paulo", "2018-02-17", 25),
        ("Africa/Cairo", "2026-04-24", 23),
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Kwajalein", "1993-08-21", 0),
        ("Europe/Berlin", "2199-03-31", 23),
    ],
)
def test_a_day_has_the_hours_that_its_clock_shows(zone: str, day: str, hours: float) -> None:
    bounds = day_bounds(date.fromisoformat(day), zone_named(zone))
    assert bounds.seconds == hours * 3600


def test_a_day_that_a_zone_left_out_is_empty() -> None:
    apia = zone_named("Pacific/Apia")
    missing = day_bounds(date(2011, 12, 30), apia)
    assert missing.is_empty
    assert missing.start == day_bounds(date(2011, 12, 29), apia).end
    assert missing.end == day_bounds(date(2011, 12, 31), apia).start
    assert days(date(2011, 12, 30), date(2011, 12, 30), apia) == []


def test_a_day_entered_twice_spans_what_lies_between() -> None:
    st_johns = zone_named("America/St_Johns")
    sunday = days(date(2010, 11, 7), date(2010, 11, 7), st_johns)
    assert [piece.seconds for piece in sunday] == [60, DAY_SECONDS]
    assert day_bounds(date(2010, 11, 7), st_johns) == Interval(sunday[0].start, sunday[1].end)
    assert sunday[1].start - sunday[0].end == 59 * 60


def test_several_days_are_one_interval() -> None:
    berlin = zone_named("Europe/Berlin")
    (week,) = days(date(2026, 3, 23), date(2026, 3, 29), berlin)
    assert week.seconds == 7 * DAY_SECONDS - 3600


def test_the_local_day_is_that_of_the_zone() -> None:
    instant = at("2026-06-01T22:30:00Z")
    assert local_day(instant, zone_named("Europe/Berlin")) == date(2026, 6, 2)
    assert local_day(instant, zone_named("America/New_York")) == date(2026, 6, 1)


def test_local_mean_time_is_exact_to_the_second() -> None:
    paris = zone_named("Europe/Paris")
    assert wall_clock(at("1900-01-01T00:00:00Z"), paris) == datetime(1900, 1, 1, 0, 9, 21)
