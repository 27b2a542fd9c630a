"""A load generator that leaves the machine to what is measured.

Each connection sends a request, waits for the whole answer, sends the next. The bytes are made
beforehand as far as they can be, and of an answer only status and length are read: a request costs
some 20 µs of the generator's processor.
"""

import asyncio
import gc
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

CONNECTIONS: Final = 16
LOOK_EVERY_SECONDS: Final = 0.1
_STATUS: Final = slice(len("HTTP/1.1 "), len("HTTP/1.1 200"))
_LENGTH: Final = b"content-length: "


@dataclass(frozen=True)
class Request:
    """What is sent, made anew for each request, and the status that answers it; None is any that
    says that it went well."""

    make: Callable[[], bytes]
    status: int | None


@dataclass
class LoadResult:
    """What came of it; latencies in seconds."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failures: int = 0
    first_failure: bytes = b""

    @property
    def count(self) -> int:
        """How many were answered, all that were sent."""
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def checked(self) -> "LoadResult":
        """Raises SystemExit if any request failed."""
        if self.failures:
            raise SystemExit(f"{self.failures} failed: {self.first_failure[:1000]!r}")
        return self


def drive(
    port: int,
    request: Request,
    seconds: float,
    least: int = 0,
    connections: int = CONNECTIONS,
    pace: float | None = None,
) -> LoadResult:
    """Sends the request from all connections for `seconds`, and on until `least` were answered;
    then waits for the last answers. At most `pace` requests a second, at random times, if given."""
    gc.collect()
    gc.disable()
    try:
        pause = connections / pace if pace else 0.0
        return uvloop.run(_drive(port, _Run(request, pause), seconds, least, connections))
    finally:
        gc.enable()


async def _drive(port: int, run: "_Run", seconds: float, least: int, count: int) -> LoadResult:
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port))[1]
        for _ in range(count)
    ]
    began = time.perf_counter()
    for connection in connections:
        connection.send()
    await asyncio.sleep(seconds)
    while run.load.count < least and not run.load.failures:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    run.is_over = True
    await asyncio.wait_for(asyncio.gather(*(c.closed for c in connections)), timeout=10)
    run.load.seconds = time.perf_counter() - began
    return run.load


class _Run:
    """What all connections share. `pause` is the mean time between two requests of a connection,
    in seconds; 0 is none."""

    def __init__(self, request: Request, pause: float) -> None:
        self.request = request
        self.pause = pause
        self.status = str(request.status or 2).encode()
        self.load = LoadResult()
        self.is_over = False


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._sent = 0.0
        self._next_at = 0.0
        self._answer = b""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def send(self) -> None:
        """The next request: at once, or after a pause that leaves the pace to chance."""
        if self._run.pause:
            loop = asyncio.get_running_loop()
            self._next_at = max(self._next_at, loop.time())
            self._next_at += random.expovariate(1 / self._run.pause)
            loop.call_at(self._next_at, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if self._run.is_over:
            self._transport.close()
            return
        request = self._run.request.make()
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not is_whole(self._answer):
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
        if not self._answer[_STATUS].startswith(self._run.status):
            load.failures += 1
            load.first_failure = load.first_failure or self._answer
        self._answer = b""


def is_whole(answer: bytes) -> bool:
    """Whether all of it has come."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = answer.find(_LENGTH, 0, end) + len(_LENGTH)
    return len(answer) == end + 4 + int(answer[at : answer.index(b"\r", at)])
