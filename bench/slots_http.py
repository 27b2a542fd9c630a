"""`python -m bench.slots_http`: slots over HTTP, 14 days of a schedule with 200 bookings.

Once for one schedule that is asked again and again, and once for any of 500. With `--large` also
on a second installation with ten million bookings, in turns with the first one of 100,000: what
counts is the ratio of the two p99 within a round. That takes 11 GB of disk for a while, and
about ten minutes to fill.
"""

import argparse
import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from rich.console import Console
from rich.table import Table
from tests.servers import Server

from bench import slots_fill
from bench.cpu import Meter, Spent
from bench.fill import World, shown_schedule
from bench.http import Plan, environ_of, folder_of
from bench.load import Load, Request, drive
from bench.report import report_progress
from bench.requests import head, tail
from bench.slots_fill import BOOKINGS_EACH, FIRST_DAY
from kalends.compose import Installation, installation, migrate_now
from kalends.settings import Settings
from kalends.store.embedded.server import EmbeddedPostgres

DAYS: Final = 14
FEW: Final = 500
SMALL: Final = 100_000
LARGE: Final = 10_000_000
TARGET_PER_SECOND: Final = 1_000
TARGET_RATIO: Final = 1.3
# For the ratio: enough to keep two cores busy, few enough that p99 is not all waiting in line.
FEW_CONNECTIONS: Final = 4
MANY_CONNECTIONS: Final = 16

FULL: Final = Plan(rounds=3, seconds=5, warm_up=1.5)
QUICK: Final = Plan(rounds=1, seconds=2, warm_up=0.5)


@dataclass(frozen=True)
class Stage:
    """A running server, and what fills its database."""

    bookings: int
    server: Server
    meter: Meter
    world: World

    @property
    def schedules(self) -> int:
        return self.bookings // BOOKINGS_EACH

    def play(self, schedules: int, connections: int, plan: Plan) -> tuple[Load, Spent]:
        """One turn: any of the first `schedules`. Raises SystemExit if any request failed."""
        request = _any_of(self.world, schedules)
        with self.meter.measure() as spent:
            load = drive(
                "127.0.0.1", self.server.port, request, plan.seconds, plan.warm_up, connections
            )
        if load.failures:
            raise SystemExit(f"{load.failures} failed: {load.first_failure[:1000]!r}")
        return load, spent


def main() -> None:
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    with folder_of("slots") as folder, _stage(folder / "small", SMALL) as small:
        _show(
            "GET /api/v1/slots, 14 days, 200 bookings, one process (medians)",
            {
                f"any of {count:,}" if count > 1 else "one schedule": [
                    small.play(count, MANY_CONNECTIONS, plan) for _ in range(plan.rounds)
                ]
                for count in (1, FEW)
            },
        )
        if arguments.large:
            with _stage(folder / "large", LARGE) as large:
                _compare(small, large, plan)


def _compare(small: Stage, large: Stage, plan: Plan) -> None:
    """The same few schedules in both; and any of all, most of which no cache can hold."""
    rows = {
        f"{stage.bookings:,}, any of {count:,}": (stage, count)
        for count, stage in ((FEW, small), (FEW, large), (large.schedules, large))
    }
    turns: dict[str, list[tuple[Load, Spent]]] = {name: [] for name in rows}
    for number in range(2 * plan.rounds):
        for name, (stage, count) in rows.items():
            report_progress(f"round {number + 1}: {name}")
            turns[name].append(stage.play(count, FEW_CONNECTIONS, plan))
    _show("The same with few connections, by bookings in the table", turns)
    first, *others = turns.values()
    for name, other in zip(list(turns)[1:], others, strict=True):
        ratios = [_p99(b) / _p99(a) for (a, _), (b, _) in zip(first, other, strict=True)]
        shown = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"p99, {name}: {median(ratios):.2f} times (target {TARGET_RATIO}; {shown})")


def _show(title: str, turns: dict[str, list[tuple[Load, Spent]]]) -> None:
    table = Table(title=title)
    for heading in ("", "req/s", "p50 ms", "p99 ms", "server CPU ms", "database CPU ms", "target"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, played in turns.items():
        cells = (
            f"{median(load.per_second for load, _ in played):,.0f}",
            f"{median(_p50(load) for load, _ in played):.2f}",
            f"{median(_p99(load) for load, _ in played):.2f}",
            f"{median(spent.server / load.sent for load, spent in played) * 1000:.3f}",
            f"{median(spent.database / load.sent for load, spent in played) * 1000:.3f}",
        )
        table.add_row(name, *cells, f"{TARGET_PER_SECOND:,}")
    console = Console()
    (console if console.is_terminal else Console(width=120)).print(table)


def _p50(load: Load) -> float:
    return median(load.latencies) * 1000


def _p99(load: Load) -> float:
    return quantiles(load.latencies, n=100)[98] * 1000


@contextmanager
def _stage(folder: Path, bookings: int) -> Iterator[Stage]:
    folder.mkdir()
    environ = environ_of(folder / "data")
    with EmbeddedPostgres.acquire(folder / "data"):
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            report_progress(f"filling the database with {bookings:,} bookings")
            world = asyncio.run(_filled(home, bookings))
        with Server(environ, folder / "server.log") as server:
            assert server.process
            yield Stage(bookings, server, Meter.of(server.process.pid, folder / "data"), world)


async def _filled(home: Installation, bookings: int) -> World:
    context = home.context(slots_fill.FILLING)
    try:
        return await slots_fill.fill(context, bookings)
    finally:
        await context.database.close()


def _any_of(world: World, schedules: int) -> Request:
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    query = f"duration_minutes=30&start={FIRST_DAY:%Y-%m-%d}&end={last:%Y-%m-%d}"
    tails = [tail(key) for key in world.keys]

    def make() -> bytes:
        number = random.randrange(schedules)
        line = f"GET /api/v1/slots?schedule_id={shown_schedule(number)}&{query}"
        return head(line) + tails[number % len(tails)]

    return Request(make, status=200)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.slots_http", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, rough")
    parser.add_argument("--large", action="store_true", help="also ten million bookings")
    return parser.parse_args()


if __name__ == "__main__":
    main()
