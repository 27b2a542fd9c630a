"""Invitations and feeds: their lines, and what two parsers read in them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import vobject
from hypothesis import example, given
from icalendar import Calendar

from kalends.formats.cleaning import many_lines, one_line
from kalends.formats.icalendar.invitations import (
    EventStatus,
    FeedEntry,
    Invitation,
    Method,
    feed_ics,
    invitation_ics,
)
from kalends.formats.person import Person
from tests.formats.samples import CHANGED, NOON
from tests.formats.strategies import WITHOUT_HURRY, hostile
from tests.formats.test_timezones import pinned

PRAXIS = Person("Praxis Müller", "kalends@praxis.example")
JANE = Person("Jane Doe", "jane@example.com")

GOLDEN = r"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Kalends//Kalends//EN
CALSCALE:GREGORIAN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:19810329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:bk_1@kalends
SEQUENCE:2
STATUS:CONFIRMED
DTSTAMP:20261125T083012Z
LAST-MODIFIED:20261125T083012Z
DTSTART;TZID=Europe/Berlin:20261201T100000
DTEND;TZID=Europe/Berlin:20261201T110000
SUMMARY:Tea\, cake\; talk \\ walk
TRANSP:OPAQUE
DESCRIPTION:Bring:\n	cups
LOCATION:Room 5
URL:https://praxis.example/a?b=1,2;c
ORGANIZER;CN=Praxis Müller:mailto:kalends@praxis.example
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=
 FALSE;CN="Jane ^'JJ^' Doe, PhD":mailto:jane@example.com
END:VEVENT
END:VCALENDAR
"""


def invitation(**changes: Any) -> Invitation:
    values: dict[str, Any] = {
        "uid": "bk_1@kalends",
        "sequence": 2,
        "method": Method.REQUEST,
        "status": EventStatus.CONFIRMED,
        "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=1),
        "zone": "Europe/Berlin",
        "summary": "Consultation",
        "organizer": PRAXIS,
        "attendees": (JANE,),
        "recorded_at": CHANGED,
    }
    return Invitation(**(values | changes))


def entry(**changes: Any) -> FeedEntry:
    values: dict[str, Any] = {
        "uid": "bk_1@kalends",
        "sequence": 2,
        "status": EventStatus.CONFIRMED,
        "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=1),
        "zone": "Europe/Berlin",
        "summary": "Consultation",
        "recorded_at": CHANGED,
    }
    return FeedEntry(**(values | changes))


def event_in(content: bytes) -> Any:
    """The one event, after both parsers have read it."""
    assert len(list(vobject.readOne(content.decode()).vevent_list)) == 1
    (event,) = Calendar.from_ical(content).events
    return event


def test_an_invitation_reads_like_this() -> None:
    content = invitation_ics(
        invitation(
            summary="Tea, cake; talk \\ walk",
            description="Bring:\r\n\tcups",
            location="Room 5",
            url="https://praxis.example/a?b=1,2;c",
            attendees=(Person('Jane "JJ" Doe, PhD', "jane@example.com"),),
        )
    )
    assert content.decode().split("\r\n") == GOLDEN.split("\n")


def test_a_request_names_one_organizer_and_everybody_invited() -> None:
    content = invitation_ics(invitation(attendees=(JANE, PRAXIS)))
    calendar, event = Calendar.from_ical(content), event_in(content)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert event["ORGANIZER"] == "mailto:kalends@praxis.example"
    assert event["ORGANIZER"].params["CN"] == "Praxis Müller"
    assert [str(each) for each in event["ATTENDEE"]] == [
        "mailto:jane@example.com",
        "mailto:kalends@praxis.example",
    ]
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("bk_1@kalends", 2, "CONFIRMED")
    assert event["DTSTAMP"].dt == CHANGED


def test_a_cancellation_keeps_the_uid_and_frees_the_time() -> None:
    cancelled = invitation(method=Method.CANCEL, status=EventStatus.CANCELLED, sequence=3)
    content = invitation_ics(cancelled)
    event = event_in(content)
    assert Calendar.from_ical(content)["METHOD"] == "CANCEL"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("bk_1@kalends", 3, "CANCELLED")
    assert event["TRANSP"] == "TRANSPARENT"


def test_the_same_invitation_makes_the_same_bytes() -> None:
    assert invitation_ics(invitation()) == invitation_ics(invitation())


@pytest.mark.parametrize(
    ("zone", "start", "written"),
    [
        ("Europe/Berlin", "2026-12-01T09:00", "DTSTART;TZID=Europe/Berlin:20261201T100000"),
        ("Asia/Kathmandu", "2026-12-01T09:00", "DTSTART;TZID=Asia/Kathmandu:20261201T144500"),
        ("UTC", "2026-12-01T09:00", "DTSTART:20261201T090000Z"),
        ("Etc/UTC", "2026-12-01T09:00", "DTSTART:20261201T090000Z"),
        ("Europe/Berlin", "2026-10-25T00:15", "DTSTART;TZID=Europe/Berlin:20261025T021500"),
        # The second 02:30: with TZID it would be read as the first one.
        ("Europe/Berlin", "2026-10-25T01:30", "DTSTART:20261025T013000Z"),
        ("Europe/Berlin", "2026-10-24T23:45", "DTSTART;TZID=Europe/Berlin:20261025T014500"),
        ("America/New_York", "1900-01-01T15:00", "DTSTART;TZID=America/New_York:19000101T100000"),
        ("Australia/Sydney", "2199-12-31T13:00", "DTSTART;TZID=Australia/Sydney:22000101T000000"),
    ],
)
def test_times_stand_in_their_zone_where_it_can_express_them(
    zone: str, start: str, written: str
) -> None:
    starts_at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    given_times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=30)}
    content = invitation_ics(invitation(zone=zone, **given_times))
    assert written.encode() in content.split(b"\r\n")
    assert (b"BEGIN:VTIMEZONE" in content) == ("TZID" in written)


def test_both_parsers_read_the_instants_back() -> None:
    content = invitation_ics(invitation(zone="Australia/Lord_Howe"))
    theirs = vobject.readOne(content.decode()).vevent
    assert event_in(content)["DTSTART"].dt.astimezone(UTC) == NOON
    assert theirs.dtstart.value.astimezone(UTC) == NOON
    assert theirs.dtend.value.astimezone(UTC) == NOON + timedelta(hours=1)


def test_lines_have_75_octets_at_most_and_whole_characters() -> None:
    summary = "".join("ä€😀x"[n % 4] * (n % 7) for n in range(200))
    content = invitation_ics(invitation(summary=summary))
    lines = content.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert max(map(len, lines)) == 75
    for line in lines:
        line.decode()
    assert event_in(content)["SUMMARY"] == summary


@pytest.mark.parametrize("length", range(60, 90))
def test_a_fold_loses_nothing_at_any_length(length: int) -> None:
    summary = "é" * length
    assert event_in(invitation_ics(invitation(summary=summary)))["SUMMARY"] == summary


@WITHOUT_HURRY
@given(hostile, hostile)
@example(name=".\r\n=", words="")
def test_any_text_stays_text(name: str, words: str) -> None:
    people = {"organizer": Person(name, JANE.email), "attendees": (Person(name, JANE.email),)}
    content = invitation_ics(invitation(summary=words, description=words, location=words, **people))
    event = event_in(content)
    assert event.get("DESCRIPTION", "") == many_lines(words)
    assert event.get("LOCATION", "") == event["SUMMARY"] == one_line(words)
    # A backslash means nothing in a parameter, but this parser takes it to escape.
    common_name = event["ORGANIZER"].params["CN"].replace("\\", "")
    assert common_name == (one_line(name) or JANE.email).replace("\\", "")
    assert event["ATTENDEE"] == "mailto:jane@example.com"
    assert max(map(len, content.split(b"\r\n"))) <= 75
    assert not any(c in content.decode() for c in "\x00\x0b\x0c\x85\u2028\u2029\u202e\ufeff")


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("a+b@example.com", "mailto:a+b@example.com"),
        ("jürgen@example.com", "mailto:j%C3%BCrgen@example.com"),
        ("info@bücher.example", "mailto:info@xn--bcher-kva.example"),
        ("info@straße.example", "mailto:info@xn--strae-oqa.example"),
        ("what?&cc=x@example.com", "mailto:what%3F%26cc%3Dx@example.com"),
    ],
)
def test_addresses_are_uris(email: str, written: str) -> None:
    event = event_in(invitation_ics(invitation(attendees=(Person("A", email),))))
    assert str(event["ATTENDEE"]) == written
    assert unquote(written).partition("@")[0] == f"mailto:{email.partition('@')[0]}"


def test_a_feed_has_each_appointment_and_no_attendee() -> None:
    later = entry(
        uid="bk_2@kalends",
        starts_at=NOON + timedelta(days=200),
        ends_at=NOON + timedelta(days=200, hours=1),
        zone="Asia/Kolkata",
    )
    content = feed_ics("Dr. Müller, room 1", [later, entry(), invitation()], organizer=PRAXIS)
    calendar = Calendar.from_ical(content)
    assert calendar["METHOD"] == "PUBLISH"
    assert "\r\nNAME:Dr. Müller\\, room 1\r\n" in content.decode()
    assert [str(each["TZID"]) for each in calendar.timezones] == ["Asia/Kolkata", "Europe/Berlin"]
    assert [str(each["UID"]) for each in calendar.events] == ["bk_1@kalends"] * 2 + ["bk_2@kalends"]
    assert b"ATTENDEE" not in content


def test_a_feed_does_not_depend_on_the_order_of_its_entries() -> None:
    one, two = entry(), entry(uid="bk_2@kalends")
    assert feed_ics("A", [one, two], organizer=PRAXIS) == feed_ics(
        "A", [two, one], organizer=PRAXIS
    )
    changed = entry(uid="bk_2@kalends", sequence=3)
    assert feed_ics("A", [one, two], organizer=PRAXIS) != feed_ics(
        "A", [one, changed], organizer=PRAXIS
    )


def test_the_zone_of_a_feed_covers_all_its_years() -> None:
    zone = "Europe/Berlin"
    starts = [datetime(year, month, 9, 9, tzinfo=UTC) for year in (2020, 2026) for month in (1, 7)]
    entries = [
        entry(uid=f"bk_{n}", starts_at=start, ends_at=start, zone=zone)
        for n, start in enumerate(starts)
    ]
    content = feed_ics("A", entries, organizer=PRAXIS)
    read = [each.dtstart.value for each in vobject.readOne(content.decode()).vevent_list]
    assert [each.astimezone(UTC) for each in read] == starts
    local = [start.astimezone(pinned(zone)) for start in starts]
    assert [each.replace(tzinfo=None) for each in read] == [
        each.replace(tzinfo=None) for each in local
    ]


def test_an_empty_feed_is_a_calendar() -> None:
    assert list(Calendar.from_ical(feed_ics("A", [], organizer=PRAXIS)).events) == []
