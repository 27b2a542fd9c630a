"""How many bookings the pages take: exact over all processes, from where the client really is."""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from kalends.compose import Installation
from tests.conftest import BehindAProxy
from tests.servers import Server
from tests.web.pages.visitors import Browser, offered, text_of
from tests.world import World

PER_ADDRESS, PER_SCHEDULE = 4, 7
_addresses = itertools.count(1)


@pytest.fixture(scope="module")
def servers(behind_a_proxy: BehindAProxy) -> Iterator[list[Server]]:
    """Two processes behind a proxy, so that a test can come from anywhere."""
    with behind_a_proxy(
        KALENDS_RATE_LIMIT_PAGE_ADDRESS=str(PER_ADDRESS),
        KALENDS_RATE_LIMIT_PAGE_SCHEDULE=str(PER_SCHEDULE),
    ) as both:
        yield both


@pytest.fixture(autouse=True)
def _whole_minute() -> None:
    """Counts are of a minute of the clock: none of these tests begins at the end of one."""
    left = 60 - time.time() % 60
    if left < 15:
        time.sleep(left)


def send(server: Server, path: str, hour: int, address: str) -> httpx.Response:
    """Sends a form for a day in spring, each hour of it another time."""
    with Browser(server.url, **{"x-forwarded-for": address}) as visitor:
        data = {"start": f"2027-03-01T{hour:02}:00:00Z", "name": "Ada", "email": "a@example.com"}
        return visitor.post(f"{path}/book", data=data, follow_redirects=False)


def an_address() -> str:
    number = next(_addresses)
    return f"198.51.{number // 250}.{number % 250 + 1}"


def test_an_address_books_so_often_a_minute_over_all_processes(
    servers: list[Server], world: World
) -> None:
    path, _ = offered(world)
    address = an_address()
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(send, servers[n % 2], path, n, address) for n in range(6)]
        statuses = sorted(future.result().status_code for future in sent)
    assert statuses == [303] * PER_ADDRESS + [429] * 2
    assert send(servers[0], path, 20, an_address()).status_code == 303


def test_a_schedule_is_booked_so_often_a_minute_from_wherever(
    servers: list[Server], world: World
) -> None:
    path, _ = offered(world)
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(send, servers[n % 2], path, n, an_address()) for n in range(10)]
        statuses = sorted(future.result().status_code for future in sent)
    assert statuses == [303] * PER_SCHEDULE + [429] * 3
    assert len(world.api.get("/api/v1/bookings").json()["data"]) == PER_SCHEDULE
    other, _ = offered(world)
    assert send(servers[0], other, 1, an_address()).status_code == 303


def test_what_is_refused_does_not_count(servers: list[Server], world: World) -> None:
    path, _ = offered(world)
    address = an_address()
    assert send(servers[0], path, 1, address).status_code == 303
    for _ in range(PER_ADDRESS * 2):
        assert send(servers[0], path, 1, address).status_code == 409
    for hour in range(2, PER_ADDRESS + 1):
        assert send(servers[1], path, hour, address).status_code == 303
    assert send(servers[0], path, 9, address).status_code == 429


def test_a_refused_visitor_keeps_what_was_typed(servers: list[Server], world: World) -> None:
    path, _ = offered(world)
    address = an_address()
    for hour in range(PER_ADDRESS):
        send(servers[0], path, hour, address)
    refused = send(servers[0], path, 20, address)
    assert (refused.status_code, refused.headers["content-type"][:9]) == (429, "text/html")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert 'value="a@example.com"' in refused.text
    assert "what you typed is still here" in text_of(refused)


def test_an_address_that_a_client_makes_up_is_not_believed(
    home: Installation, environment: dict[str, str], world: World, tmp_path: Path
) -> None:
    path, _ = offered(world)
    alone = {**environment, "KALENDS_RATE_LIMIT_PAGE_ADDRESS": "2"}
    with Server(alone, tmp_path / "alone.log") as server:
        statuses = [send(server, path, hour, an_address()).status_code for hour in range(3)]
    assert statuses == [303, 303, 429]


def test_guessing_links_and_holding_times_have_limits_too(
    servers: list[Server], world: World
) -> None:
    path, _ = offered(world)
    with Browser(servers[0].url, **{"x-forwarded-for": an_address()}) as visitor:
        guesses = [visitor.get(f"/booking/{n}").status_code for n in range(PER_ADDRESS * 9 + 1)]
        assert guesses == [404] * (PER_ADDRESS * 9) + [429]
        holds = [
            visitor.hold(path, f"2027-03-01T{hour:02}:00:00Z").status_code
            for hour in range(PER_ADDRESS * 3 + 1)
        ]
        assert holds == [200] * (PER_ADDRESS * 3) + [429]
