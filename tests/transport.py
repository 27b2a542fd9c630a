"""What the tests' clients send requests by: HTTP/1.1 to a server on this machine, and no more.

httpx's own transport parses in Python, and takes three times the CPU: a sixth of what the tests of
the API and of pages used. This one parses with httptools, and sends a request in one piece.
"""

import socket
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

import httpx
from httptools import HttpParserError, HttpResponseParser

# As httpx has it by default. Servers close what nobody used for as long.
KEPT_SECONDS: Final = 5.0
PIECE_BYTES: Final = 65_536
HEAD: Final = "HEAD"


class PlainTransport(httpx.BaseTransport):
    """Keeps its connections. Several threads may use it at once, each on a connection of its own.
    Raises what httpx's own does."""

    def __init__(self) -> None:
        self._kept: list[_Connection] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        connection = self._connect(request)
        try:
            reading = connection.ask(request)
        except BaseException:
            connection.close()
            raise
        return httpx.Response(
            reading.status_code,
            headers=reading.headers,
            stream=_Body(reading, self._kept),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": reading.reason},
            request=request,
        )

    def close(self) -> None:
        while self._kept:
            self._kept.pop().close()

    def _connect(self, request: httpx.Request) -> "_Connection":
        address = (request.url.host, request.url.port or 80)
        while (kept := self._pop()) is not None:
            if kept.address == address and kept.may_be_used():
                return kept
            kept.close()
        return _Connection(address, _limit(request, "connect"))

    def _pop(self) -> "_Connection | None":
        try:
            return self._kept.pop()
        except IndexError:
            return None


class _Connection:
    def __init__(self, address: tuple[str, int], timeout: float | None) -> None:
        self.address = address
        self.kept_since = 0.0
        try:
            self._socket = socket.create_connection(address, timeout)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def may_be_used(self) -> bool:
        """Not where it was idle for long, or the server has ended it."""
        if time.monotonic() > self.kept_since + KEPT_SECONDS:
            return False
        self._socket.settimeout(0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def ask(self, request: httpx.Request) -> "_Reading":
        """Sends it, and reads the head of the answer."""
        reading = _Reading(self, request)
        self._write(_bytes_of(request), _limit(request, "write"))
        reading.read_head()
        return reading

    def read(self, timeout: float | None) -> bytes:
        self._socket.settimeout(timeout)
        try:
            return self._socket.recv(PIECE_BYTES)
        except TimeoutError as error:
            raise httpx.ReadTimeout("timed out") from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def _write(self, data: bytes, timeout: float | None) -> None:
        """A server may answer, and end the connection, before it has read everything: then its
        answer is there to be read."""
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise httpx.WriteTimeout("timed out") from error
        except OSError:
            pass


class _Reading:
    """An answer as it comes; httptools calls its methods."""

    def __init__(self, connection: _Connection, request: httpx.Request) -> None:
        self.connection = connection
        self.status_code = 0
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_over = False
        self.may_be_kept = False
        self._has_no_body = request.method == HEAD
        self._has_head = False
        self._pieces: deque[bytes] = deque()
        self._timeout = _limit(request, "read")
        self._parser = HttpResponseParser(self)

    def read_head(self) -> None:
        while not self._has_head:
            self._feed()

    def read_body(self) -> Iterator[bytes]:
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if self.is_over:
                return
            self._feed()

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._has_head = True
        self.status_code = self._parser.get_status_code()
        self.may_be_kept = self._parser.should_keep_alive()
        self.is_over = self._has_no_body

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.is_over = True

    def _feed(self) -> None:
        data = self.connection.read(self._timeout)
        if not data:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise httpx.RemoteProtocolError(str(error)) from error

    def _end(self) -> None:
        """The server has ended the connection, which ends a body of unknown length."""
        names = {name.lower() for name, _ in self.headers}
        if not self._has_head or names & {b"content-length", b"transfer-encoding"}:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        self.is_over = True
        self.may_be_kept = False


class _Body(httpx.SyncByteStream):
    """Gives its connection back when it has been read, and ends it when it has not."""

    def __init__(self, reading: _Reading, kept: list[_Connection]) -> None:
        self._reading = reading
        self._kept = kept
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self._reading.read_body()

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        connection = self._reading.connection
        if not (self._reading.is_over and self._reading.may_be_kept):
            connection.close()
            return
        connection.kept_since = time.monotonic()
        self._kept.append(connection)


def _bytes_of(request: httpx.Request) -> bytes:
    head = [b"%s %s HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)]
    head += [b"%s: %s\r\n" % header for header in request.headers.raw]
    assert isinstance(request.stream, httpx.SyncByteStream)
    pieces = [piece for piece in request.stream if piece]
    if "transfer-encoding" in request.headers:
        pieces = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]
    return b"".join([*head, b"\r\n", *pieces])


def _limit(request: httpx.Request, step: str) -> float | None:
    limits: dict[str, float | None] = request.extensions.get("timeout", {})
    return limits.get(step)
