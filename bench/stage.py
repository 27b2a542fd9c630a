"""What runs while it is measured: a server, the floor, and where deliveries arrive."""

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from os import environ
from pathlib import Path
from typing import Final

import httpx
from tests.servers import Server

from bench import floor, requests
from bench.cpu import Meter
from bench.home import copy_world, environ_of, folder_of
from bench.load import LoadResult, Request, drive
from bench.pgbench import Pgbench
from bench.processes import Served, uvicorn
from bench.receiver import CountingReceiver, receiving_mail, receiving_webhooks
from bench.report import Turn
from bench.world import BenchWorld, key_of, organizations_with_webhook
from kalends.store.embedded.server import EmbeddedPostgres

FREE_TIMES_A_TURN: Final = 20_000
DELIVERED_WITHIN_SECONDS: Final = 300.0
# F is played before each turn of the server, so it may be shorter.
PART_OF_FLOOR: Final = 0.5
# What is recorded of the past is mailed to nobody.
INTO_THE_PAST: Final = timedelta(days=-15_000)
# The application of `kalends serve` without its jobs, as those begin with the application's life.
WITHOUT_JOBS: Final = ("kalends.serving:worker_application", "--factory", "--lifespan", "off")


@dataclass(frozen=True)
class Plan:
    """How often, and how long each turn, in seconds; with `least` requests at the least, however
    long these take."""

    rounds: int
    seconds: float
    warm_up: float
    least: int = 0


@dataclass(frozen=True)
class Home:
    """A data directory that holds the world, its running database, the floor in Python, and where
    deliveries arrive."""

    world: BenchWorld
    folder: Path
    data_dir: Path
    database: EmbeddedPostgres
    floor: Served
    webhooks: CountingReceiver
    mail: CountingReceiver
    free_times: Iterator[int] = field(default_factory=lambda: itertools.count(0, FREE_TIMES_A_TURN))

    @property
    def environ(self) -> dict[str, str]:
        """Of a server or worker that delivers."""
        return environ_of(self.data_dir) | {
            "KALENDS_OUTBOUND_ALLOW": "127.0.0.1",
            "KALENDS_SMTP_URL": f"smtp://{self.mail.address}",
            "KALENDS_PUBLIC_URL": "http://book.example.com",
        }

    def meter(self, server_pid: int) -> Meter:
        return Meter.of(server_pid, self.data_dir)

    def bookings(self, *, has_webhook: bool, shift: timedelta = timedelta()) -> Request:
        """Of times that no turn had before."""
        numbers = itertools.count(next(self.free_times))
        return requests.create(self.world, numbers, has_webhook=has_webhook, shift=shift)


@dataclass(frozen=True)
class BenchStage:
    """The running server, beside the floor, on one database."""

    home: Home
    plan: Plan
    server: Served

    @property
    def pgbench(self) -> Pgbench:
        home = self.home
        meter = home.meter(self.server.pid)
        return Pgbench(home.world, home.database.environment, meter, home.free_times)

    def ask(self, request: Request) -> Turn:
        """One turn of F, one of the server, and one of F at the server's pace."""
        return self._ask(request, {})

    def create(self, *, has_webhook: bool) -> Turn:
        """The same of bookings, up to the last delivery of what follows from them."""
        follow = {self.home.mail: 2, self.home.webhooks: int(has_webhook)}
        return self._ask(self.home.bookings(has_webhook=has_webhook), follow)

    def _ask(self, request: Request, follow: Mapping[CountingReceiver, int]) -> Turn:
        """`follow` says how many deliveries there are for each request."""
        floor = ask_floor(self.home, self.plan)
        self._drive(request, self.plan.warm_up, 0, follow)
        with self.home.meter(self.server.pid).measure() as spent:
            load = self._drive(request, self.plan.seconds, self.plan.least, follow)
        paced = ask_floor(self.home, self.plan, load.per_second)
        return Turn.of(spent, load.count, load.per_second, floor, paced)

    def _drive(
        self, request: Request, seconds: float, least: int, follow: Mapping[CountingReceiver, int]
    ) -> LoadResult:
        before = {receiver: receiver.count for receiver in follow}
        load = drive(self.server.port, request, seconds, least).checked()
        for receiver, each in follow.items():
            receiver.wait_for(before[receiver] + each * load.count, DELIVERED_WITHIN_SECONDS)
        return load


def ask_floor(home: Home, plan: Plan, pace: float | None = None) -> Turn:
    """One turn of F: as fast as it goes, or at most so many requests a second."""
    request, seconds = requests.get_from_floor(home.world), plan.seconds * PART_OF_FLOOR
    drive(home.floor.port, request, plan.warm_up).checked()
    with home.meter(home.floor.pid).measure() as spent:
        load = drive(home.floor.port, request, seconds, plan.least, pace=pace).checked()
    return Turn.of(spent, load.count, load.per_second)


@contextmanager
def home_of(world: BenchWorld) -> Iterator[Home]:
    with folder_of("bench") as folder:
        data_dir = folder / "data"
        copy_world(world, data_dir)
        with (
            EmbeddedPostgres(data_dir) as database,
            uvicorn("bench.floor:application", "--factory", environ={floor.DSN: database.url}) as f,
            receiving_webhooks() as webhooks,
            receiving_mail() as mail,
        ):
            home = Home(world, folder, data_dir, database, f, webhooks, mail)
            _subscribe(home)
            yield home


@contextmanager
def stage_of(home: Home, plan: Plan) -> Iterator[BenchStage]:
    with Server(home.environ, home.folder / "server.log", is_copied=False) as server:
        assert server.process
        yield BenchStage(home, plan, Served(server.process.pid, server.port))


def deliver_webhooks(home: Home, plan: Plan) -> Turn:
    """One turn of a worker alone, beside which webhooks were put in line."""
    past = home.bookings(has_webhook=True, shift=INTO_THE_PAST)
    return _deliver(home, plan, past, home.webhooks, 1)


def deliver_mails(home: Home, plan: Plan) -> Turn:
    """The same of mails, two of a booking."""
    return _deliver(home, plan, home.bookings(has_webhook=False), home.mail, 2)


def _deliver(
    home: Home, plan: Plan, request: Request, receiver: CountingReceiver, each: int
) -> Turn:
    """The worker is stopped while they are put in line, as soon as it has delivered some."""
    with uvicorn(*WITHOUT_JOBS, environ=home.environ) as accepting, _worker(home) as worker:
        floor, before = ask_floor(home, plan), receiver.count
        first = each * drive(accepting.port, request, plan.warm_up).checked().count
        receiver.wait_for(before + first, DELIVERED_WITHIN_SECONDS)
        worker.send_signal(signal.SIGSTOP)
        waiting = each * drive(accepting.port, request, plan.seconds, plan.least).checked().count
        with home.meter(worker.pid).measure() as spent:
            worker.send_signal(signal.SIGCONT)
            began = time.monotonic()
            receiver.wait_for(before + first + waiting, DELIVERED_WITHIN_SECONDS)
            seconds = time.monotonic() - began
        return Turn.of(spent, waiting, waiting / seconds, floor)


@contextmanager
def _worker(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "kalends", "worker"]
    with (home.folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(command, env=environ | home.environ, stdout=log, stderr=log)
    try:
        yield worker
    finally:
        worker.send_signal(signal.SIGCONT)
        worker.terminate()
        worker.wait(30)


def _subscribe(home: Home) -> None:
    """A webhook for every second ordinary organization."""
    with (
        uvicorn(*WITHOUT_JOBS, environ=home.environ) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client,
    ):
        for number in organizations_with_webhook(home.world):
            client.post(
                "/api/v1/webhooks",
                json={"url": f"http://{home.webhooks.address}/hook"},
                headers={"authorization": f"Bearer {key_of(number)}"},
            ).raise_for_status()
