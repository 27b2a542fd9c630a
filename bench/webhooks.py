"""`python -m bench.webhooks`: what follows from a booking, and what it costs the booking.

Three measurements: how many deliveries one worker makes in a second when many wait; how long one
takes from its booking to the receiver at fifty bookings a second; and what a booking with two
webhooks, two mails and two reminders costs beside one with none.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import httpx
from tests.servers import Server

from bench.cpu import Meter
from bench.http import folder_of
from bench.receiver import Receiver, receiving
from bench.report import report_progress
from kalends.compose import Installation, installation, migrate_now
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import SetUp, set_up_organization
from kalends.settings import Settings

WITHIN_SECONDS: Final = 120.0
MANY_YEARS_AHEAD: Final = datetime(2090, 1, 1, tzinfo=UTC)
IN_THE_PAST: Final = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    waiting: int
    paced: int
    paced_per_second: int
    turns: int
    each_turn: int


FULL: Final = Plan(waiting=6000, paced=1000, paced_per_second=50, turns=6, each_turn=60)
QUICK: Final = Plan(waiting=1500, paced=200, paced_per_second=50, turns=2, each_turn=40)


class Tenant:
    """An organization with a schedule, and its client."""

    def __init__(self, url: str, made: SetUp) -> None:
        assert made.api_key
        self.api = httpx.Client(
            base_url=url, headers={"authorization": f"Bearer {made.api_key}"}, timeout=60
        )
        self.schedule = self.post("schedules", name="Room")["id"]
        self._numbers = iter(range(10**9))

    def post(self, what: str, **body: Any) -> Any:
        answer = self.api.post(f"/api/v1/{what}", json=body)
        if answer.status_code != 201:
            raise SystemExit(answer.text)
        return answer.json()["data"]

    def booking(self, since: datetime, **fields: Any) -> dict[str, Any]:
        start = since + timedelta(hours=next(self._numbers))
        return {
            "schedule_id": self.schedule,
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(hours=1)).isoformat(),
            "attendee": {"name": "John Doe", "email": "john@example.com"},
            **fields,
        }


def main() -> None:
    plan = QUICK if _arguments().quick else FULL
    with folder_of("webhooks") as folder, receiving() as receiver:
        environ = _environ(folder / "data")
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            tenants = asyncio.run(_tenants(home, 3))
        with Server(environ, folder / "server.log") as server:
            many, plain, rich = (Tenant(server.url, made) for made in tenants)
            _print_cost(_costs(plan, plain, rich, receiver))
            _print_latency(_latencies(plan, many, receiver))
            _fill(plan, many)
        _print_rate(*_drain(plan, environ, folder, receiver))


def _costs(
    plan: Plan, plain: Tenant, rich: Tenant, receiver: Receiver
) -> tuple[list[float], list[float]]:
    """Seconds of each booking, with none and with all, in turns."""
    for _ in range(2):
        rich.post("webhooks", url=receiver.url)
    event_type = rich.post(
        "event-types",
        name="All",
        duration_minutes=60,
        schedule_id=rich.schedule,
        reminders_minutes_before=[60, 1440],
    )["id"]
    bare = plain.post("event-types", name="None", duration_minutes=60, schedule_id=plain.schedule)
    none: list[float] = []
    all_: list[float] = []
    for _ in range(plan.turns):
        for _ in range(plan.each_turn):
            none.append(_timed(plain, plain.booking(IN_THE_PAST, event_type_id=bare["id"])))
        time.sleep(0.5)
        for _ in range(plan.each_turn):
            all_.append(_timed(rich, rich.booking(MANY_YEARS_AHEAD, event_type_id=event_type)))
        time.sleep(2)
    return none, all_


def _timed(tenant: Tenant, body: dict[str, Any]) -> float:
    began = time.perf_counter()
    tenant.post("bookings", **body)
    return time.perf_counter() - began


def _latencies(plan: Plan, tenant: Tenant, receiver: Receiver) -> list[float]:
    """Seconds from sending a booking to the receiver's hearing of it."""
    tenant.post("webhooks", url=receiver.url)
    sent: dict[str, float] = {}
    began = time.monotonic()
    before = set(receiver.came())
    for number in range(plan.paced):
        time.sleep(max(0.0, began + number / plan.paced_per_second - time.monotonic()))
        at = time.monotonic()
        sent[tenant.post("bookings", **tenant.booking(MANY_YEARS_AHEAD))["id"]] = at
    came = receiver.wait_for(len(before) + plan.paced, WITHIN_SECONDS)
    events = _events_of(tenant)
    return [came[id_] - sent[booking] for id_, booking in events if booking in sent]


def _events_of(tenant: Tenant) -> Iterator[tuple[str, str]]:
    after: dict[str, str] = {}
    while True:
        page = tenant.api.get("/api/v1/event-log", params={"limit": "500", **after}).json()
        yield from ((event["id"], event["data"]["id"]) for event in page["data"])
        if not page["meta"]["hasMore"]:
            return
        after = {"after": page["meta"]["next"]}


def _fill(plan: Plan, tenant: Tenant) -> None:
    """Events that wait: they happen while the endpoint is disabled, then it is enabled."""
    hook = tenant.api.get("/api/v1/webhooks").json()["data"][0]["id"]
    tenant.api.patch(f"/api/v1/webhooks/{hook}", json={"enabled": False})
    report_progress(f"{plan.waiting} bookings")
    asyncio.run(_book_many(tenant, plan.waiting))
    tenant.api.patch(f"/api/v1/webhooks/{hook}", json={"description": "waits"})


async def _book_many(tenant: Tenant, count: int) -> None:
    # What is recorded of the past is mailed to nobody, so that deliveries alone are measured.
    bodies = iter([tenant.booking(IN_THE_PAST) for _ in range(count)])
    async with httpx.AsyncClient(
        base_url=tenant.api.base_url, headers=tenant.api.headers, timeout=60
    ) as client:

        async def book() -> None:
            for body in bodies:
                answer = await client.post("/api/v1/bookings", json=body)
                if answer.status_code != 201:
                    raise SystemExit(answer.text)

        await asyncio.gather(*(book() for _ in range(8)))


def _drain(
    plan: Plan, environ: dict[str, str], folder: Path, receiver: Receiver
) -> tuple[float, float]:
    """Deliveries a second of one worker, and its processor time for each in milliseconds."""
    before = set(receiver.came())
    with installation(Settings.from_environ(environ)) as home:
        asyncio.run(_enable_all(home))
        with (folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "kalends", "worker"], env=environ, stdout=log, stderr=log
            )
        try:
            meter = Meter.of(worker.pid, folder / "data")
            with meter.measure() as spent:
                came = receiver.wait_for(len(before) + plan.waiting, WITHIN_SECONDS)
        finally:
            worker.terminate()
            worker.wait(20)
    times = sorted(at for id_, at in came.items() if id_ not in before)
    # Without what it takes to start: from the first tenth on.
    tail = times[len(times) // 10 :]
    return (len(tail) - 1) / (tail[-1] - tail[0]), spent.server / len(times) * 1000


async def _enable_all(home: Installation) -> None:
    context: Context = home.context()
    async with context.database.connection() as tx:
        await tx.execute("UPDATE webhook_endpoints SET enabled = true")
        await tx.execute("UPDATE webhook_lanes SET due_at = now() WHERE waiting > 0")
    await context.database.close()


async def _tenants(home: Installation, count: int) -> list[SetUp]:
    context: Context = home.context()
    made = [
        await set_up_organization(context, f"Bench {n}", f"bench{n}@example.com", "password 123")
        for n in range(count)
    ]
    await context.database.close()
    return made


def _print_cost(costs: tuple[Sequence[float], Sequence[float]]) -> None:
    none, all_ = (median(times) * 1000 for times in costs)
    print(
        f"a booking with two webhooks, two mails and two reminders: {all_:.2f} ms, with none: "
        f"{none:.2f} ms; ratio {all_ / none:.2f} (2 at most)"
    )


def _print_latency(latencies: Sequence[float]) -> None:
    cuts = quantiles(latencies, n=100)
    print(
        f"from booking to receiver at 50 bookings a second: p50 {cuts[49] * 1000:.0f} ms, "
        f"p95 {cuts[94] * 1000:.0f} ms (under 250), p99 {cuts[98] * 1000:.0f} ms"
    )


def _print_rate(per_second: float, cpu_ms: float) -> None:
    print(
        f"deliveries of one worker: {per_second:,.0f} a second (1,000 or more), "
        f"{cpu_ms:.2f} ms of its processor each"
    )


def _environ(data_dir: Path) -> dict[str, str]:
    return {
        "KALENDS_DATA_DIR": str(data_dir),
        "KALENDS_RATE_LIMIT_READ": "none",
        "KALENDS_RATE_LIMIT_WRITE": "none",
        "KALENDS_OUTBOUND_ALLOW": "127.0.0.1",
        "KALENDS_LOG_LEVEL": "warning",
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer of each, rough")
    return parser.parse_args()


if __name__ == "__main__":
    main()
