"""A restore over a running server: requests meanwhile are refused in words, never broken."""

import asyncio
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from uuid import UUID

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Mode
from kalends.runtime.unit_of_work import Caller, UnitOfWork, read
from kalends.store.embedded.process import binary
from tests.commands import run_kalends
from tests.conftest import PASSWORD, make_organization
from tests.homes import environment_in, migrated
from tests.servers import Server
from tests.world import World, plus, tomorrow_at

PATH = "/api/v1/bookings"
RESTORES = 2
CLIENTS = 2


@pytest.fixture
def own_environment(tmp_path: Path) -> dict[str, str]:
    return environment_in(tmp_path)


@pytest.fixture
def own_home(own_environment: dict[str, str]) -> Iterator[Installation]:
    with migrated(own_environment) as home:
        yield home


def test_requests_during_a_restore_get_503_at_worst(
    own_home: Installation, own_environment: dict[str, str], tmp_path: Path, log_file: Path
) -> None:
    file = str(tmp_path / "backup")
    with Server(own_environment, log_file) as server:
        world = World(server.url, make_organization(own_home), PASSWORD)
        schedule = world.create_schedule()
        booking = world.book(schedule)
        kalends(own_environment, "backup", file)
        over = threading.Event()
        seen: Counter[int] = Counter()

        def ask(client_number: int) -> None:
            with httpx.Client(base_url=server.url, headers=world.api.headers, timeout=20) as client:
                number = 0
                while not over.is_set():
                    number += 1
                    start = plus(tomorrow_at(0), hours=client_number * 2000 + number)
                    for answer in (
                        client.get(PATH),
                        client.get(f"{PATH}/{booking['id']}"),
                        client.post(PATH, json=world.booking_body(schedule, start)),
                        client.get(
                            "/api/v1/slots",
                            params={
                                "schedule_id": schedule["id"],
                                "duration_minutes": "60",
                                "start": start,
                                "end": plus(start, days=1),
                            },
                        ),
                        client.get("/api/v1/event-types"),
                    ):
                        seen[answer.status_code] += 1

        threads = [threading.Thread(target=ask, args=[number]) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for _ in range(RESTORES):
            kalends(own_environment, "restore", "--replace", file)
        over.set()
        for thread in threads:
            thread.join()
        assert world.api.get(f"{PATH}/{booking['id']}").status_code == 200
    assert set(seen) <= {200, 201, 409, 503}, seen
    assert seen[200] > CLIENTS


def kalends(environment: dict[str, str], *words: str) -> None:
    done = run_kalends(environment, *words)
    assert done.returncode == 0, done


def test_a_read_that_loses_a_deadlock_is_done_again(own_home: Installation, tmp_path: Path) -> None:
    socket = str(tmp_path / "data" / "postgres")
    command = [binary("psql"), "-XAtq", "-h", socket, "-U", "kalends", "kalends"]
    operator = Caller(UUID(int=1), Mode.LIVE, "operator")

    def asked(sql: str) -> int:
        return int(subprocess.check_output([*command, "-c", sql], text=True))

    async def count_both(work: UnitOfWork) -> int:
        count: int = await work.tx.fetchval("SELECT count(*) FROM schedules, event_types")
        return count

    async def read_against(process: "subprocess.Popen[str]") -> int:
        context = own_home.context()
        reading = asyncio.create_task(read(context, operator, count_both))
        # It holds the one and waits for the other, for 1 s at first.
        while await asyncio.to_thread(asked, "SELECT count(*) FROM pg_locks WHERE NOT granted") < 1:
            pass
        print("LOCK TABLE schedules; COMMIT;", file=process.stdin, flush=True)
        try:
            return await reading
        finally:
            await context.close()

    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        locking = "SET deadlock_timeout = '20s'; BEGIN; LOCK TABLE event_types; SELECT 'locked';"
        print(locking, file=process.stdin, flush=True)
        assert process.stdout
        assert process.stdout.readline().strip() == "locked"
        assert asyncio.run(read_against(process)) == 0
        process.communicate()
    # Who lost it counts it when its process ends.
    until = monotonic() + 30
    while (deadlocks := asked("SELECT sum(deadlocks) FROM pg_stat_database")) == 0:
        assert monotonic() < until
    assert deadlocks == 1
