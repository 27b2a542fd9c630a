"""`python -m bench.pages`: the booking page at 50 visitors a second.

A visitor comes when his time has come, whether or not those before him have their answers (an open
load): a server that falls behind shows it. The time is the server's own, from its log, and beside
it what the visitors waited. Shown too is what a first visit loads.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from tests.servers import Server
from tests.world import Api

from bench.cpu import Meter

VISITORS_A_SECOND: Final = 50
BOOKINGS: Final = 120
OFFICE: Final = [{"start": "08:00", "end": "12:00"}, {"start": "13:00", "end": "19:00"}]
WEEK: Final = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), OFFICE)
HEADERS: Final = {"accept": "text/html", "accept-encoding": "gzip", "accept-language": "de-DE"}
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PAGE: Final = "/practice/consultation"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    seconds = parser.parse_args().seconds
    with practice() as (server, log):
        weight = weigh(server)
        month = f"{datetime.now(UTC).date().replace(day=1) + timedelta(days=32):%Y-%m}"
        address = f"{PAGE}?month={month}&timezone=America%2FNew_York"
        asyncio.run(visit(server.url, address, 3))  # warm
        began = datetime.now(UTC)
        assert server.process
        with Meter.of(server.process.pid, log.parent / "data").measure() as spent:
            waits = asyncio.run(visit(server.url, address, seconds))
        own = server_times(log, began)
    report(own, waits, weight)
    each = 1000 / len(waits)
    print(f"processor a page: server {spent.server * each:.1f} ms, ", end="")
    print(f"PostgreSQL {spent.database * each:.1f} ms; load {os.getloadavg()[0]:.1f}")


def report(own: list[float], waits: list[float], weight: dict[str, int]) -> None:
    print(f"the booking page, a month of it, {VISITORS_A_SECOND} visitors a second")
    for name, times in (("server time", own), ("visitors waited", waits)):
        cuts = statistics.quantiles(times, n=100)
        print(f"  {name:16} p50 {cuts[49]:6.1f} ms   p95 {cuts[94]:6.1f} ms   n {len(times)}")
    print(f"first load, gzip: {sum(weight.values())} bytes")
    for path, size in weight.items():
        print(f"  {size:7} {path}")


async def visit(url: str, address: str, seconds: int) -> list[float]:
    """What each visitor waited, in milliseconds. Ends with the first answer that is no page."""
    parts = urlsplit(url)
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    request = f"GET {address} HTTP/1.1\r\nhost: {parts.netloc}\r\n{head}\r\n".encode()
    free: list[Connection] = []
    began, coming = time.perf_counter(), []
    for n in range(seconds * VISITORS_A_SECOND):
        await asyncio.sleep(max(0, began + n / VISITORS_A_SECOND - time.perf_counter()))
        coming.append(asyncio.create_task(look(parts.hostname, parts.port, request, free)))
    waits = await asyncio.gather(*coming)
    for _, writer in free:
        writer.close()
    return waits


async def look(host: str | None, port: int | None, request: bytes, free: list[Connection]) -> float:
    """By hand, so that the generator leaves the machine to the server."""
    began = time.perf_counter()
    reader, writer = free.pop() if free else await asyncio.open_connection(host, port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
    free.append((reader, writer))
    return (time.perf_counter() - began) * 1000


def server_times(log: Path, since: datetime) -> list[float]:
    """Milliseconds, from the server's log lines."""
    lines: Iterator[dict[str, Any]] = (
        json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")
    )
    return [
        line["ms"]
        for line in lines
        if line.get("path") == PAGE and datetime.fromisoformat(line["at"]) >= since
    ]


def weigh(server: Server) -> dict[str, int]:
    """What a first visit loads, in bytes on the wire without headers."""
    with httpx.Client(base_url=server.url, headers=HEADERS) as client:
        page = client.get(PAGE).text
        files = dict.fromkeys(re.findall(r'(?:src|href)="(/static/[^"#]+)', page))
        return {path: size_of(client, path) for path in (PAGE, *files)}


def size_of(client: httpx.Client, path: str) -> int:
    with client.stream("GET", path) as answer:
        return sum(len(part) for part in answer.iter_raw())


@contextmanager
def practice() -> Iterator[tuple[Server, Path]]:
    """A server with a schedule that is well booked, on a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory() as folder:
        log, environment = Path(folder) / "server.log", {"KALENDS_DATA_DIR": f"{folder}/data"}
        command = [
            *(sys.executable, "-m", "kalends", "init", "--organization", "Practice", "--json"),
            *("--admin-email", "a@example.com", "--admin-password", "correct horse battery"),
        ]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        limits = {"KALENDS_RATE_LIMIT_WRITE": "none"}
        with Server(environment | limits, log, is_copied=False) as server:
            fill(Api(server.url, json.loads(done.stdout)["api_key"]))
            yield server, log


def fill(api: Api) -> None:
    body: dict[str, Any] = {"name": "Dr. Ada", "timezone": "Europe/Berlin", "availability": WEEK}
    schedule = api.post("/api/v1/schedules", json=body).raise_for_status().json()["data"]
    body = {
        "name": "Consultation",
        "duration_minutes": 30,
        "slot_step_minutes": 15,
        "schedule_id": schedule["id"],
    }
    event_type = api.post("/api/v1/event-types", json=body).raise_for_status().json()["data"]
    start = datetime.now(UTC)
    query = {"event_type_id": event_type["id"], "start": f"{start:%Y-%m-%d}",
             "end": f"{start + timedelta(days=60):%Y-%m-%d}"}  # fmt: skip
    slots = api.get("/api/v1/slots", params=query).raise_for_status().json()["data"]
    for slot in slots[:: max(2, len(slots) // BOOKINGS)]:
        attendee = {"name": "Ada", "email": "ada@example.com"}
        booking = {"event_type_id": event_type["id"], "start_time": slot["start_time"]}
        api.post("/api/v1/bookings", json={**booking, "attendee": attendee}).raise_for_status()


if __name__ == "__main__":
    main()
