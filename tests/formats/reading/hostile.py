"""Files that were made, or happened, to keep a reader busy: each is built when it is asked for."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Final

from tests.formats.reading.generated import BEGIN, END, calendar_of, event

START: Final = ("DTSTART:20200101T090000Z", "DTEND:20200101T090001Z")


def rule(text: str, *lines: str) -> bytes:
    return calendar_of([event(["UID:1", *(lines or START), f"RRULE:{text}"])])


def numbers(count: int) -> str:
    return ",".join(map(str, range(count)))


def all_seconds() -> bytes:
    return rule(f"FREQ=DAILY;BYHOUR={numbers(24)};BYMINUTE={numbers(60)};BYSECOND={numbers(60)}")


def many(count: int, *lines: str) -> bytes:
    """`count` events of these lines, as short as can be."""
    body = "\r\n".join(lines)
    events = (f"BEGIN:VEVENT\r\nUID:{at}\r\n{body}\r\nEND:VEVENT\r\n" for at in range(count))
    return (BEGIN + "".join(events) + END).encode()


def dates(name: str, count: int) -> bytes:
    """One event with so many dates, one in a line."""
    days = (date(2026, 1, 1) + timedelta(days=at) for at in range(count))
    listed = (f"{name}:{day:%Y%m%d}T090000Z" for day in days)
    return rule("FREQ=DAILY", *START, *listed)


def changed(count: int) -> bytes:
    """One event of which so many occurrences were moved by an hour."""
    first = date(2020, 1, 1)
    days = [f"{first + timedelta(days=at):%Y%m%d}" for at in range(count)]
    moved = (
        event(["UID:1", f"RECURRENCE-ID:{day}T090000Z", f"DTSTART:{day}T100000Z", "DURATION:PT1H"])
        for day in days
    )
    return calendar_of([event(["UID:1", *START, "RRULE:FREQ=DAILY"]), *moved])


def zone(*rules: str, name: str = "Made up") -> str:
    body = "".join(
        "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
        f"RRULE:{each}\r\nEND:STANDARD\r\n"
        for each in rules
    )
    return f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{body}END:VTIMEZONE\r\n"


def in_zone(zones: Iterable[str], name: str = "Made up") -> bytes:
    timed = event(["UID:1", f"DTSTART;TZID={name}:20261201T090000", "DURATION:PT1H"])
    return (BEGIN + "".join(zones) + timed + END).encode()


def nested(depth: int) -> bytes:
    names = [f"X-{at}" for at in range(depth)]
    begins = "".join(f"BEGIN:{name}\r\n" for name in names)
    ends = "".join(f"END:{name}\r\n" for name in reversed(names))
    return (BEGIN + begins + ends + END).encode()


def all_folds() -> bytes:
    """Ten megabytes, of which each second line goes on with the one before."""
    return calendar_of([event(["UID:1", *START, "X-LONG:" + "\r\n a" * 2_000_000])])


# Of one event, each of which ran for seconds, or for ever, in other readers.
RULES: Final[dict[str, Callable[[], bytes]]] = {
    "every second": lambda: rule("FREQ=SECONDLY"),
    "a thousand million seconds": lambda: rule("FREQ=SECONDLY;COUNT=1000000000"),
    "every minute": lambda: rule("FREQ=MINUTELY"),
    "all seconds of every day": all_seconds,
    "a thousand million hours": lambda: rule("FREQ=HOURLY;COUNT=1000000000"),
    "a thousand million days": lambda: rule("FREQ=DAILY;COUNT=1000000000"),
    "counted days that are rare": lambda: rule(
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=1000000000"
    ),
    "31 February by the second": lambda: rule("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31"),
    "30 February by the day": lambda: rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    "30 February by the day, counted": lambda: rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=9"),
    "31 February by the hour": lambda: rule("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=31"),
    "31 February by the year": lambda: rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31;COUNT=9"),
    "days since 1601": lambda: rule("FREQ=DAILY", "DTSTART:16010101T090000Z", "DURATION:PT1H"),
    "counted months since 1601": lambda: rule(
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=99999",
        "DTSTART:16010101T090000Z",
        "DURATION:PT1H",
    ),
    "hours since the year 1": lambda: rule(
        "FREQ=HOURLY", "DTSTART:00010101T000000Z", "DURATION:PT1H"
    ),
    "forty years, every day": lambda: rule(
        "FREQ=DAILY", "DTSTART:19860101T000000Z", "DTEND:20260101T000000Z"
    ),
    "every week of every year": lambda: rule(
        "FREQ=YEARLY;BYWEEKNO=" + ",".join(map(str, range(1, 54))) + ";COUNT=99999",
        *("DTSTART:16010101T090000Z", "DURATION:PT1H"),
    ),
    "an end in the year 9999": lambda: rule(
        "FREQ=DAILY", "DTSTART:20200101T000000Z", "DTEND:99991231T000000Z"
    ),
    "an interval beyond all years": lambda: rule("FREQ=YEARLY;INTERVAL=1000000"),
}
