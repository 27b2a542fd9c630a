"""More clients than the server may open files for: those who ask are answered all the same."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest

from kalends.compose import Installation
from kalends.serving import most_connections, raise_open_files
from tests.conftest import PASSWORD, make_organization
from tests.receivers import receiving
from tests.servers import Server
from tests.world import World

OPEN_FILES = 600
CROWD = 1_200
UNFINISHED_HEAD = b"GET /api/v1/bookings HTTP/1.1\r\nhost: kalends\r\nx-more: "
UNFINISHED_BODY = b"POST /api/auth/login HTTP/1.1\r\nhost: kalends\r\ncontent-length: 90\r\n\r\n{"


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    return {"OUTBOUND_ALLOW": "127.0.0.1"}


@pytest.fixture(scope="module", params=[1, 2], ids=["one process", "two workers"])
def small_server(
    request: pytest.FixtureRequest,
    own_home: Installation,
    own_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server that may open few files."""
    log_file = tmp_path_factory.mktemp("crowds") / "server.log"
    workers: int = request.param
    with Server(own_environment, log_file, workers=workers, open_files=OPEN_FILES) as running:
        yield running


@pytest.fixture
def small_world(own_home: Installation, small_server: Server) -> Iterator[World]:
    world = World(small_server.url, make_organization(own_home), PASSWORD)
    yield world
    world.close()


@contextmanager
def crowd(port: int, data: bytes) -> Iterator[list[socket.socket]]:
    """Clients that say that much, and then nothing more."""
    raise_open_files()
    with ExitStack() as opened:
        clients = []
        for _ in range(CROWD):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            with suppress(ConnectionResetError, BrokenPipeError):
                client.sendall(data)
            clients.append(client)
        yield clients


@pytest.mark.parametrize("data", [b"", UNFINISHED_HEAD, UNFINISHED_BODY])
def test_who_asks_is_answered_among_a_crowd_that_says_nothing(
    small_world: World, small_server: Server, data: bytes
) -> None:
    with receiving() as receiver, crowd(small_server.port, data):
        # Connections from before may have been ended for the crowd.
        schedule = small_world.create_schedule()
        endpoint = small_world.api.post("/api/v1/webhooks", json={"url": receiver.url})
        assert endpoint.status_code == 201, endpoint.text
        booking = small_world.book(schedule)
        for _ in range(20):
            answer = httpx.get(f"{small_server.url}/readyz", timeout=20)
            assert answer.status_code == 200
        assert receiver.wait_for(1)[0].event["data"]["id"] == booking["id"]
    assert "Too many open files" not in small_server.log_file.read_text()


def test_endless_chunks_are_refused_and_the_connection_closed(
    small_world: World, small_server: Server
) -> None:
    head = (
        "POST /api/v1/bookings HTTP/1.1\r\nhost: kalends\r\ntransfer-encoding: chunked\r\n"
        f"authorization: Bearer {small_world.setup.api_key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", small_server.port), 20) as client:
        client.sendall(head.encode())
        for _ in range(21):
            client.sendall(b"%x\r\n%s\r\n" % (50_000, b" " * 50_000))
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"BODY_TOO_LARGE"' in answer


def test_headers_of_a_real_server_have_ten_seconds(small_server: Server) -> None:
    with socket.create_connection(("127.0.0.1", small_server.port), 60) as client:
        client.sendall(UNFINISHED_HEAD)
        assert client.makefile("rb").read().startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("open_files", "pool", "most"),
    [(256, 10, 128), (1_024, 10, 709), (1_024, 100, 619), (1_000_000, 10, 10_000)],
)
def test_files_are_kept_for_the_database_and_jobs(open_files: int, pool: int, most: int) -> None:
    assert most_connections(open_files, pool) == most
