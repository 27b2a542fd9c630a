"""`python -m bench.calendar_latency` (six minutes): from a booking to its event in a calendar, and
from an event there to the times that it makes busy.

Kalends as users run it, a server and a worker, and a real Radicale. One booking after the other,
each when the event of the one before has come. Then somebody puts events into the calendar: while
pages are opened, which has it read at once, and while nobody looks, so that it is polled.
"""

import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from scripts.kill_while_writing import Calendar, event_type_on, find_calendar, on_caldav, send
from tests.world import World

from bench import report

BOOKINGS: Final = 100
WARM_UP: Final = 5
OPENED: Final = 6
POLLED: Final = 4
# What they may take.
MOST_WRITTEN_SECONDS: Final = 3
MOST_NUDGED_SECONDS: Final = 5
MOST_POLLED_SECONDS: Final = 150
# No calendar is read sooner for a page that is opened.
BETWEEN_PAGES_SECONDS: Final = 11
BETWEEN_EVENTS_SECONDS: Final = 35
PAUSE_SECONDS: Final = 0.02
FIRST: Final = (datetime.now(UTC) + timedelta(days=3)).replace(
    hour=0, minute=0, second=0, microsecond=0
)
EVENT: Final = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:bench\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:{start:%Y%m%dT%H%M%SZ}\r
DURATION:PT30M\r
SUMMARY:Elsewhere\r
END:VEVENT\r
END:VCALENDAR\r
"""


def main() -> None:
    load_at_start = report.load_average()
    with tempfile.TemporaryDirectory() as name, on_caldav("radicale", Path(name)) as stage:
        world, _, calendar, connection = stage
        assert isinstance(calendar, Calendar)
        event_type = event_type_on(world, connection, calendar)
        written = [_book(world, calendar, event_type, n) for n in range(WARM_UP + BOOKINGS)]
        cuts = quantiles(written[WARM_UP:], n=100)
        print(
            f"a booking is in the calendar: p50 {cuts[49]:.2f} s, p95 {cuts[94]:.2f} s (at most"
            f" {MOST_WRITTEN_SECONDS} s)"
        )
        reader = _Reader(world, connection, calendar)
        opened = [reader.until_busy(n, is_opened=True) for n in range(OPENED)]
        _say("a page is opened", opened, MOST_NUDGED_SECONDS)
        polled = [reader.until_busy(OPENED + n, is_opened=False) for n in range(POLLED)]
        _say("nobody looks", polled, MOST_POLLED_SECONDS)
    print(f"load {load_at_start:.1f} at the start, {report.load_average():.1f} at the end")


def _say(when: str, seconds: list[float], most: int) -> None:
    listed = ", ".join(f"{each:.1f}" for each in seconds)
    print(f"an event there is busy time, where {when}: {listed} s (at most {most} s)")


def _book(world: World, calendar: Calendar, event_type: str, number: int) -> float:
    """Seconds from the answer until the event is there."""
    attendee = {"name": "John Doe", "email": "john@example.com"}
    start = (FIRST + number * timedelta(hours=1)).isoformat()
    body = {"event_type_id": event_type, "start_time": start, "attendee": attendee}
    made = send(world, "POST", "bookings", json=body)
    assert made.status_code == 201, made.text
    began = time.monotonic()
    return _until(lambda: len(calendar.names()) > number, began)


class _Reader:
    """A schedule that reads the calendar, with an event type and its page."""

    def __init__(self, world: World, connection: str, calendar: Calendar) -> None:
        self._world, self._calendar = world, calendar
        organization = send(world, "GET", "organization").json()["data"]
        schedule = send(world, "POST", "schedules", json={"name": "Grace"}).json()["data"]
        use = {"calendar_id": find_calendar(world, connection, calendar), "writes": False}
        self._path = f"schedules/{schedule['id']}"
        send(world, "PUT", f"{self._path}/calendars", json=[use | {"reads": True}])
        kind: dict[str, Any] = {"name": "Talk", "schedule_id": schedule["id"]}
        made = send(world, "POST", "event-types", json=kind | {"duration_minutes": 30})
        self._page = f"{world.url}/{organization['slug']}/{made.json()['data']['slug']}"
        _until(lambda: bool(self._busy(FIRST)), time.monotonic())

    def until_busy(self, number: int, *, is_opened: bool) -> float:
        """Seconds until the schedule is busy at an event that is put into the calendar."""
        start = FIRST + timedelta(days=30 + number)
        time.sleep(BETWEEN_PAGES_SECONDS if is_opened else BETWEEN_EVENTS_SECONDS)
        self._calendar.put(EVENT.format(uid=uuid.uuid4(), start=start))
        began = time.monotonic()
        if is_opened:
            assert self._world.stranger.get(self._page).status_code == 200
        return _until(lambda: bool(self._busy(start)), began)

    def _busy(self, start: datetime) -> list[Any]:
        query = {"start": start.isoformat(), "end": (start + timedelta(minutes=30)).isoformat()}
        answer = send(self._world, "GET", f"{self._path}/busy-times", params=query)
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()["data"]
        return found


def _until(is_so: Callable[[], bool], began: float) -> float:
    while not is_so():
        if time.monotonic() - began > 2 * MOST_POLLED_SECONDS:
            raise SystemExit("it did not come about")
        time.sleep(PAUSE_SECONDS)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
