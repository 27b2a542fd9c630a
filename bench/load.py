"""A load generator that leaves the machine to what is measured.

Each connection sends a request, waits for the whole answer, sends the next. The bytes are made
beforehand as far as they can be, and of an answer only status and length are read: a request costs
some 20 µs of the generator's processor.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

CONNECTIONS: Final = 16
_STATUS: Final = slice(len("HTTP/1.1 "), len("HTTP/1.1 200"))
_LENGTH: Final = b"content-length: "


@dataclass(frozen=True)
class Request:
    """What is sent, made anew for each request, and the status that answers it."""

    make: Callable[[], bytes]
    status: int


@dataclass
class Load:
    """What came of it; latencies in seconds. `sent` counts those of the warm-up too."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    sent: int = 0
    failures: int = 0
    first_failure: bytes = b""

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def drive(
    host: str,
    port: int,
    request: Request,
    seconds: float,
    warm_up: float,
    connections: int = CONNECTIONS,
) -> Load:
    """Sends the request from all connections for `seconds`, after a while that does not count."""
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(_drive(host, port, request, seconds, warm_up, connections))
    finally:
        gc.enable()


async def _drive(
    host: str, port: int, request: Request, seconds: float, warm_up: float, count: int
) -> Load:
    loop = asyncio.get_running_loop()
    run = _Run(request)
    connections = [
        (await loop.create_connection(lambda: _Connection(run), host, port))[1]
        for _ in range(count)
    ]
    for connection in connections:
        connection.send()
    await asyncio.sleep(warm_up)
    run.load = Load(sent=run.load.sent)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    load, load.seconds = run.load, time.perf_counter() - began
    run.is_over = True
    await asyncio.wait_for(asyncio.gather(*(c.closed for c in connections)), timeout=10)
    return load


class _Run:
    """What all connections share."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.status = str(request.status).encode()
        self.load = Load()
        self.is_over = False


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._sent = 0.0
        self._answer = b""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def send(self) -> None:
        request = self._run.request.make()
        self._run.load.sent += 1
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _is_whole(self._answer):
            return
        self._note(time.perf_counter() - self._sent)
        if self._run.is_over:
            self._transport.close()
        else:
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        self._run.load.failures += not self._run.is_over
        self.closed.set_result(None)

    def _note(self, latency: float) -> None:
        load = self._run.load
        load.latencies.append(latency)
        if self._answer[_STATUS] != self._run.status:
            load.failures += 1
            load.first_failure = load.first_failure or self._answer
        self._answer = b""


def _is_whole(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = answer.find(_LENGTH, 0, end) + len(_LENGTH)
    return len(answer) == end + 4 + int(answer[at : answer.index(b"\r", at)])
