"""Two parts of an installation fail at once under load, and nothing that was answered is lost. A
primary that fails has its standby promoted, and both servers book again within what is promised."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.failover.pair import Pair
from tests.failover.stage import Serving, running_fleet
from tests.failover.trials import FROZEN, KILLED, Failure, Trial, prepared
from tests.fire.destinations import CHANNELS
from tests.servers import WorkerProcess

# Each part in each way; `scripts/fail_under_load.py` tries each by itself, and all pairs.
FAILURES = (
    (Failure("primary", KILLED), Failure("worker", FROZEN)),
    (Failure("primary", FROZEN), Failure("worker", KILLED)),
    (Failure("standby", KILLED), Failure("server", FROZEN)),
    (Failure("standby", FROZEN), Failure("server", KILLED)),
)
LANES = 4
PAUSE_SECONDS = 0.1
ANSWERS = 8
DOWN_SECONDS = 3


@pytest.fixture(scope="module")
def worker(serving: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    environment = next(iter(serving.by_node.values())).environment
    with WorkerProcess(environment, tmp_path_factory.mktemp("worker") / "log") as worker:
        yield worker


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """Those that were, whose messages may be on their way."""
    return []


@pytest.mark.parametrize("failures", FAILURES, ids=lambda each: "-".join(map(str, each)))
def test_nothing_answered_is_lost_though_two_parts_fail(
    failures: tuple[Failure, ...],
    served_pair: Pair,
    serving: Serving,
    worker: WorkerProcess,
    trials: list[Trial],
) -> None:
    with running_fleet(served_pair, serving) as fleet:
        trial = prepared(fleet, serving, worker, LANES, PAUSE_SECONDS)
        trials.append(trial)
        asyncio.run(trial.run(failures, ANSWERS, DOWN_SECONDS))
        trial.assert_nothing_was_lost()


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_message_arrives_in_order_though_parts_fail(
    channel: str, serving: Serving, trials: list[Trial]
) -> None:
    for trial in trials:
        trial.assert_arrived(serving.destinations[channel])


def test_every_message_is_known_to_have_arrived(trials: list[Trial]) -> None:
    for trial in trials:
        trial.assert_all_is_recorded()
