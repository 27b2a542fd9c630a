"""Where deliveries arrive: a receiver of webhooks and a mail server, each a process of its own that
takes everything at once and counts it, so that the machine is left to what is measured.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Final, TypeAlias

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

LOOK_EVERY_SECONDS: Final = 0.001
READY_WITHIN_SECONDS: Final = 60
_LENGTH: Final = b"content-length: "
_OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
Count: TypeAlias = "Synchronized[int]"
Serve: TypeAlias = "Callable[[Count], Callable[[], asyncio.BaseProtocol]]"


class CountingReceiver:
    """One of them, seen from the process that measures."""

    def __init__(self, port: int, count: Count) -> None:
        self.address = f"127.0.0.1:{port}"
        self._count = count

    @property
    def count(self) -> int:
        """How many came so far."""
        return self._count.value

    def wait_for(self, count: int, within_seconds: float) -> None:
        """Raises SystemExit if fewer have come by then."""
        until = time.monotonic() + within_seconds
        while self.count < count:
            if time.monotonic() > until:
                raise SystemExit(f"{self.count} of {count} came within {within_seconds} s")
            time.sleep(LOOK_EVERY_SECONDS)


@contextmanager
def receiving_webhooks() -> Iterator[CountingReceiver]:
    with _receiving(_webhooks) as receiver:
        yield receiver


@contextmanager
def receiving_mail() -> Iterator[CountingReceiver]:
    with _receiving(_mail) as receiver:
        yield receiver


@contextmanager
def _receiving(serve: Serve) -> Iterator[CountingReceiver]:
    spawn = multiprocessing.get_context("spawn")
    count, port = spawn.Value("q", 0), spawn.Queue()
    process = spawn.Process(target=_run, args=(serve, count, port), daemon=True)
    process.start()
    try:
        yield CountingReceiver(port.get(timeout=READY_WITHIN_SECONDS), count)
    finally:
        process.terminate()
        process.join(10)


def _run(serve: Serve, count: Count, port: Any) -> None:
    uvloop.run(_listen(serve(count), port))


async def _listen(protocol: Callable[[], asyncio.BaseProtocol], port: Any) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=1024)
    port.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _webhooks(count: Count) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: _Answering(count)


def _mail(count: Count) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: SMTP(_PostOffice(count), enable_SMTPUTF8=True, loop=asyncio.get_running_loop())


class _PostOffice:
    def __init__(self, count: Count) -> None:
        self._count = count

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Takes several commands at once, as Postfix, Exim and Exchange do."""
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(  # noqa: N802  (the name that aiosmtpd looks for)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self._count.value += 1  # by this process alone
        return "250 OK"


class _Answering(asyncio.Protocol):
    def __init__(self, count: Count) -> None:
        self._count = count
        self._came = b""

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        while self._take_whole():
            self._count.value += 1
            self._transport.write(_OK)

    def _take_whole(self) -> bool:
        """Whether a whole request was there; it is taken out."""
        end = self._came.find(b"\r\n\r\n")
        if end < 0:
            return False
        size = end + 4 + _length(self._came[:end])
        if len(self._came) < size:
            return False
        self._came = self._came[size:]
        return True


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\n" + _LENGTH)
    return int(head[at + 2 + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
