"""`python -m bench.many`: the same work with 10 million bookings as with 100,000.

Two installations, asked in turns: one of 100,000 bookings, 1,000 schedules and some 20
organizations, and one with a hundred times as many of each; in both, one organization has half of
everything. Compared are the processor time of PostgreSQL and the pages that it touches for a
request, for each task of the timetable, for the start of a server and for `kalends doctor`, and of
the timetable's tasks how many rows they look at. The ten million are filled once, which takes an
hour, and copied for each run: some 25 GB of disk, twice. `--in-place` spares the copy; what a run
changes then stays in the kept world.
"""

import argparse
import itertools
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from msgspec import Struct, json
from tests.servers import Server

from bench import many_statistics, report, requests
from bench.cpu import Meter
from bench.home import copy_world, environ_of, folder_of, keep_world
from bench.load import Request, drive
from bench.many_statistics import STATISTICS
from bench.many_world import ONE_IN, WITH_FOLLOWING, many
from bench.processes import Served, uvicorn
from bench.report import report_progress
from bench.stage import WITHOUT_JOBS
from bench.world import BenchWorld
from kalends.cli.running import run
from kalends.compose import Installation, installation, migrate_now
from kalends.jobs.registry import TIMETABLE
from kalends.settings import Settings
from kalends.store.database import JOB_LIMITS
from kalends.store.embedded.server import EmbeddedPostgres

SMALL: Final = 100_000
LARGE: Final = 10_000_000
MOST: Final = 1.3
ROUNDS: Final = 3
# Enough to fill the connection's caches and settle its plans.
FIRST: Final = 30
REQUESTS: Final = 60
# Of p99, more.
SLOTS_REQUESTS: Final = 200


class Cost(Struct, frozen=True):
    """Of one request or run: processor milliseconds of PostgreSQL and of our own process, pages
    that PostgreSQL touched, rows that it looked at (of the timetable's alone), and the p99 of
    latencies in milliseconds (of requests alone)."""

    database_ms: float
    own_ms: float
    pages: float
    rows: int | None = None
    p99_ms: float | None = None


@dataclass
class Opened:
    """A running database of a world, and a server on it that does what it is asked for alone."""

    world: BenchWorld
    data_dir: Path
    database: EmbeddedPostgres
    server: Served
    free_times: Iterator[int]
    costs: dict[str, list[Cost]] = field(default_factory=dict)

    def note(self, name: str, cost: Cost) -> None:
        self.costs.setdefault(name, []).append(cost)

    def median_of(self, name: str, which: str) -> float:
        return float(median(getattr(cost, which) for cost in self.costs[name]))


def main() -> None:
    arguments = _arguments()
    load_at_start = report.load_average()
    with ExitStack() as stack:
        homes = [
            stack.enter_context(_opened(many(bookings), is_kept=arguments.in_place))
            for bookings in (SMALL, arguments.bookings)
        ]
        for number in range(1, arguments.rounds + 1):
            for home in homes:
                report_progress(f"round {number} of {arguments.rounds}: {home.world.bookings:,}")
                _play(home)
            if arguments.json:
                arguments.json.write_bytes(json.encode([home.costs for home in homes]))
    small, large = homes
    print(_table(small, large))
    print(
        f"\n{report.now()}, commit {report.commit()}: medians of {arguments.rounds} rounds, in"
        f" turns. The load of the machine's {os.cpu_count()} processors was {load_at_start:.1f}"
        f" at the start and {report.load_average():.1f} at the end."
    )


def _play(home: Opened) -> None:
    """Everything once."""
    for name, request in _requests(home.world, home.free_times).items():
        report_progress(f"  {name}")
        home.note(name, _ask(home, request, SLOTS_REQUESTS if name == "slots" else REQUESTS))
    home.note("start of a server", _start(home))
    home.note("doctor", _doctor(home))
    settings = Settings.from_environ(environ_of(home.data_dir))
    with installation(settings) as installed:
        for name in TIMETABLE:
            report_progress(f"  {name}")
            home.note(name, _run_timed(home, installed, name))


def _requests(world: BenchWorld, free_times: Iterator[int]) -> Mapping[str, Request]:
    return {
        "get": requests.get(world),
        "list of 50, with total": requests.list_confirmed(world),
        "the same, of the largest": requests.list_confirmed_of_large(),
        "list of a schedule": requests.list_of_schedule(world),
        "list by address": requests.list_by_email(world),
        "list of schedules": requests.list_schedules(world),
        "slots": requests.slots(world, range(world.schedules)),
        "create": requests.create(world, free_times, has_webhook=False, shift=timedelta()),
        # What was mailed about the others is not what mails are decided by.
        "change": requests.retitle(world, ONE_IN),
    }


def _ask(home: Opened, request: Request, count: int) -> Cost:
    """One connection, one request after the other."""
    drive(home.server.port, request, 0, FIRST, connections=1).checked()
    many_statistics.forget_pages(home.database)
    with _meter(home, home.server.pid).measure() as spent:
        load = drive(home.server.port, request, 0, count, connections=1).checked()
    pages = many_statistics.count_pages(home.database)
    each = 1000 / load.count
    p99 = quantiles(load.latencies, n=100)[98] * 1000
    return Cost(spent.database * each, spent.server * each, pages / load.count, p99_ms=p99)


def _start(home: Opened) -> Cost:
    """Until it answers."""
    many_statistics.forget_pages(home.database)
    meter = _meter(home, os.getpid())
    before = meter.read().database
    with (
        folder_of("start") as folder,
        Server(environ_of(home.data_dir), folder / "start.log", is_copied=False) as server,
    ):
        assert server.process
        own = _meter(home, server.process.pid).read().server
        database = meter.read().database - before
    return Cost(database * 1000, own * 1000, many_statistics.count_pages(home.database))


def _doctor(home: Opened) -> Cost:
    many_statistics.forget_pages(home.database)
    meter = _meter(home, os.getpid())
    before, own_before = meter.read().database, _seconds_of_children()
    subprocess.run(
        [sys.executable, "-m", "kalends", "doctor"],
        env={**os.environ, **environ_of(home.data_dir)},
        check=False,
        stdout=subprocess.DEVNULL,
    )
    return Cost(
        (meter.read().database - before) * 1000,
        (_seconds_of_children() - own_before) * 1000,
        many_statistics.count_pages(home.database),
    )


def _run_timed(home: Opened, installed: Installation, name: str) -> Cost:
    """One run, in a process that connects for it; one before it warms the caches."""
    run(installed, TIMETABLE[name].run, JOB_LIMITS)
    rows = many_statistics.count_rows(home.database)
    many_statistics.forget_pages(home.database)
    with _meter(home, os.getpid()).measure() as spent:
        run(installed, TIMETABLE[name].run, JOB_LIMITS)
    return Cost(
        spent.database * 1000,
        spent.server * 1000,
        many_statistics.count_pages(home.database),
        many_statistics.count_rows(home.database) - rows,
    )


@contextmanager
def _opened(world: BenchWorld, *, is_kept: bool) -> Iterator[Opened]:
    with folder_of("many") as folder:
        if is_kept:
            data_dir = keep_world(world, WITH_FOLLOWING)
        else:
            copy_world(world, folder / "data", WITH_FOLLOWING)
            data_dir = folder / "data"
        with (
            EmbeddedPostgres(data_dir, settings=STATISTICS) as database,
            installation(Settings.from_environ(environ_of(data_dir))) as installed,
        ):
            migrate_now(installed)
            many_statistics.begin(database)
            with uvicorn(*WITHOUT_JOBS, environ=environ_of(data_dir)) as server:
                # Not those of a run before on the same world.
                free_times = itertools.count(random.randrange(world.free_times))
                yield Opened(world, data_dir, database, server, free_times)


def _meter(home: Opened, pid: int) -> Meter:
    return Meter.of(pid, home.data_dir)


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _table(small: Opened, large: Opened) -> str:
    """In Markdown, in the order in which it was played."""
    bookings = f"{small.world.bookings:,}", f"{large.world.bookings:,}"
    heads = ["", "database CPU ms, " + bookings[0], bookings[1], "times"]
    heads += ["pages, " + bookings[0], bookings[1], "rows looked at, " + bookings[0], bookings[1]]
    lines = [heads, ["---"] * len(heads)]
    for name in small.costs:
        lines.append([name, *_compared(small, large, name)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _compared(small: Opened, large: Opened, name: str) -> list[str]:
    pairs = zip(small.costs[name], large.costs[name], strict=True)
    times = median(b.database_ms / a.database_ms for a, b in pairs)
    cells = [f"{home.median_of(name, 'database_ms'):.2f}" for home in (small, large)]
    cells += [f"{times:.2f}" + (" !" if times > MOST else "")]
    cells += [f"{home.median_of(name, 'pages'):,.0f}" for home in (small, large)]
    return cells + [_rows_of(home.costs[name][-1]) for home in (small, large)]


def _rows_of(cost: Cost) -> str:
    return "" if cost.rows is None else f"{cost.rows:,}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.many", description=__doc__)
    parser.add_argument("--bookings", type=int, default=LARGE, help="of the large one")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--in-place", action="store_true", help="on the kept world, no copy")
    parser.add_argument("--json", type=Path, help="a file for every figure, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
