"""Calendars of others, read and expanded: `python -m bench.calendar_events`.

10,000 events, of which one in ten recurs, and what of them is busy in 60 days: CPU time beside
that of icalendar with recurring-ical-events, turn by turn in one process. `--events`, `--recurring`
(in percent), `--rounds`. Exits with 1 where it costs more than a tenth, or where the two find
different occurrences.
"""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from time import process_time
from typing import Final
from zoneinfo import reset_tzpath

import icalendar
import recurring_ical_events

from kalends.availability.interval import Interval
from kalends.availability.recurrence.busy import busy_calendar
from kalends.availability.recurrence.occurrences import expand
from kalends.availability.recurrence.steps import Steps
from kalends.availability.wallclock import zone_named
from kalends.formats.icalendar.reading.calendar import read_calendar

MOST_OF_LIBRARY: Final = 0.1
BEGINS: Final = datetime(2026, 12, 1, tzinfo=UTC)
ENDS: Final = BEGINS + timedelta(days=60)
SPAN: Final = Interval(int(BEGINS.timestamp()), int(ENDS.timestamp()))
ZONES: Final = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London")
RULES: Final = (
    "FREQ=WEEKLY;BYDAY=MO,WE",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=DAILY;COUNT=30",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20271231T000000Z",
    "FREQ=YEARLY",
)


def main() -> int:
    reset_tzpath(to=())
    arguments = _arguments()
    data = made_calendar(arguments.events, arguments.recurring)
    print(f"{arguments.events:,} events, {arguments.recurring} % recurring, {len(data):,} bytes")
    if _ours(data) != _theirs(data):
        print("the occurrences differ")
        return 1
    ratios = []
    for _ in range(arguments.rounds):
        read, busy, library = _costs(data)
        ratios.append((read + busy) / library)
        print(
            f"read {read * 1e3:7.0f} ms  busy {busy * 1e3:7.0f} ms"
            f"  library {library * 1e3:8.0f} ms  ratio {ratios[-1]:.3f}"
        )
    print(f"median ratio {median(ratios):.3f}, at most {MOST_OF_LIBRARY}")
    return 0 if median(ratios) <= MOST_OF_LIBRARY else 1


def made_calendar(count: int, recurring_percent: int) -> bytes:
    """Events of four years as Google writes them: with a text, a place and attendees."""
    chance = Random(15)
    events = (_event(chance, at, recurring_percent) for at in range(count))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(events)}END:VCALENDAR\r\n".encode()


def _event(chance: Random, at: int, recurring_percent: int) -> str:
    starts = datetime(2023, 6, 1) + timedelta(minutes=15 * chance.randrange(4 * 24 * 1460))
    zone = chance.choice((*ZONES, "UTC"))
    is_all_day = chance.random() < 0.1
    lines = [f"UID:{at}-{chance.getrandbits(64):x}@bench"]
    if is_all_day:
        lines += [f"DTSTART;VALUE=DATE:{starts:%Y%m%d}"]
        lines += [f"DTEND;VALUE=DATE:{starts + timedelta(days=1):%Y%m%d}"]
    else:
        ends = starts + timedelta(minutes=chance.choice((30, 45, 60, 90)))
        lines += [_time("DTSTART", starts, zone), _time("DTEND", ends, zone)]
    if chance.random() * 100 < recurring_percent:
        rule = chance.choice(RULES)
        lines.append(f"RRULE:{rule.removesuffix('T000000Z') if is_all_day else rule}")
    text = f"SUMMARY:Meeting number {at}\r\nLOCATION:Room {at % 20}\r\nDESCRIPTION:As agreed"
    body = "\r\n".join((*lines, text))
    return (
        f"BEGIN:VEVENT\r\nDTSTAMP:20261129T000000Z\r\n{body}\r\nSTATUS:CONFIRMED\r\n"
        f"SEQUENCE:{at % 3}\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\n"
    )


def _time(name: str, moment: datetime, zone: str) -> str:
    if zone == "UTC":
        return f"{name}:{moment:%Y%m%dT%H%M%S}Z"
    return f"{name};TZID={zone}:{moment:%Y%m%dT%H%M%S}"


def _costs(data: bytes) -> tuple[float, float, float]:
    """CPU seconds: to read, to find what is busy, and all of that by the library."""
    calendar = None

    def read() -> None:
        nonlocal calendar
        calendar = read_calendar(data)

    def find() -> None:
        assert calendar
        busy_calendar([event.series for event in calendar.events], SPAN, zone_named("UTC"))

    return _seconds(read), _seconds(find), _seconds(lambda: _theirs(data))


def _seconds(call: Callable[[], object]) -> float:
    began = process_time()
    call()
    return process_time() - began


def _ours(data: bytes) -> list[tuple[int, int]]:
    zone = zone_named("UTC")
    return sorted(
        (each.start, each.end)
        for event in read_calendar(data).events
        for each in expand(event.series, SPAN, zone, Steps()).occurrences
    )


def _theirs(data: bytes) -> list[tuple[int, int]]:
    """Of whole days it gives those that only touch the span, too."""
    calendar = icalendar.Calendar.from_ical(data)
    found = recurring_ical_events.of(calendar).between(BEGINS, ENDS)
    times = ((_instant(each.start), _instant(each.end)) for each in found)
    return sorted((start, end) for start, end in times if start < SPAN.end and SPAN.start < end)


def _instant(moment: datetime) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return int(moment.timestamp())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.calendar_events", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--recurring", type=int, default=10, help="percent")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
