"""How a connection is served: uvicorn's own HTTP protocol, with limits for what clients may take.

What cannot be read as HTTP, or does not come, gets our shape of an error too; what goes on ends
with the server.
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

# In the scope of a request whose answer goes on until somebody ends it.
GOES_ON: Final = "kalends.goes_on"
# In the state of the application: its Refusals.
REFUSALS: Final = "kalends.refusals"
HEAD: Final = b"HTTP/1.1 "
CLOSE: Final = (b"connection", b"close")
LARGEST_HEAD_BYTES: Final = 64_000
# On the wire: a body of 1 MB in chunks of one byte takes 6 MB.
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

    IDLE = auto()  # a request's first byte
    HEAD = auto()  # the rest of its head
    BODY = auto()  # the rest of its body, whether or not it is answered already
    ANSWER = auto()  # our answer
    PARTING = auto()  # the client, to receive our last answer and go


class Protocol(HttpToolsProtocol, ClientConnection):
    """uvicorn's own, but for how it refuses what is no HTTP, how it ends what goes on, and how
    long it waits for a client."""

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
        self._others = connections
        self._stage = Stage.HEAD
        # In the loop's seconds, as of the first look after it: a request costs no look at a clock.
        self._since: float | None = None
        self._progress_at = self._read_at = 0.0
        self._went_on = False
        self._unsent = 0
        self._came = 0
        self._refused_until = self._refused = 0

    # What happens on the connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._socket = transport
        self._front = _Transport(self, transport, self.loop)
        super().connection_made(cast(asyncio.Transport, self._front))
        self._others.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        self._went_on = True
        if self._stage is Stage.PARTING:
            if self._came > MOST_DROPPED_BYTES:
                self._socket.close()
            return
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._came = 0
        self._follow()
        if self._came > LARGEST_HEAD_BYTES:
            self._check_size()

    def on_headers_complete(self) -> None:
        if self._stage is Stage.PARTING:  # it came along with the one that we parted over
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
        """Answers 429 here and now: there is no task for it, and no application is asked."""
        if self._refused_until != refused.window.resets_at:
            self._refused_until, self._refused = refused.window.resets_at, 0
        self._refused += 1
        self._since = None
        stays = self.parser.should_keep_alive() and not refused.is_too_often(self._refused)
        more = [*self.server_state.default_headers, *([] if stays else [CLOSE])]
        answer = refused.answer(self.headers, more)
        if method == "HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        self.cycle = cast(RequestResponseCycle, _Answered(self.scope))
        self.transport.write(answer)
        refused.note()
        if not stays:
            self._stage = Stage.BODY  # what comes after this is not heard any more
            self.transport.close()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.cycle.more_body = False  # of a request that was answered before, too

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._stage is Stage.ANSWER:
            self._follow()

    def _follow(self) -> None:
        """Notes where the connection stands after something came or an answer was given."""
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
            self._came = 0
        if stage is Stage.ANSWER:
            self._others.works(self)
        elif was is Stage.ANSWER:
            self._others.waits(self)

    def _check_size(self) -> None:
        if self._stage is Stage.BODY:
            if self._came > LARGEST_REQUEST_BYTES:
                self._give_up(TooLarge(f"The request exceeds {LARGEST_REQUEST_BYTES} bytes."))
        elif self._stage is Stage.HEAD:
            self._give_up(HeadersTooLarge(f"The headers exceed {LARGEST_HEAD_BYTES} bytes."))
        else:  # the next one's head, while an answer is written
            self._socket.abort()

    def resume_writing(self) -> None:
        self._unsent = 0  # something was read
        super().resume_writing()

    # What is held against the limits.

    @property
    def has_unsent(self) -> bool:
        return bool(self._front.head or self._socket.get_write_buffer_size())

    def check(self, now: float, patience: ClientTimeouts) -> None:
        if self._since is None:
            self._since = self._progress_at = now
        seconds = now - self._since
        if self._is_read_too_slowly(now, seconds, patience):
            self._socket.abort()
        elif self._stage is Stage.IDLE:
            if seconds > patience.idle:
                self._socket.close()
        elif self._stage is Stage.HEAD:
            if seconds > patience.head:
                self._give_up(TooSlow(f"The headers did not come within {patience.head:g} s."))
        elif self._stage is Stage.BODY:
            self._check_body(now, seconds, patience)
        elif self._stage is Stage.PARTING and seconds > patience.parting:
            self._socket.close()

    def _is_read_too_slowly(self, now: float, seconds: float, patience: ClientTimeouts) -> bool:
        unsent = self._socket.get_write_buffer_size()
        if not unsent or not self._unsent or unsent < self._unsent:
            self._read_at = now
        self._unsent = unsent
        goes_on = self.cycle is not None and self.cycle.scope.get(GOES_ON)
        is_over = not goes_on and seconds > patience.answer
        return unsent > 0 and (is_over or now - self._read_at > patience.answer_stalled)

    def _check_body(self, now: float, seconds: float, patience: ClientTimeouts) -> None:
        if self._went_on or self.flow.read_paused:  # paused, it is we who do not get on
            self._went_on = False
            self._progress_at = now
        if self.flow.read_paused:
            self._since = now
        elif now - self._progress_at > patience.body_stalled:
            self._give_up(TooSlow(f"The body has not gone on for {patience.body_stalled:g} s."))
        elif seconds > patience.body:
            self._give_up(TooSlow(f"The body did not come within {patience.body:g} s."))

    def make_room(self) -> None:
        self._socket.abort() if self.has_unsent else self._socket.close()

    def turn_away(self) -> None:
        self._refuse(Unavailable("There are too many connections just now. Please try again."))

    def part(self) -> None:
        """Closes, once what was written is sent. While the request still comes, the client gets a
        moment to receive the answer: closed at once, a connection that gets data is reset."""
        self._front.flush()
        if self._stage is not Stage.BODY or self._socket.is_closing():
            self._socket.close()
            return
        self._enter(Stage.PARTING)
        self._others.waits(self)  # from now on
        self._socket.write_eof()
        self.flow.resume_reading()

    @property
    def is_parting(self) -> bool:
        return self._stage is Stage.PARTING or self._socket.is_closing()

    def _give_up(self, error: KalendsError) -> None:
        """Ends a request that does not come to its end, with the error if nothing was answered."""
        if self._stage is Stage.HEAD:
            self._refuse(error) if self._came else self._socket.close()
        elif self.cycle.response_started:
            self._abandon()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._refuse(error)

    def _abandon(self) -> None:
        """The answer has begun, or was given: nothing more is read of this request."""
        if self.cycle.response_complete:
            self.part()
        else:
            self.cycle.keep_alive = False
            self._enter(Stage.ANSWER)

    # What is sent to clients, and how it ends.

    def shutdown(self) -> None:
        """Waits for answers, but not for those that would never end: their clients come back."""
        super().shutdown()
        if self.cycle is not None and self.cycle.scope.get(GOES_ON):
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse(BadRequest(msg))

    def _refuse(self, error: KalendsError) -> None:
        """Answers and parts, since where the next request begins is unknown."""
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
    """A request that was answered at once, where uvicorn keeps one with its answer."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self.response_started = self.response_complete = self.more_body = True
        self.message_event = asyncio.Event()


class _Transport:
    """The transport as uvicorn sees it: it parts instead of closing, and sends the head of an
    answer together with what is written right after it, in one call of the system."""

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
        """Sends a head that nothing was written after."""
        if self.head:
            self._write(self.head)
            self.head = b""
