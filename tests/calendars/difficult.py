"""Kalends at work with the difficult CalDAV server: an account whose calendar a schedule writes."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import json

from kalends.compose import Installation
from kalends.domain import ids
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.changes_there import follow_changes
from kalends.services.calendars.queue import DueCalendar
from kalends.services.calendars.reading.sync import start_due_readings
from tests.calendars.readings import use
from tests.calendars.test_busy import HOUR, at
from tests.conftest import fetch, run
from tests.fakes.caldav import USER, DifficultCalDav, difficult_caldav
from tests.fakes.threads import served_in_a_thread
from tests.world import JSON, BookingsByApi, World

SECONDS = 60


@contextmanager
def difficult_server() -> Iterator[DifficultCalDav]:
    """The server in a thread of its own, as another process would be."""
    with served_in_a_thread(difficult_caldav) as server:
        yield server


def connected(world: World, server: DifficultCalDav) -> str:
    """Connects the server's account: the connection's path."""
    login = {"url": server.url + "dav/", "username": USER, "password": server.password}
    made = world.api.post("/api/v1/calendar-connections", json={"provider": "caldav"} | login)
    assert made.status_code == 201, made.text
    return f"/api/v1/calendar-connections/{made.json()['data']['id']}"


class DifficultOffice(BookingsByApi):
    """An organization whose schedule writes the account's calendar."""

    def __init__(self, world: World, home: Installation, server: DifficultCalDav) -> None:
        self.world, self.api, self.home, self.server = world, world.api, home, server
        self.organization_id = world.setup.organization_id
        server.lists_work_alone = True
        self.path = connected(world, server)
        self.wait_for(lambda: self.connection()["state"] == "active")
        (self.calendar,) = [one for one in self.calendars() if one["name"] == "Work"]
        self.schedule = world.create_schedule()
        use(self.api, self.schedule["id"], self.calendar, reads=True, writes=True)

    def policy(self, **policy: str) -> None:
        path = f"/api/v1/schedules/{self.schedule['id']}"
        assert self.api.patch(path, json={"calendar_policy": policy}).is_success

    def calendars(self) -> list[JSON]:
        return list(self.api.get(f"{self.path}/calendars").json()["data"])

    def connection(self) -> JSON:
        shown: JSON = self.api.get(self.path).json()["data"]
        return shown

    def booked(self, hour: float) -> JSON:
        booking = self.world.book(self.schedule, at(hour).isoformat())
        return self.change(booking, status="CONFIRMED")

    def move(self, booking: JSON, hour: float) -> None:
        times = {"start_time": at(hour).isoformat(), "end_time": (at(hour) + HOUR).isoformat()}
        self.change(booking, **times)

    def state(self, booking: JSON) -> str | None:
        shown = self.booking(booking)["calendar_events"]
        return str(shown[0]["state"]) if shown else None

    def error_of(self, booking: JSON) -> str | None:
        """Why the booking is not written there."""
        shown = self.booking(booking)["calendar_events"]
        return shown[0]["error"] if shown else None

    def starts(self) -> list[str]:
        """When the events there begin, in UTC."""
        texts = [data.decode() for data in self.server.objects.values()]
        return sorted(text.partition("DTSTART:")[2].partition("\r\n")[0] for text in texts)

    def shows(self, *hours: float) -> None:
        """Waits until there are events at these hours, and no others."""
        wanted = [f"{at(hour):%Y%m%dT%H%M%SZ}" for hour in hours]

        def is_shown() -> bool:
            self.try_again()
            return self.starts() == wanted

        self.wait_for(is_shown)

    def book_move_and_cancel(self) -> None:
        """Two bookings, of which one moves and the other is cancelled: the calendar follows each
        step, and nobody is asked anything."""
        first, second = self.booked(9), self.booked(11)
        self.shows(9, 11)
        self.read_anew()
        self.move(first, 14)
        self.shows(11, 14)
        self.read_anew()
        self.let_a_minute_pass()
        self.cancel(second)
        self.shows(14)
        assert self.booking(first)["status"] == "CONFIRMED"
        assert self.findings() == []

    def name_of(self, booking: JSON) -> str:
        """Of the booking's object there."""
        (name,) = [one for one in self.server.objects if one.startswith(booking["id"])]
        return name

    def move_there(self, booking: JSON, hour: float) -> None:
        """As another client does."""
        name = self.name_of(booking)
        start = f"{self.booking(booking)['start_time']}".replace("-", "").replace(":", "")
        data = self.server.objects[name].decode()
        for before, after in ((start, at(hour)), (self._end(data), at(hour) + HOUR)):
            data = data.replace(before, f"{after:%Y%m%dT%H%M%SZ}")
        self.server.put(name, data.encode())

    def _end(self, data: str) -> str:
        return data.partition("DTEND:")[2].partition("\r\n")[0]

    def try_again(self) -> None:
        """What waits to be written is due, whatever its pause."""
        run(
            self.home,
            "UPDATE webhook_lanes SET due_at = now() WHERE channel = 'calendar' AND waiting > 0"
            f" AND organization_id = '{self.organization_id}'"
            " AND due_at > now() + interval '30 seconds'",
        )

    def pause(self, *, paused: bool) -> None:
        assert self.api.patch(self.path, json={"paused": paused}).status_code == 200

    def drop_looks(self) -> None:
        """As the server does of what is paused when it comes to it."""
        run(self.home, "DELETE FROM pgqueuer WHERE entrypoint = 'follow_calendar'")

    def age_doubts(self) -> None:
        run(
            self.home,
            "UPDATE calendar_links SET missed_at = missed_at - interval '70 seconds'"
            f" WHERE organization_id = '{self.organization_id}' AND missed_at IS NOT NULL",
        )

    def let_a_minute_pass(self) -> None:
        """And has what is suspicious looked at once more."""
        self.age_doubts()
        calendar_id = ids.decode_id(ids.CALENDAR, self.calendar["id"])
        assert calendar_id is not None
        payload = json.encode(DueCalendar(self.organization_id, calendar_id))
        self._in_context(lambda context: follow_changes(context, payload))

    def is_doubted(self) -> bool:
        doubted = (
            "SELECT 1 FROM calendar_links WHERE missed_at IS NOT NULL AND organization_id = '{}'"
        )
        return bool(fetch(self.home, doubted.format(self.organization_id)))

    def read_anew(self) -> None:
        """Has the calendars read, and waits for it."""
        whose = f"organization_id = '{self.organization_id}'"
        # The clock of a use case shows whole seconds.
        due = "due_at = now() - interval '1 second', leased_by = NULL"
        run(self.home, f"UPDATE calendars SET {due} WHERE {whose}")
        self._in_context(start_due_readings)
        unread = (
            f"SELECT 1 FROM calendars WHERE {whose} AND (leased_by IS NOT NULL OR due_at <= now())"
        )
        self.wait_for(lambda: not fetch(self.home, unread))

    def _in_context(self, use_case: Callable[[Context], Any]) -> None:
        async def once() -> None:
            context = self.home.context()
            try:
                await use_case(context)
            finally:
                await context.close()

        asyncio.run(once())

    def findings(self, **query: str) -> list[JSON]:
        return list(self.api.get("/api/v1/calendar-findings", params=query).json()["data"])

    def resolve(self, finding: JSON, resolution: str) -> None:
        path = f"/api/v1/calendar-findings/{finding['id']}/resolve"
        answer = self.api.post(path, json={"resolution": resolution})
        assert answer.status_code == 200, answer.text

    def logged(self, kind: str) -> list[JSON]:
        """The events of that type."""
        logged = self.api.get("/api/v1/event-log", params={"limit": "100"}).json()["data"]
        return [one["data"] for one in logged if one["type"] == kind]

    def mails(self, kind: str) -> int:
        query = f"SELECT 1 FROM mails WHERE kind = '{kind}' AND organization_id = '{{}}'"
        return len(fetch(self.home, query.format(self.organization_id)))

    def wait_for(self, check: Callable[[], Any]) -> Any:
        until = time.monotonic() + SECONDS
        while not (found := check()):
            assert time.monotonic() < until, f"it does not come true: {self.starts()}"
            time.sleep(0.1)
        return found
