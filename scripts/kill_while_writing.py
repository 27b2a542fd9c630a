"""Kills Kalends every three seconds while bookings are made, moved and cancelled, and then compares
each booking with the events in a real CalDAV server's calendar, or in that of the tests' Google or
Microsoft.

    .venv/bin/python -m scripts.kill_while_writing --bookings 300 --server radicale

The server and a worker are killed in turn with SIGKILL. At the end each booking that is CONFIRMED
has to have exactly one event, at its time, and no other one may have any, within 90 s.
"""

import argparse
import random
import re
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
from tests import caldav_servers
from tests.caldav_servers import PASSWORD, USER, CalDavServer
from tests.calendars.consented.office import connected, settings_for
from tests.conftest import make_organization
from tests.fakes.google import OWNER, FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.homes import environment_in
from tests.servers import Server, WorkerProcess
from tests.world import World

from kalends.compose import installation, migrate_now
from kalends.gateways.google.events import uid_in
from kalends.settings import Settings

EVERY_SECONDS: Final = 3
WITHIN_SECONDS: Final = 90
FIRST_DAY: Final = (datetime.now(UTC) + timedelta(days=3)).replace(
    hour=0, minute=0, second=0, microsecond=0
)


class Folders:
    """What the fixtures of the tests ask pytest for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mktemp(self, name: str) -> Path:
        made = self._folder / name
        made.mkdir()
        return made


class Events(Protocol):
    """A calendar, as another client sees it."""

    @property
    def name(self) -> str:
        """What Kalends calls it, or a part of that."""

    def events(self) -> list[tuple[str, str]]:
        """UID and start of each event."""


class GoogleCalendar:
    """That of the tests' Google."""

    def __init__(self, google: FakeGoogle) -> None:
        self.google = google

    @property
    def name(self) -> str:
        return OWNER.partition("@")[0]

    def events(self) -> list[tuple[str, str]]:
        return [
            (uid_in(event) or "", re.sub("[-:]", "", event["start"]["dateTime"]))
            for event in self.google.calendar().live()
        ]


class MicrosoftCalendar:
    """That of the tests' Microsoft."""

    name = "Calendar"

    def __init__(self, microsoft: FakeMicrosoft) -> None:
        self.microsoft = microsoft

    def events(self) -> list[tuple[str, str]]:
        return [
            (
                event["transactionId"] or "",
                f"{re.sub('[-:]', '', event['start']['dateTime'][:19])}Z",
            )
            for event in self.microsoft.calendar().live()
        ]


class Calendar:
    """A calendar on the server, as another client sees it."""

    def __init__(self, server: CalDavServer, kind: str) -> None:
        auth: Any = httpx.DigestAuth(USER, PASSWORD) if kind == "sabre" else (USER, PASSWORD)
        self._dav = httpx.Client(auth=auth, timeout=60)
        home = {
            "radicale": f"{server.url}{USER}/",
            "xandikos": f"{server.url}user/calendars/",
            "sabre": f"{server.url}calendars/{USER}/",
        }[kind]
        self.name = str(uuid.uuid4())
        self.url = f"{home}{self.name}/"
        made = self._dav.request("MKCALENDAR", self.url)
        assert made.status_code == 201, made.text

    def names(self) -> list[str]:
        """The path of each event."""
        listed = self._dav.request("PROPFIND", self.url, headers={"Depth": "1"})
        return re.findall(r"<(?:\w+:)?href>([^<]*\.ics)</", listed.text)

    def put(self, text: str) -> None:
        """Somebody's own event."""
        made = self._dav.put(f"{self.url}{uuid.uuid4()}.ics", content=text)
        assert made.status_code == 201, made.text

    def events(self) -> list[tuple[str, str]]:
        """UID and start of each event."""
        host = self.url.split("/", 3)
        base = "/".join(host[:3])
        texts = (self._dav.get(base + href).text for href in self.names())
        return [(_value("UID", text), _value("DTSTART", text)) for text in texts]


def _value(name: str, text: str) -> str:
    unfolded = re.sub(r"\r?\n ", "", text)
    found = re.search(rf"^{name}[^:\r\n]*:([^\r\n]*)", unfolded, re.MULTILINE)
    return found[1] if found else ""


class Killer(threading.Thread):
    """Kills the server and the worker in turn, until it is told to stop."""

    def __init__(self, victims: list[Server]) -> None:
        super().__init__()
        self._victims = victims
        self._stopped = threading.Event()
        self.kills = 0

    def run(self) -> None:
        while not self._stopped.wait(EVERY_SECONDS):
            victim = self._victims[self.kills % len(self._victims)]
            victim.kill()
            victim.ensure_running()
            self.kills += 1

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def send(world: World, method: str, path: str, **more: Any) -> httpx.Response:
    """Asks again under the same key until there is an answer."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    until = time.monotonic() + 120
    while True:
        try:
            answer = world.api.request(method, f"/api/v1/{path}", headers=headers, **more)
            if answer.status_code < 500 and answer.status_code != 409:
                return answer
        except httpx.HTTPError:
            pass
        assert time.monotonic() < until, "nobody answers"
        time.sleep(0.2)


def change_bookings(world: World, event_type: str, count: int, chance: random.Random) -> None:
    """Each is made, and then perhaps moved, moved again, or cancelled."""
    for number in range(count):
        start = FIRST_DAY + timedelta(hours=number)
        attendee = {"name": f"Guest {number}", "email": f"guest{number}@example.com"}
        body = {"event_type_id": event_type, "start_time": start.isoformat(), "attendee": attendee}
        made = send(world, "POST", "bookings", json=body)
        assert made.status_code == 201, made.text
        path = f"bookings/{made.json()['data']['id']}"
        for _ in range(chance.choice((0, 1, 2))):
            moved = start + timedelta(days=60, minutes=chance.choice((0, 5)))
            send(world, "PATCH", path, json={"start_time": moved.isoformat()})
        if chance.random() < 0.3:
            assert send(world, "DELETE", path).status_code == 200


def wanted(world: World, schedules: Collection[str] | None = None) -> Counter[tuple[str, str]]:
    """The booking and the start of each event that there is to be, of these schedules or all."""
    found: Counter[tuple[str, str]] = Counter()
    offset = 0
    while True:
        query = {"status": "CONFIRMED", "limit": 100, "offset": offset}
        page = send(world, "GET", "bookings", params=query).json()
        for booking in page["data"]:
            if schedules is not None and booking["schedule_id"] not in schedules:
                continue
            start = datetime.fromisoformat(booking["start_time"])
            found[booking["id"], f"{start:%Y%m%dT%H%M%SZ}"] += 1
        if not page["meta"]["hasMore"]:
            return found
        offset += 100


def compare(
    world: World,
    calendar: Events,
    within_seconds: float = WITHIN_SECONDS,
    schedules: Collection[str] | None = None,
) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]], float]:
    """What is to be in the calendar, what is there when it is the same or the time is over, and
    after how many seconds."""
    began = time.monotonic()
    expected = wanted(world, schedules)
    while (found := there(calendar)) != expected:
        if time.monotonic() - began > within_seconds:
            break
        time.sleep(1)
    return expected, found, time.monotonic() - began


def there(calendar: Events) -> Counter[tuple[str, str]]:
    return Counter((uid.partition("-")[0], start) for uid, start in calendar.events())


@contextmanager
def installed(folder: Path, **settings: str) -> Iterator[tuple[World, list[Server]]]:
    environment = environment_in(folder, **{"OUTBOUND_ALLOW": "127.0.0.1"} | settings)
    with ExitStack() as stack:
        home = stack.enter_context(installation(Settings.from_environ(environment)))
        migrate_now(home)
        server = stack.enter_context(Server(environment, folder / "server.log"))
        worker = stack.enter_context(WorkerProcess(environment, folder / "worker.log"))
        world = World(server.url, make_organization(home), "unused")
        stack.callback(world.close)
        yield world, [worker, server]


@contextmanager
def running_caldav(kind: str, folder: Path) -> Iterator[CalDavServer]:
    """The server that tests have, without pytest."""
    fixture = getattr(caldav_servers, kind)
    make = getattr(fixture, "__wrapped__", None) or fixture.__pytest_wrapped__.obj
    server_there = make(Folders(folder))
    try:
        yield next(server_there)
    finally:
        next(server_there, None)


def connected_to(world: World, caldav: CalDavServer) -> str:
    """The path of a connection to the account there."""
    login = {"url": caldav.url, "username": USER, "password": PASSWORD}
    made = send(world, "POST", "calendar-connections", json={"provider": "caldav"} | login)
    assert made.status_code == 201, made.text
    return f"calendar-connections/{made.json()['data']['id']}"


@contextmanager
def on_caldav(kind: str, folder: Path) -> Iterator[tuple[World, list[Server], Events, str]]:
    """Everything, and the path of a connection to the calendar's account."""
    with running_caldav(kind, folder) as caldav, installed(folder) as (world, victims):
        yield world, victims, Calendar(caldav, kind), connected_to(world, caldav)


@contextmanager
def on_google(folder: Path) -> Iterator[tuple[World, list[Server], Events, str]]:
    """The same with the tests' Google."""
    with (
        FakeGoogle.running() as google,
        installed(folder, **settings_for(google)) as (world, victims),
    ):
        path = connected(world, "google").removeprefix("/api/v1/")
        yield world, victims, GoogleCalendar(google), path


@contextmanager
def on_microsoft(folder: Path) -> Iterator[tuple[World, list[Server], Events, str]]:
    """The same with the tests' Microsoft, which tells of changes, too."""
    with (
        FakeMicrosoft.running() as microsoft,
        installed(folder, **settings_for(microsoft)) as (world, victims),
    ):
        microsoft.hook = world.url
        path = connected(world, "microsoft").removeprefix("/api/v1/")
        yield world, victims, MicrosoftCalendar(microsoft), path


def find_calendar(world: World, connection: str, calendar: Events) -> str:
    """Its id, in the account of that path."""
    listed = send(world, "GET", f"{connection}/calendars").json()["data"]
    (found,) = [one for one in listed if calendar.name in one["name"]]
    return str(found["id"])


def write_into(world: World, schedule_id: str, calendar_id: str) -> None:
    """What is booked on the schedule is written into the calendar."""
    use = [{"calendar_id": calendar_id, "reads": False, "writes": True}]
    answer = send(world, "PUT", f"schedules/{schedule_id}/calendars", json=use)
    assert answer.status_code == 200, answer.text


def event_type_on(world: World, connection: str, calendar: Events) -> str:
    """An event type of half an hour, on a schedule that writes the calendar."""
    schedule = send(world, "POST", "schedules", json={"name": "Ada"}).json()["data"]
    write_into(world, schedule["id"], find_calendar(world, connection, calendar))
    kind = {
        "name": "Visit",
        "schedule_id": schedule["id"],
        "duration_minutes": 30,
        "slot_step_minutes": 5,
        "requires_confirmation": False,
    }
    return str(send(world, "POST", "event-types", json=kind).json()["data"]["id"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bookings", type=int, default=300)
    parser.add_argument(
        "--server",
        choices=("radicale", "xandikos", "sabre", "google", "microsoft"),
        default="radicale",
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        by_consent = {"google": on_google, "microsoft": on_microsoft}.get(given.server)
        stage = by_consent(folder) if by_consent else on_caldav(given.server, folder)
        with stage as (world, victims, calendar, connection):
            event_type = event_type_on(world, connection, calendar)
            killer = Killer(victims)
            killer.start()
            change_bookings(world, event_type, given.bookings, random.Random(given.seed))
            killer.stop()
            expected, found, seconds = compare(world, calendar)
    print(f"{given.server}: {killer.kills} kills, {sum(expected.values())} live bookings,")
    print(f"{sum(found.values())} events after {seconds:.0f} s; missing: {len(expected - found)},")
    print(f"too many: {len(found - expected)}")
    if found != expected:
        raise SystemExit("the calendar differs")


if __name__ == "__main__":
    main()
