"""Processes that are killed, one every three seconds, while destinations fail half of the time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fire.bookings import TIMES, change_many
from tests.fire.conftest import Destinations
from tests.fire.destinations import EVENTS, UNSTEADY, Destination
from tests.homes import RunningInstallation
from tests.servers import WorkerProcess
from tests.world import World

KILLS = 3 * TIMES
BOOKINGS = 20
EVERY_SECONDS = 1
# What a killed process had under way comes back when its lease is over.
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def worker(
    under_fire: RunningInstallation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    folder = tmp_path_factory.mktemp("worker")
    with WorkerProcess(under_fire.environment, folder / "worker.log") as worker:
        yield worker


@pytest.fixture(scope="module")
def changed(
    world: World, under_fire: RunningInstallation, worker: WorkerProcess, destinations: Destinations
) -> list[str]:
    """Bookings that were changed meanwhile."""
    for destination in destinations.values():
        destination.start(UNSTEADY)
    changed: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        for number in range(KILLS):
            changing = pool.submit(change_many, world, BOOKINGS)
            time.sleep(EVERY_SECONDS)
            victim = (worker, under_fire.server)[number % 2]
            victim.kill()
            victim.ensure_running()
            changed += changing.result()
    return changed


def test_everything_arrives_though_processes_are_killed(
    changed: list[str], destination: Destination
) -> None:
    destination.wait_for(changed, len(EVENTS), PATIENCE_SECONDS)


def test_what_arrives_after_kills_is_in_order(changed: list[str], destination: Destination) -> None:
    assert destination.out_of_order_at_last(changed, PATIENCE_SECONDS) == []
