"""Windows, overrides and what they come to."""

from datetime import date

import pytest

from kalends.availability.hours import (
    ALWAYS_OPEN,
    NEVER_OPEN,
    Hours,
    Window,
    is_open_throughout,
    open_intervals,
)
from kalends.availability.interval import DAY_SECONDS, WEEK_SECONDS, Interval
from kalends.availability.wallclock import zone_named
from tests.availability.cases import at, every_day, hours, utc_text, windows

BERLIN = zone_named("Europe/Berlin")
UTC = zone_named("UTC")


def opened(given: Hours, start: str, end: str, zone: str = "UTC") -> list[tuple[str, str]]:
    span = Interval(at(start), at(end))
    return [(utc_text(a), utc_text(b)) for a, b in open_intervals(given, zone_named(zone), span)]


@pytest.mark.parametrize(
    ("opens", "closes"),
    [(540, 540), (0, 0), (-1, 60), (1440, 60), (0, 1441), (600, -5)],
)
def test_a_window_that_cannot_be_is_a_value_error(opens: int, closes: int) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(opens, closes)


def test_hours_have_seven_weekdays() -> None:
    with pytest.raises(ValueError, match="seven"):
        Hours(((),) * 6)


def test_equal_hours_are_one_key() -> None:
    one = hours({"mon": [("09:00", "17:00")]}, {"2026-06-01": []})
    other = hours({"mon": [("09:00", "17:00")]}, {"2026-06-01": []})
    assert one == other
    assert hash(one) == hash(other)
    assert one != hours({"mon": [("09:00", "17:00")]})


def test_a_window_that_crosses_midnight_belongs_to_the_day_it_starts_on() -> None:
    friday = hours({"fri": [("22:00", "02:00")]}, {"2026-06-06": []})
    assert opened(friday, "2026-06-05T00:00Z", "2026-06-08T00:00Z") == [
        ("2026-06-05T22:00:00Z", "2026-06-06T02:00:00Z")
    ]


def test_closing_a_day_removes_its_window_beyond_midnight_too() -> None:
    friday = hours({"fri": [("22:00", "02:00")]}, {"2026-06-05": []})
    assert opened(friday, "2026-06-05T00:00Z", "2026-06-08T00:00Z") == []


def test_an_override_replaces_the_windows_of_its_date() -> None:
    given = Hours(
        every_day("09:00", "17:00").weekly, {date(2026, 6, 2): windows(("12:00", "24:00"))}
    )
    assert opened(given, "2026-06-02T00:00Z", "2026-06-03T12:00Z") == [
        ("2026-06-02T12:00:00Z", "2026-06-03T00:00:00Z"),
        ("2026-06-03T09:00:00Z", "2026-06-03T12:00:00Z"),
    ]


def test_always_open_is_one_interval_over_every_change_of_the_clock() -> None:
    span = Interval(at("2026-01-01T00:00Z"), at("2028-01-01T00:00Z"))
    assert open_intervals(ALWAYS_OPEN, BERLIN, span) == [span]
    assert open_intervals(NEVER_OPEN, BERLIN, span) == []


def test_a_wall_clock_time_that_does_not_exist_gives_nothing() -> None:
    night = every_day("02:15", "02:45")
    assert opened(night, "2026-03-29T00:00Z", "2026-03-29T12:00Z", "Europe/Berlin") == []


def test_a_wall_clock_time_that_occurs_twice_is_open_both_times() -> None:
    night = every_day("02:15", "02:45")
    assert opened(night, "2026-10-25T00:00Z", "2026-10-25T12:00Z", "Europe/Berlin") == [
        ("2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z"),
        ("2026-10-25T01:15:00Z", "2026-10-25T01:45:00Z"),
    ]


def test_a_date_that_does_not_exist_has_no_windows_of_its_own() -> None:
    midday = every_day("10:00", "12:00")
    spans = opened(midday, "2011-12-29T00:00Z", "2012-01-01T00:00Z", "Pacific/Apia")
    assert spans == [
        ("2011-12-29T20:00:00Z", "2011-12-29T22:00:00Z"),
        ("2011-12-30T20:00:00Z", "2011-12-30T22:00:00Z"),
        ("2011-12-31T20:00:00Z", "2011-12-31T22:00:00Z"),
    ]


def test_a_window_opens_to_the_second_where_local_mean_time_has_seconds() -> None:
    morning = every_day("09:00", "10:00")
    assert opened(morning, "1900-06-01T00:00Z", "1900-06-02T00:00Z", "Europe/Paris") == [
        ("1900-06-01T08:50:39Z", "1900-06-01T09:50:39Z")
    ]


def test_open_throughout_asks_for_one_merged_window() -> None:
    given = hours({"mon": [("09:00", "12:00"), ("12:00", "13:00"), ("14:00", "15:00")]})
    monday = at("2026-06-01T00:00Z")
    assert is_open_throughout(given, UTC, Interval(monday + 9 * 3600, monday + 13 * 3600))
    assert not is_open_throughout(given, UTC, Interval(monday + 9 * 3600, monday + 13 * 3600 + 1))
    assert not is_open_throughout(given, UTC, Interval(monday + 12 * 3600, monday + 15 * 3600))


def test_where_a_span_begins_does_not_change_what_is_open_in_it() -> None:
    given = hours({"sun": [("20:00", "08:00")], "wed": [("00:00", "24:00")]})
    whole = Interval(at("2026-02-20T00:00Z"), at("2026-04-20T00:00Z"))
    wide = open_intervals(given, BERLIN, whole)
    for begins in range(whole.start, whole.end - WEEK_SECONDS, DAY_SECONDS + 5000):
        part = Interval(begins, begins + WEEK_SECONDS)
        clipped = [i.clipped(part) for i in wide if i.overlaps(part)]
        assert open_intervals(given, BERLIN, part) == clipped
