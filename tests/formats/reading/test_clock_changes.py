"""Series over the changes of the clock, and whole days in different zones."""

import pytest

from tests.formats.reading.asked import occurrences, read

# Of weekly series, the three around a change: zone, first start, length in minutes, and what is
# expected in UTC.
AROUND_CHANGES = {
    "New York in spring": (
        ("America/New_York", "20260301T090000", "20260301T100000"),
        ["03-01T14:00/03-01T15:00", "03-08T13:00/03-08T14:00", "03-15T13:00/03-15T14:00"],
    ),
    "New York in spring, in the hour that is left out": (
        ("America/New_York", "20260301T023000", "20260301T033000"),
        ["03-01T07:30/03-01T08:30", "03-08T07:30/03-08T08:30", "03-15T06:30/03-15T07:30"],
    ),
    "New York in spring, ending in the hour that is left out": (
        ("America/New_York", "20260301T013000", "20260301T023000"),
        ["03-01T06:30/03-01T07:30", "03-08T06:30/03-08T07:30", "03-15T05:30/03-15T06:30"],
    ),
    "New York in autumn": (
        ("America/New_York", "20261025T090000", "20261025T100000"),
        ["10-25T13:00/10-25T14:00", "11-01T14:00/11-01T15:00", "11-08T14:00/11-08T15:00"],
    ),
    "New York in autumn, in the hour that comes twice": (
        ("America/New_York", "20261025T010000", "20261025T014500"),
        ["10-25T05:00/10-25T05:45", "11-01T05:00/11-01T05:45", "11-08T06:00/11-08T06:45"],
    ),
    "New York in autumn, a night": (
        ("America/New_York", "20261024T230000", "20261025T070000"),
        ["10-25T03:00/10-25T11:00", "11-01T03:00/11-01T12:00", "11-08T04:00/11-08T12:00"],
    ),
    "Lord Howe in autumn, by half an hour": (
        ("Australia/Lord_Howe", "20260329T090000", "20260329T100000"),
        ["03-28T22:00/03-28T23:00", "04-04T22:30/04-04T23:30", "04-11T22:30/04-11T23:30"],
    ),
    "Lord Howe in spring, in the half hour that is left out": (
        ("Australia/Lord_Howe", "20260927T021000", "20260927T024000"),
        ["09-26T15:40/09-26T16:10", "10-03T15:40/10-03T16:10", "10-10T15:10/10-10T15:40"],
    ),
    "Casablanca as Ramadan begins": (
        ("Africa/Casablanca", "20260208T100000", "20260208T110000"),
        ["02-08T09:00/02-08T10:00", "02-15T10:00/02-15T11:00", "02-22T10:00/02-22T11:00"],
    ),
    "Casablanca as Ramadan ends": (
        ("Africa/Casablanca", "20260315T100000", "20260315T110000"),
        ["03-15T10:00/03-15T11:00", "03-22T09:00/03-22T10:00", "03-29T09:00/03-29T10:00"],
    ),
}


@pytest.mark.parametrize("name", AROUND_CHANGES)
def test_a_weekly_series_keeps_its_time_on_the_wall(name: str) -> None:
    (zone, starts, ends), expected = AROUND_CHANGES[name]
    calendar = read(
        f"DTSTART;TZID={zone}:{starts}",
        f"DTEND;TZID={zone}:{ends}",
        "RRULE:FREQ=WEEKLY;COUNT=3",
    )
    assert occurrences(calendar) == expected


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
