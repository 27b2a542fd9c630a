"""Series over the changes of the clock, and whole days in different zones."""

import csv
from pathlib import Path

import pytest

from tests.formats.reading.asked import occurrences, read

# Weekly series, each with the three occurrences around a change: where and when they begin and end
# on the wall, and what is expected in UTC.
with (Path(__file__).parents[2] / "data" / "clock_changes.csv").open(newline="") as table:
    AROUND_CHANGES = {row["series"]: row for row in csv.DictReader(table)}


@pytest.mark.parametrize("name", AROUND_CHANGES)
def test_a_weekly_series_keeps_its_time_on_the_wall(name: str) -> None:
    row = AROUND_CHANGES[name]
    calendar = read(
        f"DTSTART;TZID={row['zone']}:{row['starts']}",
        f"DTEND;TZID={row['zone']}:{row['ends']}",
        "RRULE:FREQ=WEEKLY;COUNT=3",
    )
    assert occurrences(calendar) == [row["first"], row["second"], row["third"]]


def test_a_rule_by_the_hour_skips_and_repeats_nothing_twice() -> None:
    calendar = read(
        "DTSTART;TZID=America/New_York:20261101T000000",
        "DURATION:PT10M",
        "RRULE:FREQ=HOURLY;COUNT=4",
    )
    expected = ["11-01T04:00", "11-01T05:00", "11-01T07:00", "11-01T08:00"]
    assert [each.split("/")[0] for each in occurrences(calendar)] == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "03-28T23:00/03-30T22:00"),
        ("Pacific/Auckland", "03-28T11:00/03-30T11:00"),
        ("America/Los_Angeles", "03-29T07:00/03-31T07:00"),
    ],
)
def test_whole_days_are_those_of_the_calendars_zone(zone: str, expected: str) -> None:
    calendar = read("DTSTART;VALUE=DATE:20260329", "DTEND;VALUE=DATE:20260331")
    assert occurrences(calendar, zone=zone) == [expected]


def test_a_day_that_a_zone_left_out_takes_no_time() -> None:
    days = ("2011-12-01", "2012-02-01")
    calendar = read("DTSTART;VALUE=DATE:20111230", "DTEND;VALUE=DATE:20111231")
    assert occurrences(calendar, days, "Pacific/Apia") == ["12-30T10:00/12-30T10:00"]


def test_a_day_whose_midnight_is_left_out_begins_with_its_first_minute() -> None:
    days = ("2026-04-01", "2026-05-01")
    calendar = read("DTSTART;VALUE=DATE:20260424", "DTEND;VALUE=DATE:20260425")
    assert occurrences(calendar, days, "Africa/Cairo") == ["04-23T22:00/04-24T21:00"]


def test_times_without_a_zone_are_in_that_of_the_calendar() -> None:
    calendar = read("DTSTART:20260710T090000", "DTEND:20260710T100000")
    assert occurrences(calendar, zone="Asia/Tokyo") == ["07-10T00:00/07-10T01:00"]
    assert occurrences(calendar, zone="Europe/Berlin") == ["07-10T07:00/07-10T08:00"]


def test_an_end_in_another_zone_is_an_instant() -> None:
    """A flight from Berlin at 10:00 to New York at 13:00."""
    calendar = read(
        "DTSTART;TZID=Europe/Berlin:20260710T100000",
        "DTEND;TZID=America/New_York:20260710T130000",
    )
    assert occurrences(calendar) == ["07-10T08:00/07-10T17:00"]
