"""What a file says, and what is made of it: which events take time, in which zone, of what kind."""

import msgspec
import pytest

from kalends.availability.recurrence.shapes import BusyKind, Series
from kalends.formats.icalendar.reading.calendar import read_calendar
from kalends.formats.icalendar.reading.digest import content_digest
from kalends.formats.icalendar.reading.errors import ReadingProblem
from kalends.formats.icalendar.reading.events import hash_uid
from tests.formats.reading.asked import busy, occurrences, read, times
from tests.formats.reading.generated import BEGIN, END, calendar_of, event

WHEN = ("DTSTART:20261201T090000Z", "DTEND:20261201T100000Z")
DAY = ("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202")
TAKEN = ["12-01T09:00/12-01T10:00"]
OWNER = "mailto:Ada@Example.test"
BUSY_STATUS = "X-MICROSOFT-CDO-BUSYSTATUS"
TENTATIVE = BusyKind(is_tentative=True)
ALL_DAY = BusyKind(is_all_day=True)
AWAY = BusyKind(is_out_of_office=True)


@pytest.mark.parametrize(
    "lines",
    [
        ("STATUS:CANCELLED",),
        ("status:cancelled",),
        ("TRANSP:TRANSPARENT",),
        ("TRANSP;X-A=b:transparent ",),
        (f"{BUSY_STATUS}:FREE",),
        ("TRANSP:OPAQUE", f"{BUSY_STATUS}:WORKINGELSEWHERE"),
        ("TRANSP:TRANSPARENT", f"{BUSY_STATUS}:BUSY"),
        ("X-MICROSOFT-CDO-INTENDEDSTATUS:FREE",),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.test",),
        ('ATTENDEE;CN="Ada: b; c";PARTSTAT=declined:MAILTO:ADA@example.test',),
        ("ATTENDEE;EMAIL=ada@example.test;PARTSTAT=DECLINED:urn:uuid:1",),
    ],
)
def test_an_event_that_is_free_takes_no_time(lines: tuple[str, ...]) -> None:
    assert times(read(*WHEN, *lines, owner=[OWNER])) == []


@pytest.mark.parametrize(
    ("when", "lines", "kind"),
    [
        (WHEN, (), BusyKind()),
        (WHEN, ("STATUS:CONFIRMED", "TRANSP:OPAQUE"), BusyKind()),
        (WHEN, ("STATUS:TENTATIVE",), TENTATIVE),
        (WHEN, (f"{BUSY_STATUS}:TENTATIVE",), TENTATIVE),
        (WHEN, (f"{BUSY_STATUS}:OOF",), AWAY),
        (WHEN, (f"{BUSY_STATUS}:BUSY", "X-MICROSOFT-CDO-INTENDEDSTATUS:FREE"), BusyKind()),
        (WHEN, ("X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",), ALL_DAY),
        (WHEN, ("ATTENDEE;PARTSTAT=TENTATIVE:mailto:ada@example.test",), TENTATIVE),
        (WHEN, ("ATTENDEE:mailto:ada@example.test",), TENTATIVE),
        (WHEN, ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.test",), BusyKind()),
        (WHEN, ("ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.test",), BusyKind()),
        (DAY, (), ALL_DAY),
        (DAY, (f"{BUSY_STATUS}:OOF",), AWAY),
        (DAY, ("STATUS:TENTATIVE",), BusyKind(is_tentative=True, is_all_day=True)),
    ],
)
def test_what_takes_time_has_a_kind(
    when: tuple[str, ...], lines: tuple[str, ...], kind: BusyKind
) -> None:
    found = busy(read(*when, *lines, owner=[OWNER]))
    assert [each.piece.kind for each in found.pieces] == [kind]


def test_a_cancelled_occurrence_frees_its_time_alone() -> None:
    data = calendar_of(
        [
            event(["UID:1", *WHEN, "RRULE:FREQ=WEEKLY;COUNT=3"]),
            event(
                [
                    *("UID:1", "RECURRENCE-ID:20261208T090000Z", "DTSTART:20261208T090000Z"),
                    *("DTEND:20261208T100000Z", "STATUS:CANCELLED"),
                ]
            ),
        ]
    )
    assert times(read_calendar(data)) == [*TAKEN, "12-15T09:00/12-15T10:00"]


def test_cancelling_this_and_all_later_occurrences_ends_a_series() -> None:
    data = calendar_of(
        [
            event(["UID:1", *WHEN, "RRULE:FREQ=WEEKLY"]),
            event(
                [
                    *("UID:1", "RECURRENCE-ID;RANGE=THISANDFUTURE:20261208T090000Z"),
                    *("DTSTART:20261208T090000Z", "DURATION:PT1H", "STATUS:CANCELLED"),
                ]
            ),
        ]
    )
    assert times(read_calendar(data)) == TAKEN


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("DTSTART:20261201T090000Z",), []),
        (("DTSTART:20261201T090000Z", "DTEND:20261201T090000Z"), []),
        (("DTSTART;VALUE=DATE:20261201",), ["12-01T00:00/12-02T00:00"]),
        (("DTSTART:20261201",), ["12-01T00:00/12-02T00:00"]),
        (("DTSTART;VALUE=DATE:20261201T000000",), ["12-01T00:00/12-02T00:00"]),
        (("DTSTART:20261201T090000Z", "DURATION:P1DT2H"), None),
        (("DTSTART:20261201T090000Z", "DURATION:PT3600S"), TAKEN),
        (("DTSTART:20261201T235960Z", "DTEND:20261202T000059Z"), None),
        (("DTSTART;TZID=Europe/Berlin:20261201T090000Z", "DURATION:PT1H"), TAKEN),
    ],
)
def test_an_event_is_as_long_as_it_says(lines: tuple[str, ...], expected: list[str] | None) -> None:
    calendar = read(*lines)
    assert not calendar.problems
    if expected is not None:
        assert times(calendar) == expected


@pytest.mark.parametrize(
    ("lines", "problem", "expected"),
    [
        (
            ("DTSTART:20261201T090000Z", "DTEND:20261201T080000Z"),
            ReadingProblem.LENGTH,
            "08:00/12-01T09:00",
        ),
        (
            ("DTSTART:20261201T000000Z", "DURATION:P999999999D"),
            ReadingProblem.LENGTH,
            "00:00/12-02T00:00",
        ),
        (
            ("DTSTART:20261201T000000Z", "DURATION:-PT1H"),
            ReadingProblem.LENGTH,
            "00:00/12-02T00:00",
        ),
        (
            ("DTSTART:20261201T000000Z", "DTEND:tomorrow"),
            ReadingProblem.LENGTH,
            "00:00/12-02T00:00",
        ),
        ((*WHEN, "RRULE:FREQ=FORTNIGHTLY"), ReadingProblem.RULE, "09:00/12-01T10:00"),
        ((*WHEN, "RRULE:FREQ=DAILY;INTERVAL=0"), ReadingProblem.RULE, "09:00/12-01T10:00"),
        ((*WHEN, "RRULE:FREQ=DAILY;BYDAY=XX"), ReadingProblem.RULE, "09:00/12-01T10:00"),
        ((*WHEN, "RRULE:FREQ=DAILY;BYEASTER=1"), ReadingProblem.RULE, "09:00/12-01T10:00"),
        ((*WHEN, "RRULE:RSCALE=HEBREW;FREQ=YEARLY"), ReadingProblem.RULE, "09:00/12-01T10:00"),
        ((*WHEN, "RRULE:"), ReadingProblem.RULE, "09:00/12-01T10:00"),
        ((*WHEN, "EXDATE:never"), ReadingProblem.DATES, "09:00/12-01T10:00"),
        (
            (*WHEN, "RDATE;VALUE=PERIOD:20261205T090000Z/x"),
            ReadingProblem.DATES,
            "09:00/12-01T10:00",
        ),
    ],
)
def test_what_cannot_be_read_is_counted_and_time_is_taken(
    lines: tuple[str, ...], problem: ReadingProblem, expected: str
) -> None:
    calendar = read(*lines)
    assert (calendar.problems, calendar.unreadable_total) == ({problem: 1}, 1)
    assert times(calendar) == [f"12-01T{expected}"]


@pytest.mark.parametrize("start", ["", "DTSTART:20261301T090000Z", "DTSTART:20261201T250000Z"])
def test_an_event_without_a_start_is_counted(start: str) -> None:
    calendar = read(*([start] if start else []), "DTEND:20261201T100000Z")
    assert (calendar.events, calendar.problems) == ([], {ReadingProblem.EVENT: 1})


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "europe/berlin",
        '"Europe/Berlin"',
        "/mozilla.org/20050126_1/Europe/Berlin",
        "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin",
        "W. Europe Standard Time",
        "w. europe standard time",
    ],
)
def test_a_zone_has_many_names(name: str) -> None:
    calendar = read(f"DTSTART;TZID={name}:20261201T100000", "DURATION:PT1H")
    assert not calendar.problems
    assert times(calendar) == TAKEN


ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{more}"
    "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0500\r\nTZOFFSETTO:+0400\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0400\r\nTZOFFSETTO:+0500\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
)


def in_zone(name: str, more: str = "") -> bytes:
    """Its VTIMEZONE, four hours east of UTC and five in summer, stands behind the events."""
    timed = event(
        [
            *(f"DTSTART;TZID={name}:20260925T100000", "DURATION:PT1H"),
            "RRULE:FREQ=MONTHLY;COUNT=3",
        ]
    )
    return (BEGIN + timed + ZONE.format(name=name, more=more) + END).encode()


def test_a_zone_that_nobody_knows_is_what_the_file_says() -> None:
    calendar = read_calendar(in_zone("Customized Time Zone"))
    assert times(calendar) == [
        "09-25T05:00/09-25T06:00",
        "10-25T06:00/10-25T07:00",
        "11-25T06:00/11-25T07:00",
    ]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("Europe/Berlin", ""),
        ("W. Europe Standard Time", ""),
        ("Our office", "X-LIC-LOCATION:Europe/Berlin\r\n"),
    ],
)
def test_the_pinned_data_wins_over_what_the_file_says(name: str, more: str) -> None:
    calendar = read_calendar(in_zone(name, more))
    assert times(calendar)[0] == "09-25T08:00/09-25T09:00"


def test_an_unknown_zone_is_the_calendars_and_counted() -> None:
    calendar = read("DTSTART;TZID=Nowhere:20261201T100000", "DURATION:PT1H")
    assert calendar.problems == {ReadingProblem.ZONE: 1}
    assert times(calendar, zone="Europe/Berlin") == TAKEN


def test_times_without_a_zone_are_in_that_of_the_file() -> None:
    timed = event(["DTSTART:20261201T100000", "DURATION:PT1H"])
    day = event(["DTSTART;VALUE=DATE:20261203"])
    data = (BEGIN + "X-WR-TIMEZONE:W. Europe Standard Time\r\n" + timed + day + END).encode()
    calendar = read_calendar(data)
    assert calendar.zone == "Europe/Berlin"
    assert occurrences(calendar, zone="Asia/Tokyo") == [*TAKEN, "12-02T23:00/12-03T23:00"]


def test_a_rule_in_utc_follows_the_zone_of_the_file() -> None:
    series = event(["DTSTART:20261022T070000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2"])
    data = (BEGIN + "X-WR-TIMEZONE:Europe/Berlin\r\n" + series + END).encode()
    expected = ["10-22T07:00/10-22T08:00", "10-29T08:00/10-29T09:00"]
    assert times(read_calendar(data)) == expected


def test_of_several_versions_the_highest_sequence_counts() -> None:
    old = event(["UID:1", "SEQUENCE:1", "DTSTART:20261203T090000Z", "DURATION:PT1H"])
    new = event(["UID:1", "SEQUENCE:2", *WHEN])
    assert times(read_calendar(calendar_of([new, old]))) == TAKEN


def test_of_several_changes_of_one_occurrence_the_highest_sequence_counts() -> None:
    series = event(["UID:1", *WHEN, "RRULE:FREQ=WEEKLY;COUNT=1"])
    named = ("UID:1", "RECURRENCE-ID:20261201T090000Z", "DURATION:PT1H")
    new = event([*named, "SEQUENCE:2", "DTSTART:20261201T150000Z"])
    old = event([*named, "SEQUENCE:1", "DTSTART:20261201T120000Z"])
    assert times(read_calendar(calendar_of([series, new, old]))) == ["12-01T15:00/12-01T16:00"]


def test_a_day_is_left_out_by_any_time_of_it() -> None:
    calendar = read(*DAY, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261202T120000Z")
    assert times(calendar) == ["12-01T00:00/12-02T00:00", "12-03T00:00/12-04T00:00"]


def test_nothing_of_an_event_is_kept_but_its_times() -> None:
    """Neither titles, places and people, nor the name that its calendar knows it by."""
    calendar = read(
        *WHEN,
        "SUMMARY:Secret title",
        "LOCATION:Secret place",
        "ATTENDEE;CN=Secret:mailto:secret@example.test",
        "ORGANIZER:mailto:secret@example.test",
        "UID:secret",
    )
    kept = msgspec.json.encode(calendar.events)
    assert b"secret" not in kept.lower()


def test_an_event_of_ours_keeps_its_name_and_marks() -> None:
    own = event(["UID:bk_1-1@kalends", *WHEN, "X-KALENDS-BOOKING:bk_1", "x-kalends-version:3"])
    found = read_calendar(calendar_of([own])).events[0]
    assert found.own_uid == "bk_1-1@kalends"
    assert found.marks == {"booking": "bk_1", "version": "3"}
    assert found.uid_hash == hash_uid("bk_1-1@kalends")


def test_lines_may_be_folded_anywhere_and_end_as_they_like() -> None:
    text = calendar_of([event(["UID:1", *WHEN])])
    folded = text.replace(b"DTSTART", b"DTS\r\n TART").replace(b"T100000", b"T10\r\n\t0000")
    for data in (folded, folded.replace(b"\r\n", b"\n"), b"\xef\xbb\xbf" + folded, folded.lower()):
        assert times(read_calendar(data)) == TAKEN


def test_what_stands_within_an_event_is_not_its_own() -> None:
    alarm = ("BEGIN:VALARM", "DTSTART:20261203T090000Z", "STATUS:CANCELLED", "END:VALARM")
    assert times(read(*alarm, *WHEN)) == TAKEN


def test_tasks_and_journals_take_no_time() -> None:
    data = calendar_of([event(WHEN).replace("VEVENT", name) for name in ("VTODO", "VJOURNAL")])
    assert read_calendar(data).events == []


def test_events_of_several_calendars_in_one_file_are_read() -> None:
    data = calendar_of([event(["UID:1", *WHEN])]) + calendar_of([event(["UID:2", *WHEN])])
    assert len(read_calendar(data).events) == 2


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("REFRESH-INTERVAL;VALUE=DURATION:PT15M", 900),
        ("X-PUBLISHED-TTL:PT1H", 3600),
        ("X-PUBLISHED-TTL:soon", None),
        ("X-OTHER:PT1H", None),
    ],
)
def test_a_file_may_say_how_often_to_read_it(line: str, seconds: int | None) -> None:
    data = (BEGIN + f"{line}\r\n" + event(WHEN) + END).encode()
    assert read_calendar(data).refresh_seconds == seconds


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("X-WR-CALNAME:Ada\\, at work", "Ada, at work"),
        ("NAME;LANGUAGE=de:Arbeit", "Arbeit"),
        ("X-WR-CALNAME:a\x00\tb", "a b"),
        ("X-WR-CALNAME: ", None),
        ("X-OTHER:a", None),
    ],
)
def test_a_file_may_say_what_it_is_called(line: str, name: str | None) -> None:
    data = (BEGIN + f"{line}\r\n" + event(WHEN) + END).encode()
    assert read_calendar(data).name == name


def test_a_file_is_the_same_whatever_its_time_stamps_say() -> None:
    data = calendar_of([event(["UID:1", *WHEN]), event(["UID:2", *WHEN])])
    later = data.replace(b"DTSTAMP:20260101T000000Z", b"DTSTAMP:20260102T101112Z")
    assert later != data
    assert content_digest(later) == content_digest(data)
    assert content_digest(data.replace(b"T090000Z", b"T093000Z")) != content_digest(data)


def test_a_shape_is_what_it_was_after_it_was_kept() -> None:
    calendar = read_calendar(in_zone("Customized Time Zone"))
    rich = read(
        *("DTSTART;TZID=Europe/Berlin:20261201T100000", "DURATION:P1DT1H", "STATUS:TENTATIVE"),
        "RRULE:FREQ=MONTHLY;BYDAY=-1FR,MO;UNTIL=20271231T000000Z;WKST=SU",
        "RDATE;VALUE=PERIOD:20261205T090000Z/PT2H",
        "EXDATE;VALUE=DATE:20261207",
    )
    for each in (*calendar.events, *rich.events):
        kept = msgspec.msgpack.encode(each.series)
        assert msgspec.msgpack.decode(kept, type=Series) == each.series
