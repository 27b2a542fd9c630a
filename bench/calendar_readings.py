"""`python -m bench.calendar_readings` (two minutes): what it costs to read calendars elsewhere.

A first reading of 10,000 events of a CalDAV server that is made for it, and of 1,000 of Radicale:
how long each takes, from the job to the commit. Then 1,000 calendars in which nothing has changed
are read by `kalends worker`: its processor time and PostgreSQL's, as a part of a core at one
reading of each in two minutes.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from msgspec import json
from tests import caldav_servers
from tests.fakes.caldav import PASSWORD, USER
from tests.servers import WorkerProcess

from bench import report
from bench.caldav_process import caldav_of
from bench.calendar_events import made_calendar
from bench.cpu import Meter
from bench.fill import FILLING
from bench.home import environ_of, folder_of
from kalends.cli.running import run
from kalends.compose import Installation, installation, migrate_now
from kalends.domain.access import Mode
from kalends.domain.calendars.accounts import CalendarLogin, Discovery
from kalends.domain.calendars.connections import ProviderName
from kalends.runtime.unit_of_work import Caller, Context, change
from kalends.services.calendars.accounts.connections import (
    NewCalendarConnection,
    create_connection,
    discover,
)
from kalends.services.calendars.queue import DueCalendar
from kalends.services.calendars.reading.sync import READ_EVERY, read_due_calendar
from kalends.services.setup import set_up_organization
from kalends.settings import Settings

EVENTS: Final = 10_000
EVENTS_OF_RADICALE: Final = 1_000
RECURRING_PERCENT: Final = 10
MOST_SECONDS: Final = {EVENTS: 10.0, EVENTS_OF_RADICALE: 5.0}
# Of so many one reading is measured, as each organization has 20 at once.
ORGANIZATIONS: Final = 10
CALENDARS_EACH: Final = 40
ROUNDS: Final = 3
IDLE_SECONDS: Final = 15.0
POLLED: Final = 1_000
# Of a core, with so many calendars read every two minutes.
MOST_OF_CORE: Final = 0.1
STATE: Final = b'<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>'
WITHIN_SECONDS: Final = 300
READ_SINCE: Final = "SELECT count(*) FROM calendars WHERE last_synced_at >= $1"
EVENTS_READ: Final = "SELECT events_total FROM calendars WHERE id = $1"
ALL_DUE: Final = "UPDATE calendars SET due_at = now() - interval '1 second'"


@dataclass(frozen=True)
class Account:
    """What signs in."""

    url: str
    username: str = USER
    password: str = PASSWORD

    @property
    def new_connection(self) -> NewCalendarConnection:
        login = CalendarLogin(url=self.url, username=self.username, password=self.password)
        return NewCalendarConnection(provider=ProviderName.CALDAV, login=login)


def main() -> None:
    load_at_start = report.load_average()
    with _installed() as (home, folder):
        with caldav_of(_objects(EVENTS)) as url:
            _say_import("a server made for it", EVENTS, _import(home, Account(f"{url}dav/")))
        with _radicale(EVENTS_OF_RADICALE) as account:
            _say_import("Radicale", EVENTS_OF_RADICALE, _import(home, account))
        run(home, _forget, FILLING)
        with caldav_of(_objects(20)) as url:
            cost = _poll(home, folder, Account(f"{url}dav/"))
    share = cost * POLLED / READ_EVERY.total_seconds()
    print(
        f"a calendar in which nothing changes: {cost * 1000:.2f} ms of processor time;"
        f" {POLLED:,} of them {share:.1%} of a core (at most {MOST_OF_CORE:.0%})"
    )
    print(f"load {load_at_start:.1f} at the start, {report.load_average():.1f} at the end")


@contextmanager
def _installed() -> Iterator[tuple[Installation, Path]]:
    with folder_of("readings") as folder:
        environ = environ_of(folder / "data") | {"KALENDS_OUTBOUND_ALLOW": "127.0.0.1"}
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            yield home, folder


def _objects(count: int) -> dict[str, bytes]:
    """Each event as an object of its own."""
    whole = made_calendar(count, RECURRING_PERCENT).decode()
    head, *events = whole.removesuffix("END:VCALENDAR\r\n").split("BEGIN:VEVENT\r\n")
    return {
        f"{number}.ics": f"{head}BEGIN:VEVENT\r\n{event}END:VCALENDAR\r\n".encode()
        for number, event in enumerate(events)
    }


@contextmanager
def _radicale(count: int) -> Iterator[Account]:
    """With a calendar of so many events."""

    class Folders:
        """What the fixture asks pytest for."""

        def mktemp(self, name: str) -> Path:
            return Path(tempfile.mkdtemp(prefix=name, dir=folder))

    fixture: Any = caldav_servers.radicale
    make = getattr(fixture, "__wrapped__", None) or fixture.__pytest_wrapped__.obj
    user, password = caldav_servers.USER, caldav_servers.PASSWORD
    with tempfile.TemporaryDirectory() as folder:
        started = make(Folders())
        server = next(started)
        try:
            url, data = f"{server.url}{user}/work/", made_calendar(count, RECURRING_PERCENT)
            with httpx.Client(auth=(user, password.encode()), timeout=300) as client:
                kind = {"Content-Type": "text/calendar; charset=utf-8"}
                client.put(url, content=data, headers=kind).raise_for_status()
                # What was just put it reads once, for whoever asks first: that takes it seconds.
                client.request("PROPFIND", url, content=STATE, headers={"Depth": "0"})
            yield Account(server.url, user, password)
        finally:
            next(started, None)


def _say_import(where: str, count: int, seconds: tuple[float, float]) -> None:
    took, own = seconds
    print(
        f"a first reading of {count:,} events of {where}: {took:.1f} s"
        f" (at most {MOST_SECONDS[count]:g} s), {own:.1f} s of processor time here"
    )


def _import(home: Installation, account: Account) -> tuple[float, float]:
    """How many seconds the first reading takes, and of processor time in this process."""

    async def read(context: Context) -> tuple[float, float]:
        caller = await _organization(context)
        found = await discover(context, caller, account.new_connection)
        (calendar_id,) = await _connect(context, caller, account, found)
        payload = json.encode(DueCalendar(caller.organization_id, calendar_id))
        before = time.perf_counter(), time.process_time()
        await read_due_calendar(context, payload)
        took = time.perf_counter() - before[0], time.process_time() - before[1]
        async with context.database.connection() as tx:
            read = await tx.fetchval(
                "SELECT events_total FROM calendars WHERE id = $1", calendar_id
            )
        if not read:
            raise SystemExit("nothing was read")
        return took

    return run(home, read, FILLING)


async def _organization(context: Context) -> Caller:
    made = await set_up_organization(context, "Bench", "admin@example.com", "correct horse battery")
    return Caller(made.organization_id, Mode.LIVE, "bench", source="bench")


async def _connect(
    context: Context, caller: Caller, account: Account, found: Discovery
) -> list[UUID]:
    """The ids of its calendars; nobody reads them by themselves."""
    made = await change(context, caller, create_connection, account.new_connection, found)
    async with context.database.tenant_connection(caller.organization_id) as tenant:
        rows = await tenant.tx.fetch(
            "SELECT id FROM calendars WHERE organization_id = $1 AND connection_id = $2",
            caller.organization_id,
            made.connection.id,
        )
    return [row[0] for row in rows]


async def _forget(context: Context) -> None:
    async with context.database.connection() as tx:
        await tx.execute("DELETE FROM calendar_connections")
        await tx.execute("DELETE FROM pgqueuer")


def _poll(home: Installation, folder: Path, account: Account) -> float:
    """Seconds of processor time of one reading in which nothing has changed."""

    async def connect(context: Context) -> None:
        caller = await _organization(context)
        found = await discover(context, caller, account.new_connection)
        for number in range(ORGANIZATIONS):
            made = await set_up_organization(
                context, f"Bench {number}", f"{number}@example.com", "correct horse battery"
            )
            caller = Caller(made.organization_id, Mode.LIVE, "bench", source="bench")
            for _ in range(CALENDARS_EACH):
                await _connect(context, caller, account, found)
        async with context.database.connection() as tx:
            await tx.execute("DELETE FROM pgqueuer")
            await tx.execute("UPDATE calendars SET due_at = now(), leased_by = NULL")

    run(home, connect, FILLING)
    environ = environ_of(folder / "data") | {"KALENDS_OUTBOUND_ALLOW": "127.0.0.1"}
    with WorkerProcess(environ, folder / "worker.log", is_copied=False) as worker:
        assert worker.process is not None
        meter = Meter.of(worker.process.pid, folder / "data")
        costs = [run(home, lambda context: _round(context, meter), FILLING) for _ in range(ROUNDS)]
    # The first is a first reading.
    return min(costs[1:])


async def _round(context: Context, meter: Meter) -> float:
    """Has all calendars read once more; what the worker costs without that is taken off."""
    total = ORGANIZATIONS * CALENDARS_EACH
    async with context.database.connection() as tx:
        since = await tx.fetchval("SELECT date_trunc('second', now()) + interval '1 second'")
        before = meter.read()
        await asyncio.sleep(IDLE_SECONDS)
        idle = meter.read() - before
        before, begun = meter.read(), time.monotonic()
        await tx.execute(ALL_DUE + ", leased_by = NULL")
        until = time.monotonic() + WITHIN_SECONDS
        while await tx.fetchval(READ_SINCE, since) < total:
            if time.monotonic() > until:
                raise SystemExit("the worker does not read them")
            await asyncio.sleep(1.0)
        took = time.monotonic() - begun
    spent = meter.read() - before
    idle_share = (idle.server + idle.database) / IDLE_SECONDS
    return (spent.server + spent.database - idle_share * took) / total


if __name__ == "__main__":
    main()
