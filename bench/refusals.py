"""`python -m bench.refusals`: what a request costs that a rate limit refuses.

Beside it, in turns: the bare server (uvicorn, with an application that does nothing but give an
answer of the same length). What counts is the ratio of the CPU, at most 1.3.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
import psutil
from tests.servers import Server

from bench.home import environ_of, folder_of
from bench.load import Request, drive
from bench.processes import Served, uvicorn
from kalends.cli.running import run
from kalends.compose import installation, migrate_now
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import set_up_organization
from kalends.settings import Settings

# High enough that no connection is closed while it is measured.
LIMIT: Final = 4_000
TARGET: Final = 1.3
LEAST_OF_A_MINUTE_SECONDS: Final = 20
BODY: Final = b'{"error":"Too many requests. Try again in 12 s.","code":"RATE_LIMITED",' + (
    b'"request_id":"1f0d3c5a9be24e77","retry_after":12}'
)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The application of the bare server."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.refusals", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round")
    rounds = 1 if parser.parse_args().quick else 3
    with folder_of("refusals") as folder, _servers(folder) as (ours, bare_server, key):
        ratios = []
        for _ in range(rounds):
            _use_up(ours.port, key)
            refused = _cost(ours, key)
            plain = _cost(bare_server, key)
            ratios.append(refused / plain)
            print(f"refused {refused:.1f} µs, bare server {plain:.1f} µs: {ratios[-1]:.2f} times")
    print(f"a refusal costs {median(ratios):.2f} times the bare server's answer (target {TARGET})")


def _cost(served: Served, key: str) -> float:
    """Microseconds of the process's CPU for an answer."""
    head = (
        f"GET /api/v1/bookings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n".encode()
    )
    used = psutil.Process(served.pid)
    before = sum(used.cpu_times()[:2])
    load = drive(served.port, Request(lambda: head, 429), seconds=3)
    if load.failures:
        raise SystemExit(f"{load.failures} failed: {load.first_failure[:1000]!r}")
    spent: float = sum(used.cpu_times()[:2]) - before
    return spent / load.count * 1e6


def _use_up(port: int, key: str) -> None:
    """Reads until the limit of this minute, of which enough is left, is reached."""
    left = 60 - time.time() % 60
    if left < LEAST_OF_A_MINUTE_SECONDS:
        time.sleep(left + 0.1)
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        while client.get("/api/v1/organization").status_code != 429:
            pass


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Served, Served, str]]:
    environ = environ_of(folder / "data") | {"KALENDS_RATE_LIMIT_READ": str(LIMIT)}
    with installation(Settings.from_environ(environ)) as home:
        migrate_now(home)
        key = run(home, _new_key)
        with (
            uvicorn("bench.refusals:bare", "--lifespan", "off", environ={}) as plain,
            Server(environ, folder / "server.log", is_copied=False) as server,
        ):
            assert server.process
            yield Served(server.process.pid, server.port), plain, key


async def _new_key(context: Context) -> str:
    made = await set_up_organization(context, "Refused", "admin@example.test", "long enough 1")
    return made.api_key or ""


if __name__ == "__main__":
    main()
