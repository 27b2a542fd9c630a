"""Files that are made to keep a reader busy, held by counts: no test looks at a clock."""

import itertools
from datetime import date

import pytest

from kalends.availability.recurrence.busy import MOST_PIECES, busy_calendar, busy_in_zones
from kalends.availability.recurrence.occurrences import expand
from kalends.availability.recurrence.steps import MOST_IN_ALL, MOST_OF_AN_EVENT, Steps
from kalends.availability.wallclock import zone_named
from kalends.formats.icalendar.reading.calendar import ReadCalendar, read_calendar
from kalends.formats.icalendar.reading.errors import ReadingProblem, Unreadable, UnreadableCalendar
from kalends.formats.icalendar.reading.limits import (
    MOST_BYTES,
    MOST_DATES,
    MOST_DATES_IN_ALL,
    MOST_EDGES,
    MOST_EVENTS,
    MOST_EVENTS_IN_ALL,
    MOST_LINE_BYTES,
)
from tests.formats.reading import hostile
from tests.formats.reading.asked import busy, read, span_of, times
from tests.formats.reading.generated import BEGIN, END, calendar_of, event

UTC = zone_named("UTC")
# The longest that is kept.
HORIZON = span_of("2026-11-28", "2028-06-01")


def steps_of(calendar: ReadCalendar) -> int:
    steps = Steps()
    busy_calendar([each.series for each in calendar.events], HORIZON, UTC, steps)
    return MOST_IN_ALL - steps.in_all


@pytest.mark.parametrize("name", hostile.RULES)
def test_no_rule_costs_more_than_an_event_may(name: str) -> None:
    calendar = read_calendar(hostile.RULES[name]())
    assert steps_of(calendar) <= MOST_OF_AN_EVENT


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("a thousand million days", 1200),
        ("days since 1601", 1200),
        ("30 February by the day", 1200),
        ("31 February by the year", 3000),
        ("an interval beyond all years", 24),
    ],
)
def test_a_rule_begins_where_the_span_does(name: str, most: int) -> None:
    calendar = read_calendar(hostile.RULES[name]())
    assert steps_of(calendar) <= most


@pytest.mark.parametrize("name", ["every second", "every minute", "a thousand million seconds"])
def test_a_rule_finer_than_hours_leaves_the_first_occurrence(name: str) -> None:
    calendar = read_calendar(hostile.RULES[name]())
    assert calendar.problems == {ReadingProblem.RULE: 1}
    assert times(calendar, ("2020-01-01", "2021-01-01")) == ["01-01T09:00/01-01T09:00"]


def test_an_event_that_runs_out_of_steps_is_named() -> None:
    calendar = read_calendar(hostile.RULES["all seconds of every day"]())
    assert busy(calendar).incomplete == [0]


def test_what_was_found_before_the_steps_ran_out_stays() -> None:
    calendar = read(
        "DTSTART:20260101T000000Z",
        "DURATION:PT1M",
        f"RRULE:FREQ=DAILY;BYHOUR={hostile.numbers(24)};BYMINUTE={hostile.numbers(60)}",
    )
    found = busy(calendar, ("2026-01-01", "2027-01-01"))
    assert found.incomplete == [0]
    # Twelve days of 1,440 minutes each; as many steps again are for the times of day.
    assert sum(piece.end - piece.start for _, piece in found.pieces) == 12 * 86_400


def test_overlapping_occurrences_of_forty_years_become_one_piece_a_day() -> None:
    calendar = read_calendar(hostile.RULES["forty years, every day"]())
    found = busy(calendar, ("2026-12-01", "2027-01-30"))
    assert len(found.pieces) == 60


def test_all_events_of_a_calendar_share_their_steps() -> None:
    hourly = ("DTSTART:20260101T000000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY")
    calendar = read_calendar(hostile.many(50, *hourly))
    steps = Steps()
    found = busy_calendar([each.series for each in calendar.events], HORIZON, UTC, steps)
    assert steps.in_all == 0
    assert found.incomplete == list(range(8, 50))
    assert len(found.pieces) <= MOST_PIECES


def test_events_of_many_zones_share_their_steps() -> None:
    hourly = ("DTSTART:20260101T000000", "DURATION:PT1M", "RRULE:FREQ=HOURLY")
    calendar = read_calendar(hostile.many(50, *hourly))
    zones = [zone_named(name) for name in ("UTC", "Asia/Tokyo", "Europe/Berlin", "Africa/Cairo")]
    placed = zip((each.series for each in calendar.events), itertools.cycle(zones), strict=False)
    steps = Steps()
    found = busy_in_zones(placed, HORIZON, steps)
    assert steps.in_all == 0
    assert found.incomplete == list(range(8, 50))


def test_an_event_after_a_costly_one_is_found() -> None:
    series = [
        *(each.series for each in read_calendar(hostile.all_seconds()).events),
        *(each.series for each in read("DTSTART:20261201T090000Z", "DURATION:PT1H").events),
    ]
    steps = Steps()
    expansions = [expand(each, HORIZON, UTC, steps) for each in series]
    assert [each.is_complete for each in expansions] == [False, True]
    assert len(expansions[1].occurrences) == 1


def test_too_many_pieces_are_merged_over_all_events() -> None:
    ten_years = ("DTSTART:20200101T000000Z", "DTEND:20300101T000000Z")
    calendar = read_calendar(hostile.many(200, *ten_years))
    found = busy(calendar, ("2026-01-01", "2027-01-01"))
    assert found.is_merged
    assert not found.is_coarse
    assert {each.event for each in found.pieces} == {None}
    assert len(found.pieces) == 365


def test_pieces_that_merging_leaves_too_many_become_days() -> None:
    """A minute of every four, by three hundred events."""
    minutes = [f"{at * 4 // 60:02}{at * 4 % 60:02}" for at in range(300)]
    calendar = read_calendar(
        calendar_of(
            event([f"DTSTART:20260101T{minute}00Z", "DURATION:PT1M", "RRULE:FREQ=DAILY;COUNT=100"])
            for minute in minutes
        )
    )
    found = busy(calendar)
    assert found.is_coarse
    assert len(found.pieces) == 100
    assert found.pieces[0].piece.end - found.pieces[0].piece.start == (299 * 4 + 1) * 60


@pytest.mark.parametrize("name", ["EXDATE", "RDATE"])
def test_dates_beyond_the_limit_are_passed_over_and_counted(name: str) -> None:
    calendar = read_calendar(hostile.dates(name, 2500))
    shape = calendar.events[0].series.first
    assert shape is not None
    assert len(shape.exclusions) + len(shape.additions) == MOST_DATES
    assert calendar.problems == {ReadingProblem.TOO_MANY: 1}


def test_all_events_of_a_file_share_the_limit_on_dates() -> None:
    listed = ",".join(["20260101T090000Z"] * MOST_DATES)
    calendar = read_calendar(hostile.many(120, *hostile.START, f"EXDATE:{listed}"))
    shapes = [each.series.first for each in calendar.events]
    assert sum(len(shape.exclusions) for shape in shapes if shape) == MOST_DATES_IN_ALL
    assert calendar.problems == {ReadingProblem.TOO_MANY: 20}


def test_changed_occurrences_beyond_the_limit_still_take_their_time() -> None:
    calendar = read_calendar(hostile.changed(1100))
    assert len(calendar.events[0].series.changed) == MOST_DATES
    assert len(calendar.events) == 101
    assert calendar.problems == {ReadingProblem.TOO_MANY: 1}


def test_a_line_that_is_too_long_costs_its_event_alone() -> None:
    listed = "20260101T090000Z," * (MOST_LINE_BYTES // 17 + 1)
    data = calendar_of(
        [
            event(["UID:1", *hostile.START, f"EXDATE:{listed}"]),
            event(["UID:2", "DTSTART:20261201T090000Z", "DURATION:PT1H"]),
        ]
    )
    calendar = read_calendar(data)
    assert calendar.problems == {ReadingProblem.TOO_MANY: 1}
    assert len(calendar.events) == 1
    assert times(calendar) == ["12-01T09:00/12-01T10:00"]


def test_a_long_line_that_nobody_reads_costs_nothing() -> None:
    calendar = read(
        "DTSTART:20261201T090000Z", "DURATION:PT1H", "ATTACH:" + "A" * (5 * MOST_LINE_BYTES)
    )
    assert times(calendar) == ["12-01T09:00/12-01T10:00"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Unreadable.NOT_A_CALENDAR),
        (b"<!doctype html><title>Sign in</title>", Unreadable.NOT_A_CALENDAR),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", Unreadable.NOT_A_CALENDAR),
        (BEGIN.encode("utf-16"), Unreadable.NOT_A_CALENDAR),
        (BEGIN.encode(), Unreadable.CUT_OFF),
        (BEGIN.encode() + b"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:2026", Unreadable.CUT_OFF),
        (calendar_of([event(["UID:1"])])[:-2].removesuffix(b"END:VCALENDAR"), Unreadable.CUT_OFF),
        (BEGIN.encode() + b" " * MOST_BYTES, Unreadable.TOO_BIG),
        (hostile.many(MOST_EVENTS + 1, *hostile.START), Unreadable.TOO_MANY_EVENTS),
        (hostile.many(MOST_EVENTS_IN_ALL + 1), Unreadable.TOO_MANY_EVENTS),
        (hostile.nested(4), Unreadable.TOO_DEEP),
        (hostile.nested(100_000), Unreadable.TOO_DEEP),
    ],
    ids=[
        *("empty", "a sign-in page", "a card", "two bytes a character", "a beginning", "cut off"),
        *(
            "without an end",
            "too big",
            "too many events",
            "far too many events",
            "too deep",
            "far too deep",
        ),
    ],
)
def test_a_file_that_is_not_read_says_why(data: bytes, reason: Unreadable) -> None:
    with pytest.raises(UnreadableCalendar) as refused:
        read_calendar(data)
    assert refused.value.reason is reason


def test_as_many_events_as_may_be_are_read() -> None:
    assert len(read_calendar(hostile.many(MOST_EVENTS, *hostile.START)).events) == MOST_EVENTS


def test_events_that_are_over_are_passed_over() -> None:
    past = [
        event(["UID:1", *hostile.START]),
        event(["UID:2", "DTSTART;VALUE=DATE:20200101"]),
    ]
    left = [
        event(["UID:3", *hostile.START, "RRULE:FREQ=DAILY"]),
        event(["UID:4", "DTSTART:20200101T090000Z", "DURATION:P3000D"]),
        event(["UID:5", "DTSTART:20200101T090000Z", "DTEND:20261201T090000Z"]),
        event(["UID:6", "RECURRENCE-ID:20261201T090000Z", *hostile.START]),
    ]
    data = calendar_of([*past, *left])
    assert len(read_calendar(data).events) == 6
    assert len(read_calendar(data, since=date(2026, 11, 1)).events) == 4


def test_a_file_of_folds_is_read() -> None:
    assert len(read_calendar(hostile.all_folds()).events) == 1


@pytest.mark.parametrize(
    "rules",
    [
        ("FREQ=SECONDLY",),
        ("FREQ=DAILY",),
        ("FREQ=YEARLY;BYHOUR=1,2,3",),
    ],
)
def test_a_zone_that_changes_more_than_yearly_is_unknown(rules: tuple[str, ...]) -> None:
    calendar = read_calendar(hostile.in_zone([hostile.zone(*rules)]))
    assert calendar.problems == {ReadingProblem.ZONE: 1}
    assert times(calendar, zone="Asia/Tokyo") == ["12-01T00:00/12-01T01:00"]


def test_zones_that_name_themselves_without_end_are_bounded() -> None:
    zones = [hostile.zone("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", name=f"Z{at}") for at in range(3000)]
    calendar = read_calendar(hostile.in_zone(zones, name="Z2999"))
    assert calendar.problems == {ReadingProblem.ZONE: 1}


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "", "x" * 5000, "\x00"])
def test_a_name_that_is_no_zone_is_looked_up_nowhere(name: str) -> None:
    calendar = read(f"DTSTART;TZID={name}:20261201T090000", "DURATION:PT1H")
    assert times(calendar, zone="Asia/Tokyo") == ["12-01T00:00/12-01T01:00"]


def test_an_event_that_never_ends_is_counted() -> None:
    inner = event(["UID:2", "DTSTART:20261201T090000Z", "DURATION:PT1H"])
    data = (BEGIN + "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261201T120000Z\r\n" + inner + END).encode()
    calendar = read_calendar(data)
    assert calendar.unreadable_total == 2
    assert calendar.events == []


def test_a_carriage_return_alone_begins_no_line() -> None:
    """What strangers write into a title stays there."""
    calendar = read(
        "DTSTART:20261201T090000Z",
        "DURATION:PT1H",
        "SUMMARY:x\rSTATUS:CANCELLED\rEND:VEVENT\rBEGIN:VEVENT",
    )
    assert times(calendar) == ["12-01T09:00/12-01T10:00"]


def test_components_without_end_are_refused() -> None:
    data = BEGIN + "BEGIN:X\r\nEND:X\r\n" * (MOST_EDGES // 2 + 1) + END
    with pytest.raises(UnreadableCalendar) as refused:
        read_calendar(data.encode())
    assert refused.value.reason is Unreadable.TOO_MANY_EVENTS


def test_the_end_of_a_calendar_that_never_began_is_passed_over() -> None:
    data = BEGIN + "END:VEVENT\r\nEND:VALARM\r\n" + END
    assert read_calendar(data.encode()).events == []
