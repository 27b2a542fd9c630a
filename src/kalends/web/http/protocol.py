"""The HTTP protocol of one connection: uvicorn's, with limits on how long a client may take.

A request that is not HTTP, or does not arrive in full, is answered with the API's error body too.
Endless answers (event streams) are cut off when the server shuts down.
"""

import asyncio
import secrets
from enum import Enum, auto
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from kalends.domain.errors import (
    BadRequest,
    HeadersTooLarge,
    KalendsError,
    TooLarge,
    TooSlow,
    Unavailable,
)
from kalends.web.http.connections import ClientConnection, ClientTimeouts, Connections
from kalends.web.http.errors import error_body, status_of
from kalends.web.http.throttled_keys import LimitedKey, Refusals

# Key in the scope of a request whose answer is endless: it lasts until one side closes it.
ENDLESS: Final = "kalends.endless"
# Key in the application's state under which its Refusals are.
REFUSALS: Final = "kalends.refusals"
HEAD: Final = b"HTTP/1.1 "
CLOSE: Final = (b"connection", b"close")
LARGEST_HEAD_BYTES: Final = 64_000
# Counted on the wire, where a body of 1 MB sent in chunks of one byte takes 6 MB.
LARGEST_REQUEST_BYTES: Final = 8_000_000
MOST_DROPPED_BYTES: Final = 4_000_000
PHRASES: Final = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class Stage(Enum):
    """What a connection is waiting for."""

    IDLE = auto()  # the first byte of a request
    HEAD = auto()  # the rest of the request's head
    BODY = auto()  # the rest of its body, even if it has been answered already
    ANSWER = auto()  # our answer
    PARTING = auto()  # that the client receives our last answer and closes


class Protocol(HttpToolsProtocol, ClientConnection):
    """uvicorn's protocol, changed in three points: how it refuses what is not HTTP, how it ends
    endless answers, and how long it waits for a client."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._connections = connections
        self._stage = Stage.HEAD
        # When the stage began, in the loop's seconds. The first check() in a stage sets it, so
        # that serving a request reads no clock.
        self._since: float | None = None
        self._progress_at = self._read_at = 0.0
        self._has_progressed = False
        self._last_unsent = 0
        self._received = 0
        self._refusals_reset_at = self._refusal_count = 0

    # What happens on the connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._socket = transport
        self._front = _Transport(self, transport, self.loop)
        super().connection_made(cast(asyncio.Transport, self._front))
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        self._has_progressed = True
        if self._stage is Stage.PARTING:
            if self._received > MOST_DROPPED_BYTES:
                self._socket.close()
            return
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._received = 0
        self._update_stage()
        if self._received > LARGEST_HEAD_BYTES:
            self._check_size()

    def on_headers_complete(self) -> None:
        if self._stage is Stage.PARTING:  # pipelined behind the request that ended the connection
            self.cycle = cast(RequestResponseCycle, _Answered(self.scope))
            return
        refusals: Refusals | None = self.app_state.get(REFUSALS)
        if refusals and (self.cycle is None or self.cycle.response_complete):
            method = self.parser.get_method().decode("ascii")
            if refused := refusals.find(method, self.url, self.headers):
                self._refuse_at_once(method, refused)
                return
        super().on_headers_complete()

    def _refuse_at_once(self, method: str, refused: LimitedKey) -> None:
        """Answers 429 without starting a task or calling the application."""
        if self._refusals_reset_at != refused.window.resets_at:
            self._refusals_reset_at, self._refusal_count = refused.window.resets_at, 0
        self._refusal_count += 1
        self._since = None
        stays = self.parser.should_keep_alive() and not refused.is_too_often(self._refusal_count)
        extra_headers = [*self.server_state.default_headers, *([] if stays else [CLOSE])]
        answer = refused.answer(self.headers, extra_headers)
        if method == "HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        self.cycle = cast(RequestResponseCycle, _Answered(self.scope))
        self.transport.write(answer)
        refused.note()
        if not stays:
            self._stage = Stage.BODY  # so that part() gives the client time to read the answer
            self.transport.close()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.cycle.more_body = False  # uvicorn leaves it True if the request is answered already

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._stage is Stage.ANSWER:
            self._update_stage()

    def _update_stage(self) -> None:
        """Updates the stage after data has arrived or an answer has been completed."""
        cycle = self.cycle
        if self._stage is Stage.PARTING:
            return
        if cycle is None:
            self._enter(Stage.HEAD)
        elif cycle.more_body:
            self._enter(Stage.BODY)
        elif not cycle.response_complete:
            self._enter(Stage.ANSWER)
        else:
            self._enter(Stage.IDLE if cycle.scope is self.scope else Stage.HEAD)

    def _enter(self, stage: Stage) -> None:
        was, self._stage = self._stage, stage
        if stage is was:
            return
        self._since = None
        if stage is not Stage.HEAD:
            self._received = 0
        if stage is Stage.ANSWER:
            self._connections.works(self)
        elif was is Stage.ANSWER:
            self._connections.waits(self)

    def _check_size(self) -> None:
        if self._stage is Stage.BODY:
            if self._received > LARGEST_REQUEST_BYTES:
                self._give_up(TooLarge(f"The request exceeds {LARGEST_REQUEST_BYTES} bytes."))
        elif self._stage is Stage.HEAD:
            self._give_up(HeadersTooLarge(f"The headers exceed {LARGEST_HEAD_BYTES} bytes."))
        else:  # the head of a pipelined request, while an answer is being written
            self._socket.abort()

    def resume_writing(self) -> None:
        self._last_unsent = 0  # the client has read something
        super().resume_writing()

    # The checks against the limits.

    @property
    def has_unsent(self) -> bool:
        return bool(self._front.head or self._socket.get_write_buffer_size())

    def check(self, now: float, timeouts: ClientTimeouts) -> None:
        if self._since is None:
            self._since = self._progress_at = now
        seconds = now - self._since
        if self._is_read_too_slowly(now, seconds, timeouts):
            self._socket.abort()
        elif self._stage is Stage.IDLE:
            if seconds > timeouts.idle:
                self._socket.close()
        elif self._stage is Stage.HEAD:
            if seconds > timeouts.head:
                self._give_up(TooSlow(f"The headers did not come within {timeouts.head:g} s."))
        elif self._stage is Stage.BODY:
            self._check_body(now, seconds, timeouts)
        elif self._stage is Stage.PARTING and seconds > timeouts.parting:
            self._socket.close()

    def _is_read_too_slowly(self, now: float, seconds: float, timeouts: ClientTimeouts) -> bool:
        unsent = self._socket.get_write_buffer_size()
        if not unsent or not self._last_unsent or unsent < self._last_unsent:
            self._read_at = now
        self._last_unsent = unsent
        is_endless = self.cycle is not None and self.cycle.scope.get(ENDLESS)
        is_over = not is_endless and seconds > timeouts.answer
        return unsent > 0 and (is_over or now - self._read_at > timeouts.answer_stalled)

    def _check_body(self, now: float, seconds: float, timeouts: ClientTimeouts) -> None:
        if self._has_progressed or self.flow.read_paused:  # when paused, we are the slow side
            self._has_progressed = False
            self._progress_at = now
        if self.flow.read_paused:
            self._since = now
        elif now - self._progress_at > timeouts.body_stalled:
            self._give_up(TooSlow(f"The body has not gone on for {timeouts.body_stalled:g} s."))
        elif seconds > timeouts.body:
            self._give_up(TooSlow(f"The body did not come within {timeouts.body:g} s."))

    def make_room(self) -> None:
        self._socket.abort() if self.has_unsent else self._socket.close()

    def turn_away(self) -> None:
        self._refuse(Unavailable("There are too many connections just now. Please try again."))

    def part(self) -> None:
        """Closes the connection once everything written has been sent.

        If the request is still arriving, the client first gets a moment to receive the answer:
        data that reaches a closed socket makes the system reset the connection.
        """
        self._front.flush()
        if self._stage is not Stage.BODY or self._socket.is_closing():
            self._socket.close()
            return
        self._enter(Stage.PARTING)
        self._connections.waits(self)  # its wait begins anew
        self._socket.write_eof()
        self.flow.resume_reading()

    @property
    def is_parting(self) -> bool:
        return self._stage is Stage.PARTING or self._socket.is_closing()

    def _give_up(self, error: KalendsError) -> None:
        """Ends a request that does not arrive in full; sends the error unless an answer began."""
        if self._stage is Stage.HEAD:
            self._refuse(error) if self._received else self._socket.close()
        elif self.cycle.response_started:
            self._abandon()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._refuse(error)

    def _abandon(self) -> None:
        """Stops reading a request whose answer has begun or is complete."""
        if self.cycle.response_complete:
            self.part()
        else:
            self.cycle.keep_alive = False
            self._enter(Stage.ANSWER)

    # Answers of the protocol itself, and the end of the connection.

    def shutdown(self) -> None:
        """Lets answers finish, except endless ones: those are cut, and their clients reconnect."""
        super().shutdown()
        if self.cycle is not None and self.cycle.scope.get(ENDLESS):
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse(BadRequest(msg))

    def _refuse(self, error: KalendsError) -> None:
        """Answers with the error and closes, as nobody knows where the next request begins."""
        self._stage = Stage.BODY
        request_id = secrets.token_hex(8)
        status, body = status_of(error), error_body(error, request_id)
        retry = f"retry-after: {error.retry_after}\r\n" if isinstance(error, Unavailable) else ""
        head = (
            f"HTTP/1.1 {status} {PHRASES[status]}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n{retry}"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _Answered:
    """A request that is answered already; it stands in for uvicorn's RequestResponseCycle."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self.response_started = self.response_complete = self.more_body = True
        self.message_event = asyncio.Event()


class _Transport:
    """The transport that uvicorn is given. Its `close` is `Protocol.part`, and it sends the head
    of an answer together with whatever is written right after it, in one system call."""

    def __init__(
        self, protocol: Protocol, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.head = b""
        self._write = transport.write
        self._call_soon = loop.call_soon
        self.is_closing = lambda: protocol.is_parting
        self.close = protocol.part
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info

    def write(self, data: bytes) -> None:
        if self.head:
            data, self.head = self.head + data, b""
        elif data[: len(HEAD)] == HEAD:
            self.head = data
            self._call_soon(self.flush)
            return
        self._write(data)

    def flush(self) -> None:
        """Sends a head that is still kept back because nothing was written after it."""
        if self.head:
            self._write(self.head)
            self.head = b""
