"""VTIMEZONE against zoneinfo on the same data, and against what two other parsers make of it."""

import io
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from dateutil.tz import tzical
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Component, Timezone, TimezoneDaylight, TimezoneStandard

from kalends.availability.tzfile import zone_names
from kalends.availability.wallclock import zone_named
from kalends.formats.icalendar.contentlines import to_bytes
from kalends.formats.icalendar.timezones import vtimezone
from tests.formats.strategies import WITHOUT_HURRY

HOUR = timedelta(hours=1)
DUBLIN_SUMMER = ("DAYLIGHT", "19810329T010000", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3")
DUBLIN_WINTER = ("STANDARD", "19961027T020000", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10")
# Zone, and a moment at which something about its clock is odd.
ODD_CLOCKS = [
    ("Europe/Berlin", "2026-03-29T01:00"),  # an hour is left out
    ("Europe/Berlin", "2026-10-25T01:00"),  # an hour comes twice
    ("Europe/Dublin", "2026-10-25T01:00"),  # winter is the saving, and negative
    ("Africa/Casablanca", "2026-03-22T02:00"),  # Ramadan
    ("Asia/Kathmandu", "2026-12-01T09:00"),  # +5:45
    ("Asia/Kathmandu", "1985-12-31T18:30"),  # +5:30 became +5:45
    ("Asia/Kolkata", "2026-12-01T09:00"),  # no saving since 1945
    ("Australia/Lord_Howe", "2026-04-04T15:00"),  # half an hour of saving
    ("Pacific/Chatham", "2026-09-26T14:00"),  # +12:45 and +13:45
    ("Australia/Sydney", "2026-10-03T16:00"),  # south
    ("America/Sao_Paulo", "2019-02-17T02:00"),  # the last saving there
    ("America/St_Johns", "2010-11-07T02:31"),  # back over midnight
    ("America/Caracas", "2016-05-01T07:00"),  # -4:30 became -4
    ("Europe/Istanbul", "2016-09-06T21:00"),  # summer for good
    ("Asia/Pyongyang", "2015-08-14T15:00"),  # its own half hour, until 2018
    ("Asia/Pyongyang", "2018-05-04T15:00"),
    ("Africa/Cairo", "2023-04-27T22:00"),  # saving came back
    ("Pacific/Apia", "2011-12-30T10:00"),  # a day is left out
    ("Pacific/Kwajalein", "1993-08-20T12:00"),  # another
    ("Antarctica/Troll", "2026-03-29T01:00"),  # two hours of saving
    ("Europe/London", "1941-05-04T01:00"),  # double summer time
    ("Europe/London", "1968-10-27T00:00"),  # three years of summer
    ("Europe/Paris", "1911-03-10T23:51"),  # the end of local mean time, +0:09:21
    ("Africa/Monrovia", "1972-01-07T00:44"),  # -0:44:30
    ("America/New_York", "1900-01-01T05:00"),
    ("America/New_York", "2007-03-11T07:00"),  # new rules that year
    ("Australia/Sydney", "2199-10-05T16:00"),
    ("Europe/Berlin", "2199-12-31T23:00"),
    ("Etc/GMT-14", "2026-12-01T09:00"),
    ("America/Nuuk", "2023-10-29T01:00"),
]


@cache
def pinned(name: str) -> ZoneInfo:
    """zoneinfo on the data of the tzdata package, not of this machine."""
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    return ZoneInfo.from_file(io.BytesIO(file.read_bytes()), name)


def component_around(name: str, moment: datetime) -> bytes:
    instant = int(moment.timestamp())
    return to_bytes(vtimezone(zone_named(name), instant - 7200, instant + 7200))


class Observances:
    """What a component tells (RFC 5545 3.6.5): the offset of the observance that began last."""

    def __init__(self, component: Component, until: datetime) -> None:
        self._onsets: list[tuple[datetime, timedelta]] = sorted(
            (onset, each.TZOFFSETTO)
            for each in component.subcomponents
            if isinstance(each, TimezoneStandard | TimezoneDaylight)
            for onset in onsets(each, until.replace(tzinfo=None))
        )

    def offset_at(self, moment: datetime) -> timedelta:
        naive = moment.replace(tzinfo=None)
        return self._onsets[bisect_right(self._onsets, (naive, HOUR * 24)) - 1][1]


def onsets(observance: Any, until: datetime) -> Iterator[datetime]:
    """When it began, in UTC: DTSTART and what RRULE makes of it, by the library."""
    start, offset = observance["DTSTART"].dt, observance["TZOFFSETFROM"].td
    rule = observance.get("RRULE")
    if rule is None:
        yield start - offset
        return
    for each in rrulestr(rule.to_ical().decode(), dtstart=start):
        if each - offset > until:
            return
        yield each - offset


def moments_around(moment: datetime) -> Iterator[datetime]:
    """Every quarter of an hour of the hours around, and some of the year around."""
    yield from (moment + n * HOUR / 4 for n in range(-30, 31))
    days = (-360, -200, -100, -30, 30, 100, 200, 360)
    yield from (moment + timedelta(days=n) for n in days)


@pytest.mark.parametrize(("name", "at"), ODD_CLOCKS)
def test_a_zone_has_the_offsets_of_zoneinfo(name: str, at: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    component = Timezone.from_ical(component_around(name, moment))
    assert component["TZID"] == name
    written = Observances(component, moment + timedelta(days=361))
    for each in moments_around(moment):
        expected = each.astimezone(pinned(name)).utcoffset()
        assert written.offset_at(each) == expected, each


@pytest.mark.parametrize(("name", "at"), ODD_CLOCKS)
def test_local_times_mean_the_same_instants_to_another_program(name: str, at: str) -> None:
    """dateutil reads the component and knows nothing but what it says."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    theirs = tzical(io.StringIO(component_around(name, moment).decode())).get()
    for each in moments_around(moment):
        local = each.astimezone(pinned(name))
        assert local.replace(tzinfo=theirs).astimezone(UTC) == each, each


@WITHOUT_HURRY
@given(
    st.sampled_from(sorted(zone_names())),
    st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)),
)
def test_every_zone_is_right_at_every_time(name: str, moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    component = Timezone.from_ical(component_around(name, moment))
    written = Observances(component, moment + 3 * HOUR)
    for each in (moment - 2 * HOUR, moment, moment + 2 * HOUR):
        assert written.offset_at(each) == each.astimezone(pinned(name)).utcoffset()


@pytest.mark.parametrize(
    ("name", "at", "written"),
    [
        ("Europe/Dublin", "2026-12-01", [DUBLIN_SUMMER, DUBLIN_WINTER]),
        ("Asia/Kolkata", "2026-12-01", [("STANDARD", "19451015T000000", "")]),
        ("Europe/Istanbul", "2026-12-01", [("STANDARD", "20160327T030000", "")]),
        ("America/New_York", "1900-01-01", [("STANDARD", "18831118T120358", "")]),
        ("Etc/GMT-14", "2026-12-01", [("STANDARD", "16010101T000000", "")]),
        (
            "America/Sao_Paulo",
            "2019-12-01",
            [
                ("DAYLIGHT", "20181104T000000", ""),
                ("STANDARD", "20190217T000000", ""),
            ],
        ),
    ],
)
def test_settled_rules_are_written_as_rules_with_standard_as_lower_offset(
    name: str, at: str, written: list[tuple[str, str, str]]
) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    component = Timezone.from_ical(component_around(name, moment))
    assert sorted(map(summary, component.subcomponents)) == sorted(written)


def summary(observance: Any) -> tuple[str, str, str]:
    rule = observance.get("RRULE")
    start = observance["DTSTART"].to_ical().decode()
    return observance.name, start, rule.to_ical().decode() if rule else ""


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Sydney"])
def test_where_rules_are_settled_one_component_is_right_for_good(name: str) -> None:
    component = Timezone.from_ical(component_around(name, datetime(2026, 12, 1, tzinfo=UTC)))
    assert len(component.subcomponents) == 2
    written = Observances(component, datetime(2200, 1, 1))
    for year in (2009, 2030, 2100, 2199):
        for month in range(1, 13):
            moment = datetime(year, month, 27, tzinfo=UTC)
            expected = moment.astimezone(pinned(name)).utcoffset()
            assert written.offset_at(moment) == expected
