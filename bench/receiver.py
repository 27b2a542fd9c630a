"""A receiver of webhooks that leaves the machine to what is measured: a process of its own that
answers at once and notes when each event came.

`GET /` answers the notes as JSON: pairs of `webhook-id` and seconds of the monotonic clock, which
all processes of a machine share.
"""

import asyncio
import json
import multiprocessing
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import uvloop

_ID = b"webhook-id: "
_LENGTH = b"content-length: "
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Receiver:
    """The receiver, seen from the process that measures."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"

    def came(self) -> dict[str, float]:
        """When each event first came, by its id."""
        with urllib.request.urlopen(self.url, timeout=30) as answer:
            pairs: list[tuple[str, float]] = json.load(answer)
        first: dict[str, float] = {}
        for id_, at in pairs:
            first.setdefault(id_, at)
        return first

    def wait_for(self, count: int, within_seconds: float) -> dict[str, float]:
        """Raises SystemExit if fewer have come by then."""
        until = time.monotonic() + within_seconds
        while len(came := self.came()) < count:
            if time.monotonic() > until:
                raise SystemExit(f"{len(came)} of {count} deliveries within {within_seconds} s")
            time.sleep(0.3)
        return came


@contextmanager
def receiving() -> Iterator[Receiver]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Receiver(ours.recv())
    finally:
        process.terminate()
        process.join(10)


def _run(address_pipe: Connection) -> None:
    uvloop.run(_serve(address_pipe))


async def _serve(address_pipe: Connection) -> None:
    notes: list[tuple[str, float]] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(notes), "127.0.0.1", 0, backlog=1024)
    address_pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Answering(asyncio.Protocol):
    def __init__(self, notes: list[tuple[str, float]]) -> None:
        self._notes = notes
        self._came = b""

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        while (request := self._whole()) is not None:
            self._answer(request)

    def _whole(self) -> bytes | None:
        """The next request that is there whole; it is taken out."""
        end = self._came.find(b"\r\n\r\n")
        if end < 0:
            return None
        size = end + 4 + int(_header(self._came[:end], _LENGTH) or 0)
        if len(self._came) < size:
            return None
        request, self._came = self._came[:size], self._came[size:]
        return request

    def _answer(self, request: bytes) -> None:
        if request.startswith(b"GET"):
            body = json.dumps(self._notes).encode()
            head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)
            return
        self._notes.append((_header(request, _ID).decode(), time.monotonic()))
        self._transport.write(_OK)


def _header(head: bytes, name: bytes) -> bytes:
    at = head.lower().find(b"\r\n" + name)
    if at < 0:
        return b""
    begin = at + 2 + len(name)
    end = head.find(b"\r\n", begin)
    return head[begin : end if end >= 0 else len(head)]
