"""Real HTTP receivers for webhooks, on loopback: they answer as configured and keep what came."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request as it came; `at` in seconds of the monotonic clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def type(self) -> str:
        return str(self.event["type"])


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0.0


Behave = Callable[[Received], Reply]


@dataclass
class Receiver:
    """What came in, in the order it came; `behave` says how each is answered."""

    port: int
    behave: Behave = lambda _: Reply()
    received: list[Received] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def types(self) -> list[str]:
        return [one.type for one in self.received]

    def take(self, one: Received) -> Reply:
        with self._arrived:
            self.received.append(one)
            self._arrived.notify_all()
        return self.behave(one)

    def wait_for(self, count: int, within_seconds: float = 60) -> list[Received]:
        """Waits until as many have come, and returns all that have."""
        return self.wait_until(lambda came: len(came) >= count, within_seconds)

    def wait_until(
        self, enough: Callable[[list[Received]], bool], within_seconds: float = 60
    ) -> list[Received]:
        until = time.monotonic() + within_seconds
        with self._arrived:
            while not enough(self.received):
                left = until - time.monotonic()
                assert left > 0, f"not within {within_seconds} s; came: {Counter(self.types)}"
                self._arrived.wait(left)
            return list(self.received)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    receiver: Receiver

    def handle_error(self, *_: object) -> None:
        """A client that went away, as killed ones do."""


class _WebhookHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.receiver.take(Received(self.path, headers, body, time.monotonic()))
        time.sleep(reply.after_seconds)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    # The names that http.server looks for.
    do_GET = do_POST  # noqa: N815
    do_DELETE = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def receiving(behave: Behave = lambda _: Reply(), port: int = 0) -> Iterator[Receiver]:
    """A receiver on the port, or a free one, while the block lasts."""
    server = _Server(("127.0.0.1", port), _WebhookHandler)
    server.receiver = Receiver(server.server_address[1], behave)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
