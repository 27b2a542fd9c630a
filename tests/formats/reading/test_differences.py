"""Where the library that Kalends is compared with reads a calendar otherwise, one by one.

Each has the section of RFC 5545 that decides, what Kalends makes of it, and what the library does:
where a later one of it agrees, its line here can go.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple

import pytest

from tests.formats.reading.generated import calendar_of, event
from tests.formats.reading.oracle import by_kalends, by_library

BEGINS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
NEW_YORK: Final = "TZID=America/New_York"
AN_HOUR: Final = ("DTSTART:20260304T100000Z", "DTEND:20260304T110000Z")


class ReadOtherwise(NamedTuple):
    """`ours` and `theirs` are `start/end` in UTC, as far as the year is asked for."""

    section: str
    lines: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


DIFFERENCES: Final = {
    "numbered weekdays beside others are all meant": ReadOtherwise(
        "3.3.10",
        (*AN_HOUR, "RRULE:FREQ=MONTHLY;BYDAY=WE,-1FR;UNTIL=20260401T000000Z"),
        (
            "03-04T10:00/03-04T11:00",
            "03-11T10:00/03-11T11:00",
            "03-18T10:00/03-18T11:00",
            "03-25T10:00/03-25T11:00",
            "03-27T10:00/03-27T11:00",
        ),
        ("03-04T10:00/03-04T11:00",),
    ),
    "a week without a weekday has that of the first occurrence": ReadOtherwise(
        "3.3.10",
        (*AN_HOUR, "RRULE:FREQ=YEARLY;BYWEEKNO=20;UNTIL=20270101T000000Z"),
        ("03-04T10:00/03-04T11:00", "05-13T10:00/05-13T11:00"),
        (
            "03-04T10:00/03-04T11:00",
            *(f"05-{day}T10:00/05-{day}T11:00" for day in range(11, 18)),
        ),
    ),
    "positions in the first week count from its first day": ReadOtherwise(
        "3.3.10",
        (*AN_HOUR, "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2;COUNT=2"),
        ("03-04T10:00/03-04T11:00", "03-11T10:00/03-11T11:00"),
        ("03-04T10:00/03-04T11:00", "03-06T10:00/03-06T11:00", "03-11T10:00/03-11T11:00"),
    ),
    "times of day of a rule by whole days are passed over": ReadOtherwise(
        "3.3.10",
        ("DTSTART;VALUE=DATE:20260304", "RRULE:FREQ=DAILY;BYHOUR=9;COUNT=2"),
        ("03-04T00:00/03-05T00:00", "03-05T00:00/03-06T00:00"),
        ("03-04T00:00/03-05T00:00", "03-04T00:00/03-05T00:00", "03-05T00:00/03-06T00:00"),
    ),
    "the day on which a rule ends belongs to it": ReadOtherwise(
        "3.3.10",
        (*AN_HOUR, "RRULE:FREQ=DAILY;UNTIL=20260305"),
        ("03-04T10:00/03-04T11:00", "03-05T10:00/03-05T11:00"),
        ("03-04T10:00/03-04T11:00",),
    ),
    "an end of a rule without a zone is in that of its start": ReadOtherwise(
        "3.3.10",
        (
            f"DTSTART;{NEW_YORK}:20260304T100000",
            f"DTEND;{NEW_YORK}:20260304T110000",
            "RRULE:FREQ=DAILY;UNTIL=20260305T100000",
        ),
        ("03-04T15:00/03-04T16:00", "03-05T15:00/03-05T16:00"),
        ("03-04T15:00/03-04T16:00",),
    ),
    "hours of a duration pass whatever the clock does": ReadOtherwise(
        "3.8.5.3",
        (f"DTSTART;{NEW_YORK}:20260307T220000", "DURATION:PT8H"),
        ("03-08T03:00/03-08T11:00",),
        ("03-08T03:00/03-08T10:00",),
    ),
    "a start that the clock leaves out is as long as ever": ReadOtherwise(
        "3.3.5",
        (
            f"DTSTART;{NEW_YORK}:20260307T023000",
            f"DTEND;{NEW_YORK}:20260307T033000",
            "RRULE:FREQ=DAILY;COUNT=2",
        ),
        ("03-07T07:30/03-07T08:30", "03-08T07:30/03-08T08:30"),
        ("03-07T07:30/03-07T08:30", "03-08T07:30/03-08T07:30"),
    ),
    "a day that ends on itself is a day": ReadOtherwise(
        "3.6.1",
        ("DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260304"),
        ("03-04T00:00/03-05T00:00",),
        ("03-04T00:00/03-04T00:00",),
    ),
    "a day whose end has a time is a whole day": ReadOtherwise(
        "3.6.1",
        ("DTSTART;VALUE=DATE:20260304", "DTEND:20260304T170000Z"),
        ("03-04T00:00/03-05T00:00",),
        ("03-04T00:00/03-04T17:00",),
    ),
    "a date that is added has the time of day of the start": ReadOtherwise(
        "3.8.5.2",
        (*AN_HOUR, "RDATE;VALUE=DATE:20260305"),
        ("03-04T10:00/03-04T11:00", "03-05T10:00/03-05T11:00"),
        ("03-04T10:00/03-04T11:00", "03-05T00:00/03-05T01:00"),
    ),
    "rules that leave out are followed, as before this standard": ReadOtherwise(
        "A.2",
        (*AN_HOUR, "RRULE:FREQ=DAILY;COUNT=3", "EXRULE:FREQ=DAILY;INTERVAL=2"),
        ("03-05T10:00/03-05T11:00",),
        ("03-04T10:00/03-04T11:00", "03-05T10:00/03-05T11:00", "03-06T10:00/03-06T11:00"),
    ),
    "a changed occurrence stands though its date is left out": ReadOtherwise(
        "3.8.4.4",
        (
            *(*AN_HOUR, "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260305T100000Z"),
            *("END:VEVENT", "BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20260305T100000Z"),
            *("DTSTART:20260305T150000Z", "DTEND:20260305T160000Z"),
        ),
        ("03-04T10:00/03-04T11:00", "03-05T15:00/03-05T16:00"),
        ("03-04T10:00/03-04T11:00",),
    ),
    "two events under one name both count": ReadOtherwise(
        "3.8.4.7",
        (
            *(*AN_HOUR, "END:VEVENT", "BEGIN:VEVENT", "UID:1"),
            *("DTSTART:20260305T150000Z", "DTEND:20260305T160000Z"),
        ),
        ("03-04T10:00/03-04T11:00", "03-05T15:00/03-05T16:00"),
        ("03-04T10:00/03-04T11:00",),
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_it_is_read_as_the_standard_says(name: str) -> None:
    difference = DIFFERENCES[name]
    found = by_kalends(_data(difference), BEGINS, ENDS)
    assert tuple(_short(each.start, each.end) for each in found) == difference.ours


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_library_still_reads_it_otherwise(name: str) -> None:
    difference = DIFFERENCES[name]
    found = by_library(_data(difference), BEGINS, ENDS)
    assert tuple(_short(each.start, each.end) for each in found) == difference.theirs


def _data(difference: ReadOtherwise) -> bytes:
    return calendar_of([event(["UID:1", *difference.lines])])


def _short(start: str, end: str) -> str:
    return f"{start[5:]}/{end[5:]}"
