"""`python -m bench.people` (two minutes): the calendar of a team, and a year in insights.

The application in this process, asked for one page after the other. Processor time is what counts:
that of this process, and that of PostgreSQL, whose other work is the timetable's. A week has 700
bookings on 20 schedules; the year has 100,000, and so has the one before, which stands beside it.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Final
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp, Message, Scope

from bench import report
from bench.cpu import Meter
from bench.fill import FILLING, settle
from bench.home import environ_of, folder_of
from bench.turns import LongestTurn
from kalends.application import application, freeze_garbage_collector
from kalends.cli.running import run
from kalends.compose import Installation, installation, migrate_now
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import set_up_organization
from kalends.settings import Settings

SCHEDULES: Final = 20
A_DAY: Final = 100
A_YEAR: Final = 100_000
YEAR_DAYS: Final = 365
# In milliseconds: what a page may take, and how long it may keep others from their turn.
WEEK_MS, INSIGHTS_MS, HOLD_MS = 60, 300, 50
WEEKS_ASKED, YEARS_ASKED = 40, 12
WARM_UP: Final = 3
EMAIL: Final = "admin@example.test"
PASSWORD: Final = "long enough 1"
TODAY: Final = datetime.now(UTC).date()
# A Monday, with nothing of the year that is over beside it.
MONDAY: Final = TODAY + timedelta(days=14 - TODAY.weekday())
SCHEDULE_ROWS: Final = """
INSERT INTO schedules (organization_id, id, name, timezone, availability, created_at, updated_at,
    slug, color, user_id)
SELECT $1, gen_random_uuid(), 'Person ' || n, 'Europe/Berlin', (
        SELECT jsonb_object_agg(day, '{"start": "08:00", "end": "19:00"}'::jsonb)
        FROM unnest(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday',
            'sunday']) AS day),
    now(), now(), 'person-' || n,
    (ARRAY['blue', 'orange', 'green', 'purple', 'red', 'teal'])[n % 6 + 1],
    (SELECT user_id FROM memberships WHERE organization_id = $1 AND n % 2 = 0)
FROM generate_series(0, $2 - 1) AS n
"""
EVENT_TYPE_ROWS: Final = """
INSERT INTO event_types (organization_id, id, name, slug, duration_minutes, buffer_before_minutes,
    buffer_after_minutes, capacity, requires_confirmation, requirements, questions,
    reminders_minutes_before, expire_pending, is_active, created_at, updated_at)
SELECT $1, gen_random_uuid(), 'Treatment ' || n, 'treatment-' || n, 30, 0, 0,
    CASE WHEN n = 0 THEN 8 ELSE 1 END, false, '[]', '[]', '{}', true, true, now(), now()
FROM generate_series(0, 7) AS n
"""
# Evenly from $2 on, $3 a day, from eight o'clock on in half hours; no two of a schedule at once.
BOOKING_ROWS: Final = """
INSERT INTO bookings
    (organization_id, id, schedule_id, schedule_ids, event_type_id, status, start_time, end_time,
     timezone, wall_clock, title, attendee_name, attendee_email, metadata, source, created_at,
     updated_at, search_text)
SELECT $1, gen_random_uuid(), who.id, ARRAY[who.id], what.id,
    CASE WHEN n % 13 = 0 THEN 'CANCELLED' WHEN n % 29 = 0 THEN 'NO_SHOW'
        WHEN at < now() THEN 'COMPLETED' WHEN n % 7 = 0 THEN 'PENDING' ELSE 'CONFIRMED' END,
    at, at + interval '30 minutes', 'Europe/Berlin',
    to_char(at + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS'), what.name,
    'Attendee ' || n, 'attendee' || n || '@example.com', '{}',
    (ARRAY['api', 'page', 'console'])[n % 3 + 1], at - n % 400 * interval '2 hours', now(),
    'attendee' || n
FROM generate_series(0, $4 - 1) AS n, LATERAL (
    SELECT $2::date + n / $3 * interval '1 day' + interval '7 hours'
        + n % $3 / $5 * interval '30 minutes' AS at) placed,
    LATERAL (SELECT id FROM schedules WHERE organization_id = $1
        AND slug = 'person-' || (n % $5)) who,
    LATERAL (SELECT id, name FROM event_types WHERE organization_id = $1
        AND slug = 'treatment-' || (n % 8)) what
"""
# A week of the calendar shows those that are not cancelled.
COUNT: Final = """
SELECT count(*) FROM bookings WHERE organization_id = $1 AND status <> 'CANCELLED'
    AND start_time >= $2::date AND start_time < $2::date + 7
"""


@dataclass
class Costs:
    """Of each request, in milliseconds: by the clock, and of processors; and the longest time that
    the process worked between two turns of others."""

    taken: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    @property
    def spent(self) -> list[float]:
        return [a + b for a, b in zip(self.server, self.database, strict=True)]

    def show(self, name: str, most_ms: int) -> None:
        print(f"{name}: p95 of processor time {p95(self.spent):.0f} ms (target {most_ms})")
        for what, times in (("server", self.server), ("PostgreSQL", self.database)):
            print(f"  {what:12} p50 {p50(times):6.1f} ms   p95 {p95(times):6.1f} ms")
        print(
            f"  {'by the clock':12} p50 {p50(self.taken):6.1f} ms   p95 {p95(self.taken):6.1f} ms"
        )
        print(f"  longest hold of the loop {max(self.held):.0f} ms (target {HOLD_MS})", flush=True)


@dataclass(frozen=True)
class Desk:
    """The owner at the console, and what a request costs there."""

    app: ASGIApp
    cookie: str
    meter: Meter

    async def cost(self, path: str, times: int) -> Costs:
        costs = Costs()
        for number in range(WARM_UP + times):
            before, began, own = self.meter.read(), time.perf_counter(), time.process_time()
            await self._ask(path)
            own, took = time.process_time() - own, time.perf_counter() - began
            database = (self.meter.read() - before).database
            async with LongestTurn(
                time.thread_time
            ) as work:  # apart: its turns cost as much as the page
                await self._ask(path)
            if number < WARM_UP:
                continue
            for times_, seconds in (
                (costs.taken, took),
                (costs.server, own),
                (costs.database, database),
                (costs.held, work.longest),
            ):
                times_.append(seconds * 1000)
        return costs

    async def _ask(self, path: str) -> None:
        """Without a client, whose work would be counted here."""
        parts = urlsplit(path)
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await self.app(_scope(parts.path, parts.query, self.cookie), receive, send)
        if statuses != [200]:
            raise SystemExit(f"{path}: {statuses}")


def _scope(path: str, query: str, cookie: str) -> Scope:
    headers = {"host": "kalends", "accept": "text/html", "cookie": cookie}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("kalends", 80),
        "state": {},
    }


def p50(times: Sequence[float]) -> float:
    return sorted(times)[len(times) // 2]


def p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[18]


def main() -> None:
    load_at_start = report.load_average()
    with folder_of("people") as folder:
        data_dir = folder / "data"
        environ = environ_of(data_dir) | {"KALENDS_LOG_LEVEL": "error"}
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            in_week = run(home, _fill, FILLING)
            asyncio.run(_measure(home, data_dir, in_week))
    print(f"load {load_at_start:.1f} at the start, {report.load_average():.1f} at the end")


async def _measure(home: Installation, data_dir: Path, in_week: int) -> None:
    app = application(home)
    freeze_garbage_collector()
    desk = Desk(app, await _sign_in(app), Meter.of(os.getpid(), data_dir))
    console = "/console/team"
    week = await desk.cost(f"{console}/calendar?view=week&day={MONDAY}", WEEKS_ASKED)
    week.show(f"a week of {SCHEDULES} schedules with {in_week} bookings", WEEK_MS)
    day = await desk.cost(f"{console}/calendar?view=day&day={MONDAY}", WEEKS_ASKED)
    day.show(f"a day of it with {A_DAY}", WEEK_MS)
    since = TODAY - timedelta(days=YEAR_DAYS - 1)
    year = await desk.cost(f"{console}/charts?since={since}&until={TODAY}", YEARS_ASKED)
    year.show(f"insights of a year with {A_YEAR:,} beside one with as many", INSIGHTS_MS)


async def _sign_in(app: ASGIApp) -> str:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kalends") as client:
        typed = {"email": EMAIL, "password": PASSWORD}
        answer = await client.post("/api/auth/login", json=typed)
        answer.raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def _fill(context: Context) -> int:
    """How many bookings the week shows."""
    made = await set_up_organization(context, "Team", EMAIL, PASSWORD)
    each = -(-A_YEAR // YEAR_DAYS)
    firsts = [TODAY - timedelta(days=years * YEAR_DAYS - 1) for years in (1, 2)]
    # A thirteenth is cancelled.
    count = A_DAY * 13 // 12 + 1
    async with context.database.connection() as tx:
        await tx.execute(SCHEDULE_ROWS, made.organization_id, SCHEDULES)
        await tx.execute(EVENT_TYPE_ROWS, made.organization_id)
        for first, a_day, rows in (
            *((f, each, A_YEAR) for f in firsts),
            (MONDAY, count, 7 * count),
        ):
            await tx.execute(BOOKING_ROWS, made.organization_id, first, a_day, rows, SCHEDULES)
        in_week: int = await tx.fetchval(COUNT, made.organization_id, MONDAY)
    await settle(context)
    return in_week


if __name__ == "__main__":
    main()
