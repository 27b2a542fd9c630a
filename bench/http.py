"""`python -m bench.http`: the API beside its own database, call by call, in turns.

Each round drives every call over HTTP and then, with the very SQL of that call, by pgbench. The
machine's load changes from minute to minute, so what counts is the share of the two within a
round; shown are the medians of all rounds.
"""

import argparse
import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import Server

from bench import fill, pgbench, report, requests
from bench.cpu import Meter
from bench.fill import World
from bench.load import Request, drive
from bench.pgbench import Scripts
from bench.report import Turn, report_progress
from kalends.compose import Installation, installation, migrate_now
from kalends.settings import Settings
from kalends.store.embedded.server import EmbeddedPostgres

# Not "none": the limits are counted, shared and shown in headers, as they are for everybody.
LIMIT: Final = "999999999"
FREE_TIMES_A_TURN: Final = 250_000


@dataclass(frozen=True)
class Plan:
    """How often, and how long each turn; in seconds."""

    rounds: int
    seconds: float
    warm_up: float


FULL: Final = Plan(rounds=3, seconds=5, warm_up=0.7)
QUICK: Final = Plan(rounds=1, seconds=1.5, warm_up=0.3)


@dataclass(frozen=True)
class Call:
    """A call of the API, over HTTP and as its SQL. `request` takes the numbers of free times."""

    name: str
    request: Callable[[Iterator[int]], Request]
    script: str


@dataclass(frozen=True)
class Stage:
    """The running server and its database."""

    server: Server
    database: EmbeddedPostgres
    meter: Meter
    free_times: Iterator[int]

    def play(self, call: Call, plan: Plan) -> Turn:
        """One turn: over HTTP, then by pgbench. Raises SystemExit if any request failed."""
        load_average = os.getloadavg()[0]
        request = call.request(itertools.count(next(self.free_times)))
        port = self.server.port
        with self.meter.measure() as spent:
            load = drive("127.0.0.1", port, request, plan.seconds, plan.warm_up)
        if load.failures:
            raise SystemExit(f"{call.name}: {load.failures} failed: {load.first_failure[:1000]!r}")
        first, environment = next(self.free_times), self.database.environment
        with self.meter.measure() as spent_by_pgbench:
            bare = pgbench.run(call.script, environment, first, plan.seconds)
        return Turn(load, spent, bare, spent_by_pgbench, round(plan.seconds), load_average)


def main() -> None:
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    with folder_of("http") as folder, EmbeddedPostgres.acquire(folder / "data") as database:
        environ = environ_of(folder / "data")
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            report_progress("filling the database")
            world = asyncio.run(_filled(home))
        with Server(environ, folder / "server.log") as server:
            assert server.process
            meter = Meter.of(server.process.pid, folder / "data")
            free_times = itertools.count(0, FREE_TIMES_A_TURN)
            turns = _play(Stage(server, database, meter, free_times), _calls(world), plan)
    figures = [report.figures_of(name, played) for name, played in turns.items()]
    if arguments.json:
        print(report.as_json(figures))
    else:
        report.show(figures)


def _play(stage: Stage, calls: list[Call], plan: Plan) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {call.name: [] for call in calls}
    for number in range(1, plan.rounds + 1):
        for call in calls:
            report_progress(f"round {number} of {plan.rounds}: {call.name}")
            turns[call.name].append(stage.play(call, plan))
    return turns


def _calls(world: World) -> list[Call]:
    scripts = Scripts(world)
    get, list_confirmed = requests.get(world), requests.list_confirmed(world)
    return [
        Call("get", lambda _: get, scripts.get),
        Call("list 50 + total", lambda _: list_confirmed, scripts.list),
        Call("create", lambda n: requests.create(world, n), scripts.create),
        Call(
            "create, Idempotency-Key", lambda n: requests.create_once(world, n), scripts.create_once
        ),
    ]


async def _filled(home: Installation) -> World:
    context = home.context(fill.FILLING)
    try:
        return await fill.fill(context)
    finally:
        await context.database.close()


def environ_of(data_dir: Path) -> dict[str, str]:
    return {
        "KALENDS_DATA_DIR": str(data_dir),
        "KALENDS_RATE_LIMIT_READ": LIMIT,
        "KALENDS_RATE_LIMIT_WRITE": LIMIT,
    }


@contextmanager
def folder_of(name: str) -> Iterator[Path]:
    """On the project's own disk, since what fsync costs is a part of what is measured."""
    parent = Path(__file__).parent / ".data"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.http", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: under 40 s, rough")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
