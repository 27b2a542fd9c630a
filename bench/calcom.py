"""`python -m bench.calcom`: 10,000 bookings from a local Cal.com that answers at once.

How fast they come in, what the server's memory does meanwhile, and what the API's p99 does: one
reader and one writer of another organization ask all the time, before and meanwhile, each a
hundred times a second.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx
import psutil
from tests.fakes.calcom import KEY
from tests.servers import Server

from bench.cpu import Meter
from bench.home import environ_of, folder_of
from kalends.cli.running import run
from kalends.compose import installation, migrate_now
from kalends.domain.ids import ORGANIZATION, encode_id
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import MadeOrganization, set_up_organization
from kalends.settings import Settings

BOOKINGS: Final = 10_000
IDLE_SECONDS: Final = 10
EVERY_SECONDS: Final = 0.01
PASSWORD: Final = "correct horse battery"
MIB: Final = 2**20


@dataclass
class ApiUser(threading.Thread):
    """Somebody who uses the API meanwhile; latencies in seconds."""

    url: str
    key: str
    schedule_id: str
    latencies: list[float] = field(default_factory=list)
    is_over: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """A list and a new booking in turns, at a steady pace."""
        # In the past: no mail follows, which would cost more than all the rest.
        begins = datetime(2020, 1, 1, tzinfo=UTC)
        headers = {"authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as client:
            for number in range(10**9):
                if self.is_over:
                    return
                began = time.perf_counter()
                if number % 2:
                    answer = client.get("/api/v1/bookings", params={"limit": 50})
                else:
                    answer = client.post("/api/v1/bookings", json=self._body(begins, number))
                self.latencies.append(time.perf_counter() - began)
                assert answer.status_code in (200, 201), answer.text
                time.sleep(max(0.0, EVERY_SECONDS - (time.perf_counter() - began)))

    def _body(self, begins: datetime, number: int) -> dict[str, Any]:
        starts = begins + timedelta(hours=2 * number)
        return {
            "schedule_id": self.schedule_id,
            "start_time": starts.isoformat(),
            "end_time": (starts + timedelta(minutes=30)).isoformat(),
            "attendee": {"name": "John", "email": "john@example.com"},
        }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.calcom", description=__doc__)
    parser.add_argument("--bookings", type=int, default=BOOKINGS)
    bookings = parser.parse_args().bookings
    with folder_of("calcom") as folder, fake(bookings) as calcom_url:
        environ = environ_of(folder / "data") | {"KALENDS_OUTBOUND_ALLOW": "127.0.0.1"}
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            ours, theirs = run(home, two_organizations)
            with Server(environ, folder / "server.log", is_copied=False) as server:
                measure(server, folder / "data", calcom_url, ours, theirs, bookings)


def measure(
    server: Server,
    data_dir: Path,
    calcom_url: str,
    ours: MadeOrganization,
    theirs: MadeOrganization,
    bookings: int,
) -> None:
    assert server.process
    process = psutil.Process(server.process.pid)
    admin = connected(server, calcom_url, ours)
    idle = visited(server, theirs, 1, lambda: time.sleep(IDLE_SECONDS))
    peak = Peak(process)
    peak.start()
    began = time.perf_counter()
    answers: list[dict[str, Any]] = []
    with Meter.of(server.process.pid, data_dir).measure() as spent:
        meanwhile = visited(server, theirs, 3, lambda: answers.append(sync(admin, ours)))
        seconds = time.perf_counter() - began
    peak.is_over = True
    again_began = time.perf_counter()
    again = sync(admin, ours)
    again_seconds = time.perf_counter() - again_began
    print(f"bookings      {answers[0]['synced']} of {bookings}, skipped {answers[0]['skipped']}")
    print(f"first sync    {seconds:.1f} s, {bookings / seconds:,.0f} bookings/s (target: 60 s)")
    print(f"processor     server {spent.server:.1f} s, database {spent.database:.1f} s")
    print(f"load          {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"second sync   {again_seconds:.1f} s, synced {again['synced']}")
    print(f"memory        {peak.first / MIB:.0f} MiB, at most {peak.most / MIB:.0f} MiB")
    print(f"grown by      {(peak.most - peak.first) / MIB:.0f} MiB (target: under 50)")
    for name, latencies in (("idle", idle), ("meanwhile", meanwhile)):
        cuts = quantiles(latencies, n=100)
        print(
            f"API {name:9} p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, "
            f"{len(latencies)} requests"
        )


class Peak(threading.Thread):
    """Looks at the memory of the server's process."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self.first = self.most = process.memory_info().rss
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            self.most = max(self.most, self._process.memory_info().rss)
            time.sleep(0.05)


def visited(server: Server, theirs: MadeOrganization, number: int, what: Any) -> list[float]:
    """The latencies of a visitor while something happens."""
    headers = {"authorization": f"Bearer {theirs.api_key}"}
    made = httpx.post(
        f"{server.url}/api/v1/schedules", json={"name": f"Room {number}"}, headers=headers
    )
    # Bookings are hours apart: what is around one of them costs the same all the time.
    visitor = ApiUser(server.url, str(theirs.api_key), made.json()["data"]["id"])
    visitor.start()
    what()
    visitor.is_over = True
    visitor.join(30)
    return visitor.latencies


def connected(server: Server, calcom_url: str, ours: MadeOrganization) -> httpx.Client:
    admin = httpx.Client(base_url=server.url, timeout=120)
    admin.post("/api/auth/login", json={"email": ours.admin_email, "password": PASSWORD})
    made = admin.post("/api/auth/login", json={"email": ours.admin_email, "password": PASSWORD})
    assert made.status_code == 200, made.text
    schedule = httpx.post(
        f"{server.url}/api/v1/schedules",
        json={"name": "Room"},
        headers={"authorization": f"Bearer {ours.api_key}"},
    ).json()["data"]
    body = {
        "organizationId": encode_id(ORGANIZATION, ours.organization_id),
        "apiKey": KEY,
        "baseUrl": calcom_url,
        "defaultScheduleId": schedule["id"],
        "intervalMinutes": 0,
    }
    put = admin.put("/api/integrations/calcom", json=body)
    assert put.status_code == 200, put.text
    return admin


def sync(admin: httpx.Client, ours: MadeOrganization) -> dict[str, Any]:
    """Syncs and waits for its end."""
    path = "/api/bookings/sync-calcom"
    body = {"organizationId": encode_id(ORGANIZATION, ours.organization_id)}
    run: dict[str, Any] = admin.post(path, json=body).json()
    while run.get("status") == "running":
        time.sleep(0.2)
        run = admin.get(f"{path}/{run['run_id']}").json()
    assert run.get("status") == "done", run
    return run


async def two_organizations(context: Context) -> tuple[MadeOrganization, MadeOrganization]:
    return (
        await set_up_organization(context, "Ours", "ours@example.test", PASSWORD),
        await set_up_organization(context, "Theirs", "theirs@example.test", PASSWORD),
    )


@contextmanager
def fake(bookings: int) -> Iterator[str]:
    """A Cal.com in a process of its own."""
    words = [sys.executable, "-m", "tests.fakes.calcom", "0", str(bookings)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait(10)


if __name__ == "__main__":
    main()
