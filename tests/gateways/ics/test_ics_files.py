"""What a calendar file says of itself."""

import pytest

from kalends.domain.calendars.failures import CalendarTooLarge, NotUnderstood, Unanswered
from kalends.gateways.ics.files import CalendarFile, read_file_at_once

EVENT = "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:{stamp}\r\nDTSTART:20261203T090000Z\r\nEND:VEVENT\r\n"


def file_of(*uids: str, head: str = "", stamp: str = "20261101T000000Z") -> bytes:
    events = "".join(EVENT.format(uid=uid, stamp=stamp) for uid in uids)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}{events}END:VCALENDAR\r\n".encode()


def read(body: bytes) -> CalendarFile:
    file = read_file_at_once(body)
    assert isinstance(file, CalendarFile), file
    return file


def test_another_time_of_making_is_the_same_calendar() -> None:
    first = read(file_of("a", "b", stamp="20261101T000000Z"))
    later = read(file_of("a", "b", stamp="20261102T030405Z"))
    assert (first.digest, first.events) == (later.digest, 2)
    assert first.digest != read(file_of("a", "c")).digest


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        ("", 600),
        ("REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n", 3600),
        ("X-PUBLISHED-TTL:PT15M\r\n", 900),
        ("X-PUBLISHED-TTL:PT1H\r\nREFRESH-INTERVAL:PT30M\r\n", 1800),
        ("REFRESH-INTERVAL:PT1S\r\n", 300),
        ("REFRESH-INTERVAL:P1W\r\n", 86_400),
        ("REFRESH-INTERVAL:P999999W\r\n", 86_400),
        ("REFRESH-INTERVAL:P9999999999999W\r\n", 600),
        ("REFRESH-INTERVAL:-PT1H\r\n", 600),
        ("REFRESH-INTERVAL:P\r\n", 600),
        ("REFRESH-INTERVAL;VALUE=DURA\r\n TION:PT2H\r\n", 7200),
    ],
)
def test_how_often_it_wants_to_be_read_is_bounded(head: str, seconds: int) -> None:
    assert read(file_of("a", head=head)).refresh_seconds == seconds


def test_name_and_zone_are_those_of_the_calendar_and_no_events() -> None:
    head = "X-WR-CALNAME:Wor\r\n k\r\nX-WR-TIMEZONE:Europe/Berlin\r\n"
    file = read(file_of("a", head=head))
    assert (file.name, file.zone) == ("Work", "Europe/Berlin")
    body = file_of("a\r\nX-WR-CALNAME:Mine\r\nX-WR-TIMEZONE:Mars")
    assert (read(body).name, read(body).zone) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><title>Sign in</title>",
        b"\r\n <html><body>BEGIN:VCALENDAR</body></html>",
        b'<?xml version="1.0"?><error/>',
        b"",
        b"{}",
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_no_calendar_is_no_empty_one(body: bytes) -> None:
    assert isinstance(read_file_at_once(body), NotUnderstood)


def test_a_page_is_told_from_other_texts() -> None:
    page = read_file_at_once(b"<!DOCTYPE html>")
    assert isinstance(page, NotUnderstood)
    assert "sign in" in page.reason


def test_a_file_that_breaks_off_is_not_read() -> None:
    body = file_of("a", "b")
    assert isinstance(read_file_at_once(body[: len(body) // 2]), Unanswered)
    assert isinstance(read_file_at_once(b"\xef\xbb\xbf" + body + b"\r\n\r\n"), CalendarFile)


def test_more_events_than_a_limit_are_refused() -> None:
    event = EVENT.format(uid="a", stamp="1")
    begin, end = b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n"
    assert read(begin + event.encode() * 30_000 + end).events == 30_000
    assert isinstance(read_file_at_once(begin + event.encode() * 30_001 + end), CalendarTooLarge)
