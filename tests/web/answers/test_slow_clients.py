"""Clients that take their time: each limit on a real connection, with little patience."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from kalends.domain.errors import KalendsError
from kalends.web.http.call import LARGEST_BODY_BYTES, read_all
from kalends.web.http.connections import ClientTimeouts, Connections
from kalends.web.http.endpoint import error_answer, send_answer
from kalends.web.http.protocol import ENDLESS, LARGEST_HEAD_BYTES, MOST_DROPPED_BYTES, Protocol

pytestmark = pytest.mark.server

HURRIED = ClientTimeouts(
    head=0.8, body_stalled=0.8, body=3.0, idle=2.0, answer_stalled=0.8, answer=3.0, parting=0.5
)
MOST = 4
SECONDS = 20
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n"
BIG = b"x" * 30_000_000


class Small:
    """An application that reads bodies as ours does, and answers in every way that matters."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/live":
                await self._live(scope, send)
            case "/big":
                await self._whole(send, BIG)
            case "/flood":
                await self._flood(scope, send)
            case "/unread":
                await self._whole(send, b"not read")
            case "/slow":
                await asyncio.sleep(1.5 * HURRIED.head)
                await self._whole(send, b"slow")
            case _:
                await self._read(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_all(receive)
        except KalendsError as error:
            self.refused.append(error.code)
            await send_answer(send, scope["method"], error_answer(error, "0123456789abcdef"))
        else:
            await self._whole(send, b"%d bytes" % len(body))

    async def _whole(self, send: Send, body: bytes) -> None:
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, scope: Scope, send: Send) -> None:
        scope[ENDLESS] = True
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"beat\n", "more_body": True})
            await asyncio.sleep(0.05)

    async def _flood(self, scope: Scope, send: Send) -> None:
        scope[ENDLESS] = True
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 200_000, "more_body": True})
            await asyncio.sleep(0)


class Running:
    """A server in a thread of its own, and clients of it."""

    def __init__(self) -> None:
        self.app = Small()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.address = self._listening.getsockname()
        self.connections = Connections(HURRIED, MOST)
        config = uvicorn.Config(
            self.app,
            http=partial(Protocol, connections=self.connections),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            timeout_keep_alive=60,
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(SECONDS)

    def connect(self, *data: bytes, receive_buffer: int = 0) -> socket.socket:
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(SECONDS)
        client.connect(self.address)
        for part in data:
            client.sendall(part)
        return client


@pytest.fixture
def running() -> Iterator[Running]:
    server = Running()
    yield server
    server.stop()


def heard(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    parts = []
    with suppress(ConnectionResetError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def heard_without_reset(client: socket.socket) -> bytes:
    """All that comes until the server closes, which it has to do in order."""
    return client.makefile("rb").read()


def one_answer(client: socket.socket) -> bytes:
    """What comes next, without waiting for the end."""
    return client.recv(65536)


def read(client: socket.socket, count: int) -> None:
    """Takes in that many bytes, which have to come."""
    while count:
        part = client.recv(min(count, 65536))
        assert part
        count -= len(part)


def send_until_refused(client: socket.socket, part: bytes) -> int:
    """Sends the part again and again, and says how many bytes were taken; at most a lot."""
    sent = 0
    with suppress(ConnectionResetError, BrokenPipeError):
        while sent < 200_000_000:
            client.sendall(part)
            sent += len(part)
    return sent


def trickle(client: socket.socket, piece: bytes, *, times: int) -> bytes:
    """Sends the piece again and again until there is an answer, and returns it."""
    for _ in range(times):
        client.sendall(piece)
        with suppress(TimeoutError):
            return one_answer(client)
    raise AssertionError("nothing was sent")


@pytest.mark.parametrize("data", [b"GET", HEAD, HEAD + b"x-more: ", b"\r\n"])
def test_headers_that_do_not_come_are_given_up(running: Running, data: bytes) -> None:
    with closing(running.connect(data)) as client:
        answer = heard(client)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer


def test_headers_that_trickle_are_given_up_too(running: Running) -> None:
    with closing(running.connect(HEAD)) as client:
        client.settimeout(0.05)
        assert trickle(client, b"x: y\r\n", times=100).startswith(b"HTTP/1.1 408 ")


def test_a_connection_on_which_nothing_comes_is_closed(running: Running) -> None:
    with closing(running.connect()) as client:
        assert heard(client) == b""


def test_a_second_request_has_the_same_time_for_its_headers(running: Running) -> None:
    with closing(running.connect(b"GET /unread HTTP/1.1\r\nhost: x\r\n\r\n")) as client:
        assert b"not read" in one_answer(client)
        client.sendall(HEAD)
        assert heard(client).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("data", [b"GET /un", b"\r\n", b"GET /unread HTTP/1.1\r\nx: "])
def test_what_follows_a_request_at_once_is_not_waited_for(running: Running, data: bytes) -> None:
    first = b"GET /unread HTTP/1.1\r\nhost: x\r\n\r\n"
    with closing(running.connect(first + data)) as client:
        assert heard(client).count(b"HTTP/1.1 ") in (1, 2)


@pytest.mark.parametrize(
    "data",
    [
        b"content-length: 9\r\n\r\n",
        b"content-length: 9\r\n\r\nabc",
        b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-trailer: ",
        b"expect: 100-continue\r\ncontent-length: 9\r\n\r\n",
    ],
)
def test_a_body_that_does_not_go_on_is_given_up(running: Running, data: bytes) -> None:
    with closing(running.connect(HEAD + data)) as client:
        answer = heard(client)
    assert b"HTTP/1.1 408 " in answer
    assert b'"code":"REQUEST_TIMEOUT"' in answer
    wait_until(lambda: running.app.refused == ["REQUEST_TIMEOUT"])


def test_a_slow_body_that_goes_on_is_read(running: Running) -> None:
    with closing(running.connect(HEAD + b"content-length: 6\r\n\r\n")) as client:
        for _ in range(6):
            threading.Event().wait(HURRIED.body_stalled / 4)
            client.sendall(b"x")
        assert b"6 bytes" in one_answer(client)


def test_a_body_that_trickles_for_ever_is_given_up(running: Running) -> None:
    with closing(running.connect(HEAD + b"content-length: 900\r\n\r\n")) as client:
        client.settimeout(HURRIED.body_stalled / 6)
        assert trickle(client, b"x", times=200).startswith(b"HTTP/1.1 408 ")


def test_a_body_of_no_matter_is_not_waited_for_either(running: Running) -> None:
    unread = b"POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
    with closing(running.connect(unread)) as client:
        answer = heard(client)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"not read")


def test_a_request_after_a_body_of_no_matter_is_answered(running: Running) -> None:
    unread = b"POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
    with closing(running.connect(unread)) as client:
        assert b"not read" in one_answer(client)
        client.sendall(b"123456789")
        threading.Event().wait(1.5 * HURRIED.body_stalled)
        client.sendall(unread)
        assert b"not read" in one_answer(client)


def test_endless_chunks_are_refused_at_a_megabyte(running: Running) -> None:
    chunked = HEAD + b"transfer-encoding: chunked\r\n\r\n"
    with closing(running.connect(chunked)) as client:
        part = b"%x\r\n%s\r\n" % (50_000, b"x" * 50_000)
        for _ in range(LARGEST_BODY_BYTES // 50_000 + 1):
            client.sendall(part)
        answer = heard_without_reset(client)
        wait_until(lambda: running.connections.count == 0)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert running.app.refused == ["BODY_TOO_LARGE"]


def test_a_client_that_sends_on_after_its_refusal_is_cut(running: Running) -> None:
    chunked = HEAD + b"transfer-encoding: chunked\r\n\r\n"
    with closing(running.connect(chunked)) as client:
        sent = send_until_refused(client, b"%x\r\n%s\r\n" % (50_000, b"x" * 50_000))
    # What the two kernels hold for the two ends comes on top.
    assert sent < LARGEST_BODY_BYTES + MOST_DROPPED_BYTES + 16_000_000


def test_an_endless_body_of_no_matter_is_cut(running: Running) -> None:
    chunked = b"POST /unread HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with closing(running.connect(chunked)) as client:
        sent = send_until_refused(client, b"%x\r\n%s\r\n" % (5_000, b"x" * 5_000))
    assert sent < 40_000_000


@pytest.mark.parametrize(
    "data",
    [b"x-more: ", b"transfer-encoding: chunked\r\n\r\n0\r\nx-trailer: "],
    ids=["headers", "trailers"],
)
def test_endless_headers_and_trailers_are_cut(running: Running, data: bytes) -> None:
    with closing(running.connect(HEAD + data)) as client:
        sent = send_until_refused(client, b"x" * LARGEST_HEAD_BYTES)
    assert sent < 40_000_000


def test_headers_that_are_too_large_are_refused(running: Running) -> None:
    with closing(running.connect(HEAD + b"x-more: " + b"x" * LARGEST_HEAD_BYTES)) as client:
        answer = heard(client)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"HEADERS_TOO_LARGE"' in answer


def test_an_answer_that_nobody_reads_is_given_up(running: Running) -> None:
    asking = b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n"
    with closing(running.connect(asking, receive_buffer=4096)) as client:
        wait_until(lambda: running.connections.count == 1)
        wait_until(lambda: running.connections.count == 0)
        assert len(heard(client)) < len(BIG)


def test_an_answer_that_is_read_slowly_comes_whole(running: Running) -> None:
    asking = b"GET /big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with closing(running.connect(asking)) as client:
        for _ in range(8):
            threading.Event().wait(HURRIED.answer_stalled / 6)
            read(client, 3_000_000)
        assert len(heard(client)) > len(BIG) - 8 * 3_000_000


def test_an_answer_that_is_read_in_drops_has_an_end(running: Running) -> None:
    asking = b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n"
    with closing(running.connect(asking, receive_buffer=4096)) as client:
        wait_until(lambda: not (client.recv(2000) and running.connections.count))


def test_a_live_stream_outlives_every_limit(running: Running) -> None:
    asking = b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n"
    with closing(running.connect(asking)) as client:
        beats = 0
        while beats < 1.5 * max(vars(HURRIED).values()) / 0.05:
            beats += client.recv(65536).count(b"beat")


def test_a_stream_that_is_read_slowly_goes_on(running: Running) -> None:
    with closing(running.connect(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")) as client:
        pause = HURRIED.answer_stalled / 8
        for _ in range(round(1.5 * HURRIED.answer / pause)):
            threading.Event().wait(pause)
            read(client, 1_000_000)


def test_a_slow_answer_of_ours_is_not_the_clients_fault(running: Running) -> None:
    with closing(running.connect(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")) as client:
        assert b"slow" in one_answer(client)


def test_requests_that_come_all_at_once_are_all_answered(running: Running) -> None:
    many = 2_000
    asking = b"GET /unread HTTP/1.1\r\nhost: x\r\nx-more: %s\r\n\r\n" % (b"y" * 90)
    last = b"GET /unread HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with closing(running.connect(asking * many + last)) as client:
        assert heard(client).count(b"not read") == many + 1


def test_a_connection_at_rest_is_closed_in_the_end(running: Running) -> None:
    with closing(running.connect(b"GET /unread HTTP/1.1\r\nhost: x\r\n\r\n")) as client:
        assert heard(client).endswith(b"not read")


def test_the_one_that_waited_longest_makes_room(running: Running) -> None:
    asking = b"GET /unread HTTP/1.1\r\nhost: x\r\n\r\n"
    waiting = [running.connect(HEAD)]
    waiting += [running.connect() for _ in range(MOST - 1)]
    waiting[0].sendall(b"x-more: y\r\n")
    with closing(running.connect(asking)) as client:
        assert b"not read" in one_answer(client)
        assert heard(waiting[0]) == b""
        waiting[1].sendall(asking)
        assert b"not read" in one_answer(waiting[1])
    for one in waiting:
        one.close()


def test_who_still_reads_does_not_make_room(running: Running) -> None:
    asking = b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n"
    reader = running.connect(asking)
    got = len(reader.recv(1000))
    waiting = [running.connect() for _ in range(MOST - 1)]
    with closing(running.connect(b"GET /unread HTTP/1.1\r\nhost: x\r\n\r\n")) as client:
        assert b"not read" in one_answer(client)
        assert heard(waiting[0]) == b""
    while got < len(BIG) and (part := reader.recv(1_000_000)):
        got += len(part)
    assert got > len(BIG)
    for one in (reader, *waiting):
        one.close()


def test_who_has_left_leaves_room(running: Running) -> None:
    for client in [running.connect() for _ in range(MOST)]:
        client.close()
    wait_until(lambda: running.connections.count == 0)
    waiting = [running.connect() for _ in range(MOST + 1)]
    assert heard(waiting[0]) == b""
    assert running.connections.count == MOST
    for one in waiting:
        one.close()


def test_streams_make_no_room_and_the_newcomer_is_refused(running: Running) -> None:
    asking = b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n"
    streams = [running.connect(asking) for _ in range(MOST)]
    for stream in streams:
        assert b"200 OK" in one_answer(stream)
    with closing(running.connect(b"GET /unread HTTP/1.1\r\nhost: x\r\n\r\n")) as client:
        answer = heard(client)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: " in answer
    for stream in streams:
        assert b"beat" in one_answer(stream)
        stream.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(SECONDS * 50):
        if is_so():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come about")
