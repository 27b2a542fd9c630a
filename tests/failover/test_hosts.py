"""The first of two hosts in a URL hangs, the second is promoted: every way leads to that one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kalends.store.connection import connect
from kalends.store.database import ConnectParameters
from kalends.store.jobs import queue_connection
from tests.commands import run_kalends
from tests.failover.pair import PAUSE_SECONDS, Pair
from tests.failover.stage import PairedServers, Serving, running_fleet
from tests.store.postgres_world import eventually
from tests.world import World


@pytest.fixture(scope="module")
def fleet(served_pair: Pair, serving: Serving) -> Iterator[PairedServers]:
    """The primary that its first server names first hangs for good."""
    with running_fleet(served_pair, serving) as fleet:
        fleet.world.book(fleet.world.shared_schedule)
        eventually(lambda: mails(fleet, "queued") == 0, pause=PAUSE_SECONDS)
        served_pair.primary.freeze()
        served_pair.promote()
        yield fleet


def test_a_first_host_that_hangs_is_passed_by(fleet: PairedServers, tmp_path: Path) -> None:
    eventually(lambda: lists_bookings(fleet.world), pause=PAUSE_SECONDS)
    before = mails(fleet)
    fleet.world.book(fleet.world.shared_schedule, "2099-01-01T10:00:00Z")
    # Jobs have connections of their own: the mails about this booking are dealt with, too. One
    # that fails while the host hangs is tried again after 5 s, 30 s and 5 min.
    eventually(lambda: mails(fleet, "queued") == 0, within=420, pause=1)
    assert mails(fleet) > before
    for command in (["doctor"], ["jobs"], ["backup", str(tmp_path / "backup")]):
        done = run_kalends(fleet.environment, *command)
        assert done.returncode == 0, done


def test_every_way_to_the_database_passes_a_hanging_host_by(fleet: PairedServers) -> None:
    parameters = ConnectParameters(dsn=fleet.pair.url())

    async def take_all() -> list[str]:
        by_queue = queue_connection(parameters)
        async with by_queue as listening:
            one = await connect(parameters)
            directories = [await each.fetchval("SHOW data_directory") for each in (listening, one)]
            await one.close()
            return directories

    assert asyncio.run(take_all()) == [str(fleet.pair.standby.data)] * 2


def mails(fleet: PairedServers, state: str = "") -> int:
    """How many the organization has, in that state if one is named."""
    condition = f"organization_id = '{fleet.world.setup.organization_id}'"
    if state:
        condition += f" AND state = '{state}'"
    return int(fleet.pair.standby.psql(f"SELECT count(*) FROM mails WHERE {condition}"))


def lists_bookings(world: World) -> bool:
    try:
        answer = world.api.get("/api/v1/bookings", timeout=10)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and len(answer.json()["data"]) == 1
