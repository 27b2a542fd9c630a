"""What a rate limit refuses costs next to nothing, and nobody but the one who is refused."""

import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from kalends.web.app import ROUTES
from kalends.web.http.throttled_keys import LIMITED_PATHS, credential_in
from tests.conftest import PASSWORD, fetch, make_organization
from tests.servers import Server
from tests.web.people.test_sessions import early_in_a_minute
from tests.world import World

PATH = "/api/v1/bookings"
LIMIT = 3
REMEMBERED_SECONDS = 5
STATEMENTS = """
SELECT pid, query_start FROM pg_stat_activity WHERE application_name = 'kalends'
AND query NOT LIKE '%pg_stat_activity%' ORDER BY pid
"""


@pytest.fixture(scope="module")
def strict_server(
    home: Installation, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with low limits for keys, beside the shared one and on its database."""
    limits = {f"KALENDS_RATE_LIMIT_{kind}": str(LIMIT) for kind in ("READ", "WRITE")}
    log_file = tmp_path_factory.mktemp("refusals") / "server.log"
    with Server({**environment, **limits}, log_file) as running:
        yield running


@pytest.fixture
def strict(home: Installation, strict_server: Server) -> Iterator[World]:
    early_in_a_minute()
    world = World(strict_server.url, make_organization(home), PASSWORD)
    yield world
    world.close()


def use_up(world: World) -> httpx.Response:
    """Reads as often as may be and once more; the last answer."""
    answers = [world.api.get(PATH) for _ in range(LIMIT + 1)]
    assert [answer.status_code for answer in answers] == [200] * LIMIT + [429]
    return answers[-1]


def test_each_refusal_is_like_the_first(strict: World) -> None:
    first = use_up(strict)
    for answer in (
        strict.api.get(PATH),
        strict.api.get(f"{PATH}/bk_1"),
        strict.api.get("/api/v1/x"),
    ):
        assert answer.status_code == 429
        assert set(answer.headers) == set(first.headers)
        for name in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
            assert answer.headers[name] == first.headers[name]
        body = answer.json()
        assert body["code"] == "RATE_LIMITED"
        assert body["request_id"] == answer.headers["x-request-id"]
        assert 1 <= body["retry_after"] == int(answer.headers["retry-after"]) <= 60
    assert strict.api.head(PATH).content == b""
    given = strict.api.get(PATH, headers={"x-request-id": "my-own-id"})
    assert given.headers["x-request-id"] == given.json()["request_id"] == "my-own-id"


@pytest.mark.parametrize("untidy", ["short", "x" * 65, "two words of mine", "a/b/c/d/e"])
def test_an_untidy_request_id_is_replaced(module_world: World, untidy: str) -> None:
    answer = module_world.api.get(PATH, headers={"x-request-id": untidy})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])


def test_a_refusal_asks_the_database_nothing(strict: World, home: Installation) -> None:
    use_up(strict)
    time.sleep(REMEMBERED_SECONDS)  # what is remembered of the key is forgotten by now
    before = fetch(home, STATEMENTS)
    for _ in range(50):
        assert strict.api.get(PATH).status_code == 429
    assert fetch(home, STATEMENTS) == before


def test_a_key_that_reads_too_much_may_still_write(strict: World) -> None:
    use_up(strict)
    assert strict.api.post("/api/v1/schedules", json={"name": "Room"}).status_code == 201
    assert strict.sandbox.get(PATH).status_code == 200
    assert httpx.get(f"{strict.url}/healthz").status_code == 200
    assert strict.stranger.get(PATH).status_code == 401


def test_the_key_is_refused_in_the_other_header_too(strict: World) -> None:
    use_up(strict)
    key = {"x-api-key": strict.setup.api_key or ""}
    for _ in range(2):
        assert strict.stranger.get(PATH, headers=key).status_code == 429


def test_a_refused_key_that_is_revoked_is_unknown_at_once(strict: World) -> None:
    made = strict.api.post("/api/v1/api-keys", json={"scopes": ["*"]}).json()["data"]
    own = strict.with_key(made["key"])
    assert [own.get(PATH).status_code for _ in range(LIMIT + 2)] == [200] * LIMIT + [429, 429]
    assert strict.api.delete(f"/api/v1/api-keys/{made['id']}").status_code == 200
    assert own.get(PATH).status_code == 401


def test_a_connection_that_goes_on_for_long_is_closed(strict: World, strict_server: Server) -> None:
    use_up(strict)
    asking = (
        f"GET {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {strict.setup.api_key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", strict_server.port), 20) as client:
        client.sendall(asking.encode() * (20 * LIMIT))
        answers = client.makefile("rb").read()
    assert answers.count(b"HTTP/1.1 429 ") == 10 * LIMIT + 1
    assert answers.count(b"\r\nconnection: close\r\n") == 1


def test_refusals_share_lines_of_the_log(strict: World, strict_server: Server) -> None:
    use_up(strict)
    for _ in range(200):
        strict.api.get(PATH)
    time.sleep(1)
    strict.api.get(PATH)
    refused = lines_of_refusals(strict_server)
    for _ in range(100):
        if refused:
            break
        time.sleep(0.1)  # a line is written a little after its answer
        refused = lines_of_refusals(strict_server)
    assert 1 <= len(refused) < 100


def lines_of_refusals(server: Server) -> list[str]:
    return [line for line in server.log_file.read_text().splitlines() if '"refused"' in line]


def test_every_route_with_a_key_has_a_path_that_refusals_cover() -> None:
    assert all(route.path.encode().startswith(LIMITED_PATHS) for route in ROUTES if route.takes_key)


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ([(b"authorization", b"Bearer wk")], b"Bearer wk"),
        ([(b"x-api-key", b"wk")], b"wk"),
        ([(b"x-api-key", b"wk"), (b"authorization", b"bearer wk2")], b"bearer wk2"),
        ([(b"x-api-key", b"wk"), (b"authorization", b"Basic wk2")], None),
        ([(b"host", b"x")], None),
    ],
)
def test_a_credential_is_taken_as_it_is_sent(headers: Any, credential: bytes | None) -> None:
    assert credential_in(headers) == credential
