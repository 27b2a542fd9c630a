"""The standby whose word commits wait for is away: reads go on, changes are refused."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import httpx

from tests.failover.invariants import assert_all_there_once
from tests.failover.load import PATH, BookingLanes
from tests.failover.pair import Node
from tests.failover.stage import PairedServers
from tests.store.postgres_world import eventually

# Of two servers, by docs/running/postgresql.md: each 10 for requests, 5 for jobs, 2 that listen.
MOST_CONNECTIONS = 2 * 17
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'kalends%'"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
WITHIN_SECONDS = 60


@contextmanager
def frozen(standby: Node) -> Iterator[None]:
    standby.freeze()
    try:
        yield
    finally:
        standby.wake()


def test_without_its_standby_reads_go_on_and_changes_are_refused(fleet: PairedServers) -> None:
    primary, standby = fleet.pair.primary, fleet.pair.standby
    load = fleet.load(lanes=16)
    counts: list[int] = []

    async def be_refused_often() -> None:
        looking = await asyncpg.connect(fleet.pair.url(primary))
        while len(load.refusals) < 60:
            counts.append(await looking.fetchval(CONNECTIONS))
            await load.until_one_more_is_refused(WITHIN_SECONDS)
        await looking.close()

    async def lose_it_for_a_while() -> None:
        async with load:
            await load.until_each_has_answered(10, WITHIN_SECONDS)
            with frozen(standby):
                await load.until_one_more_is_refused(WITHIN_SECONDS)
                await asyncio.gather(
                    *(assert_reads_go_on(fleet, url) for url in load.urls), be_refused_often()
                )
            await load.until_each_has_answered(10, WITHIN_SECONDS)

    asyncio.run(lose_it_for_a_while())
    # The first ones may have waited too long for a place, before anybody knew why.
    assert {refusal["code"] for refusal in load.refusals[-30:]} == {"NOT_REPLICATED"}
    assert max(counts) <= MOST_CONNECTIONS
    assert_all_there_once(primary, fleet.world, load)


async def assert_reads_go_on(fleet: PairedServers, url: str) -> None:
    headers = dict(fleet.world.api.headers)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
        for _ in range(5):
            assert (await client.get(PATH)).status_code == 200
            assert (await client.get("/readyz")).status_code == 200


def test_a_change_is_not_answered_again_before_the_standby_has_it(fleet: PairedServers) -> None:
    load = BookingLanes(fleet.world, [server.url for server in fleet.servers], [])
    body = fleet.world.booking_body(fleet.world.create_schedule())
    with frozen(fleet.pair.standby):
        # The second server does not know that the standby is away.
        first, second = (book(fleet, url, body) for url in load.urls)
        assert (first.status_code, first.json()["code"]) == (503, "NOT_REPLICATED")
        assert (second.status_code, second.json()["code"]) == (503, "NOT_REPLICATED")
        assert int(second.headers["retry-after"]) >= 1
    eventually(lambda: book(fleet, load.urls[0], body).status_code == 201)


def book(fleet: PairedServers, url: str, body: dict[str, object]) -> httpx.Response:
    headers = {**fleet.world.api.headers, "idempotency-key": "once"}
    return httpx.post(url + PATH, json=body, headers=headers, timeout=20)


def test_commits_that_nobody_waits_for_any_more_are_ended(fleet: PairedServers) -> None:
    primary = fleet.pair.primary
    with frozen(fleet.pair.standby):
        # As one that a killed server has left behind.
        left = primary.psql_in_background("CREATE TABLE left_behind ()", "kalends")
        eventually(lambda: int(primary.psql(WAITING)) > 0)
        fleet.world.api.post("/api/v1/schedules", json={"name": "Waits"})
        assert left.wait(WITHIN_SECONDS) == 0
