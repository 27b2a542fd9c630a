"""Bad luck: killed processes and a database that is away. Nothing that was answered is lost."""

import asyncio
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from tests.postgres import postmaster_of, stopped
from tests.servers import Server
from tests.world import World, plus, tomorrow_at

PATH = "/api/v1/bookings"
ENOUGH = 60


async def book_until_broken(world: World, schedules: list[Any], stop: Any) -> dict[str, str]:
    """Books on all schedules at once until answers fail, which `stop` brings about in the middle
    of it; gives the Idempotency-Key of each booking that was answered 201, with its id."""
    answered: dict[str, str] = {}

    async def book(client: httpx.AsyncClient, lane: int) -> None:
        for number in range(400):
            body = world.booking_body(schedules[lane], plus(tomorrow_at(0), hours=number))
            key = f"{lane}-{number}"
            try:
                answer = await client.post(PATH, json=body, headers={"idempotency-key": key})
            except httpx.HTTPError:
                return
            if answer.status_code != 201:
                return
            answered[key] = answer.json()["data"]["id"]

    headers = dict(world.api.headers)
    async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=20) as client:
        lanes = [asyncio.create_task(book(client, lane)) for lane in range(len(schedules))]
        while len(answered) < ENOUGH and not all(lane.done() for lane in lanes):
            await asyncio.sleep(0.01)
        stop()
        await asyncio.gather(*lanes)
    return answered


def all_bookings(world: World) -> list[dict[str, Any]]:
    bookings: list[dict[str, Any]] = []
    while True:
        page = world.api.get(PATH, params={"limit": 500, "offset": len(bookings)}).json()
        bookings += page["data"]
        if not page["meta"]["hasMore"]:
            return bookings


def assert_nothing_lost(world: World, schedules: list[Any], answered: dict[str, str]) -> None:
    stored = {booking["id"] for booking in all_bookings(world)}
    assert set(answered.values()) <= stored
    for key, booking_id in list(answered.items())[:20]:
        lane, number = map(int, key.split("-"))
        body = world.booking_body(schedules[lane], plus(tomorrow_at(0), hours=number))
        body["attendee"] = {"name": "Somebody", "email": "else@example.com"}
        stored_start = world.api.get(f"{PATH}/{booking_id}").json()["data"]["start_time"]
        assert stored_start == body["start_time"]
        # The time is taken, and by one booking: nothing half written.
        assert world.api.post(PATH, json=body).json()["code"] == "SLOT_TAKEN"


def wait_until_served(world: World, seconds: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            if world.api.get(PATH, timeout=6).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"not served again within {seconds} s")


def test_a_killed_server_has_lost_nothing_that_it_answered(
    own_world: World, own_server: Server
) -> None:
    schedules = [own_world.create_schedule(name=f"Lane {n}") for n in range(8)]
    answered = asyncio.run(book_until_broken(own_world, schedules, own_server.kill))
    assert len(answered) >= ENOUGH
    own_server.start().wait_until_ready()
    assert_nothing_lost(own_world, schedules, answered)


def test_the_same_key_after_a_crash_gives_the_same_booking(
    own_world: World, own_server: Server
) -> None:
    body = own_world.booking_body(own_world.create_schedule())
    headers = {"idempotency-key": "once"}
    first = own_world.api.post(PATH, json=body, headers=headers)
    own_server.kill()
    own_server.start().wait_until_ready()
    second = own_world.api.post(PATH, json=body, headers=headers)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"


def test_a_killed_postgresql_restarts_and_has_lost_nothing(
    own_world: World, own_server: Server, own_home: Installation
) -> None:
    schedules = [own_world.create_schedule(name=f"Lane {n}") for n in range(8)]

    def kill() -> None:
        os.kill(postmaster_of(own_home), signal.SIGKILL)

    answered = asyncio.run(book_until_broken(own_world, schedules, kill))
    assert len(answered) >= ENOUGH
    wait_until_served(own_world, 30)
    assert_nothing_lost(own_world, schedules, answered)


def test_while_a_database_hangs_all_get_503_and_then_are_served(
    own_world: World, own_home: Installation
) -> None:
    schedule = own_world.create_schedule()
    own_world.book(schedule)
    with stopped(postmaster_of(own_home)):
        asyncio.run(assert_all_unavailable(own_world, schedule))
    wait_until_served(own_world, 30)
    own_world.book(schedule, tomorrow_at(18))


async def assert_all_unavailable(world: World, schedule: dict[str, Any]) -> None:
    body = world.booking_body(schedule, tomorrow_at(17))
    headers = dict(world.api.headers)
    async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=20) as client:
        sends = [client.get(PATH) for _ in range(20)]
        sends += [client.post(PATH, json=body) for _ in range(20)]
        sends += [client.get("/readyz")]
        answers = await asyncio.gather(*sends)
    assert Counter(answer.status_code for answer in answers) == {503: 41}
    for answer in answers:
        assert answer.json()["code"] == "UNAVAILABLE"
        assert int(answer.headers["retry-after"]) >= 1


def test_the_server_lives_on_while_its_database_is_away(
    own_world: World, own_home: Installation
) -> None:
    with stopped(postmaster_of(own_home)):
        assert own_world.api.get("/healthz").status_code == 200


@pytest.mark.server
def test_four_servers_start_at_once_on_nothing_and_one_is_killed(tmp_path: Path) -> None:
    environment = {"KALENDS_DATA_DIR": str(tmp_path / "data")}
    servers = [Server(environment, tmp_path / f"{number}.log").start() for number in range(4)]
    try:
        time.sleep(1)
        servers[0].kill()
        for server in servers[1:]:
            server.wait_until_ready()
        logs = [(tmp_path / f"{number}.log").read_text() for number in range(4)]
        assert sum("wk_live_" in log for log in logs) <= 1
        assert httpx.get(f"{servers[1].url}/api/v1/bookings").status_code == 401
    finally:
        for server in servers:
            server.stop()
