"""`python -m bench.calendar_creates` (half a minute): what a calendar that is written adds to the
request that creates a booking.

A server without jobs makes bookings on a schedule that writes a calendar and on one that does not,
in turns: its processor time, and PostgreSQL's.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import Any, Final

import httpx

from bench import report
from bench.cpu import Meter
from bench.home import environ_of, folder_of
from bench.processes import uvicorn
from bench.stage import WITHOUT_JOBS
from kalends.compose import Installation, installation, migrate_now
from kalends.services.setup import set_up_organization
from kalends.settings import Settings

ROUNDS: Final = 7
BOOKINGS: Final = 60
# What the calendar may add.
MOST: Final = 0.15
FIRST: Final = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=3)


def main() -> None:
    load_at_start = report.load_average()
    with folder_of("creates") as folder:
        environ = environ_of(folder / "data")
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            key = _sandbox_key(home)
            with uvicorn(*WITHOUT_JOBS, environ=environ) as server:
                meter = Meter.of(server.pid, folder / "data")
                with _client(server.port, key) as client:
                    costs = _measure(client, meter)
    without, writing = (median(costs[name]) for name in (False, True))
    more = median(b / a for a, b in zip(costs[False], costs[True], strict=True)) - 1
    print(
        f"creating a booking: {without:.2f} ms, {writing:.2f} ms where its schedule writes a"
        f" calendar: {more:+.0%} (at most {MOST:+.0%})"
    )
    print(f"load {load_at_start:.1f} at the start, {report.load_average():.1f} at the end")


def _sandbox_key(home: Installation) -> str:
    async def set_up() -> str:
        context = home.context()
        try:
            words = "correct horse battery"
            made = await set_up_organization(context, "Bench", "admin@example.com", words)
            assert made.sandbox_api_key is not None
            return made.sandbox_api_key
        finally:
            await context.close()

    return asyncio.run(set_up())


@contextmanager
def _client(port: int, key: str) -> Iterator[httpx.Client]:
    base = f"http://127.0.0.1:{port}/api/v1/"
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def _measure(client: httpx.Client, meter: Meter) -> dict[bool, list[float]]:
    """Milliseconds of processor time of one booking, in each round, by whether it is written."""
    kinds = {writes: _event_type(client, writes=writes) for writes in (False, True)}
    costs: dict[bool, list[float]] = {False: [], True: []}
    hours = count()
    for _ in range(ROUNDS + 1):
        for writes, event_type_id in kinds.items():
            with meter.measure() as spent:
                for _ in range(BOOKINGS):
                    _book(client, event_type_id, FIRST + next(hours) * timedelta(hours=1))
            costs[writes].append((spent.server + spent.database) / BOOKINGS * 1000)
    return {writes: rounds[1:] for writes, rounds in costs.items()}


def _event_type(client: httpx.Client, *, writes: bool) -> str:
    schedule = _made(client, "schedules", name=f"Room {writes}")
    connection = _made(client, "calendar-connections", provider="test")
    if writes:
        path = f"calendar-connections/{connection['id']}/calendars"
        calendar_id = client.get(path).json()["data"][0]["id"]
        use = [{"calendar_id": calendar_id, "reads": False, "writes": True}]
        client.put(f"schedules/{schedule['id']}/calendars", json=use).raise_for_status()
    kind = {"name": "Visit", "duration_minutes": 30, "requires_confirmation": False}
    made = _made(client, "event-types", schedule_id=schedule["id"], **kind)
    return str(made["id"])


def _book(client: httpx.Client, event_type_id: str, start: datetime) -> None:
    attendee = {"name": "John Doe", "email": "john@example.com"}
    booked = {"event_type_id": event_type_id, "start_time": start.isoformat()}
    _made(client, "bookings", attendee=attendee, **booked)


def _made(client: httpx.Client, path: str, **body: Any) -> Any:
    answer = client.post(path, json=body)
    if answer.is_error:
        raise SystemExit(answer.text)
    return answer.json()["data"]


if __name__ == "__main__":
    main()
