"""What the log of a server holds, and what it never holds."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kalends.compose import Installation
from tests.conftest import PASSWORD, make_organization
from tests.servers import Server
from tests.world import World, tomorrow_at

BREAKS = """
import logging
import sys
import asyncpg
import structlog
from kalends.logs import set_up_logs

set_up_logs("info", sys.argv[1])
log = structlog.get_logger("kalends.test")

def sign_in(secret_password, key):
    error = asyncpg.UniqueViolationError("no such luck for jane@example.com")
    error.detail = "Key (email)=(john@example.com) already exists."
    raise error

try:
    try:
        sign_in("correct horse battery", "wk_live_" + "a" * 64)
    except asyncpg.UniqueViolationError as error:
        raise RuntimeError("failed with wk_test_" + "b" * 64) from error
except RuntimeError:
    log.exception("failed", who="max@example.com", where="postgres://me:hunter22@db/x")
    logging.getLogger("uvicorn.error").exception("for %s", "eve@example.com")
logging.getLogger("httpx").info("GET https://example.com/?apiKey=cal_12345")
log.debug("not asked for")
log.info("all is well", count=1, nothing=None, of={"email": "ann@example.com"})
"""
SECRETS = ("correct horse", "aaaa", "bbbb", "hunter22", "cal_12345", "secret_password=")


@pytest.fixture(scope="module")
def world_and_log(
    home: Installation, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Path]]:
    log = tmp_path_factory.mktemp("log") / "server.log"
    with Server({**environment, "KALENDS_LOG_LEVEL": "debug"}, log) as server:
        world = World(server.url, make_organization(home), PASSWORD)
        yield world, log
        world.close()


def lines_of(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def broken(kind: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BREAKS, kind], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")
    return done.stderr


def test_every_request_is_one_line_of_json_with_its_id(world_and_log: tuple[World, Path]) -> None:
    world, log = world_and_log
    request_id = world.api.get("/api/v1/bookings").headers["x-request-id"]
    deadline = time.monotonic() + 90  # it is written after the answer
    while not (entries := [x for x in lines_of(log) if x.get("request_id") == request_id]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (line,) = entries
    assert (line["level"], line["event"], line["logger"]) == ("info", "request", "kalends.http")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/v1/bookings", 200)
    assert str(line["actor"]).startswith("key_")


def test_the_servers_own_lines_have_the_same_shape(world_and_log: tuple[World, Path]) -> None:
    _, log = world_and_log
    loggers = {str(line["logger"]) for line in lines_of(log)}
    assert {"uvicorn.error", "kalends.http"} <= loggers
    assert all({"at", "level", "event", "logger"} <= set(line) for line in lines_of(log))
    assert "uvicorn.access" not in loggers


def test_no_key_cookie_password_or_address_is_logged(world_and_log: tuple[World, Path]) -> None:
    world, log = world_and_log
    email, key = world.setup.admin_email, world.setup.api_key or ""
    with httpx.Client(base_url=world.url) as browser:
        for password in (world.password, "a wrong one entirely"):
            browser.post("/api/auth/login", json={"email": email, "password": password})
        cookie = browser.cookies["kalends_session"]
        browser.get("/api/auth/me")
    made = world.api.post("/api/v1/api-keys", json={"scopes": ["*"]}).json()["data"]["key"]
    body = {"start_time": tomorrow_at(10), "attendee": {"name": "Jo", "email": "jo@example.com"}}
    for client in (world.api, world.with_key(made), world.with_key(key[:-1]), world.stranger):
        client.post("/api/v1/bookings", json=body)
        client.get("/api/v1/bookings", params={"attendee_email": "jo@example.com", "x": key})
        client.get("/api/v1/bookings/jo@example.com")
        client.get(f"/api/v1/bookings/{key}")
        client.post("/api/v1/bookings", content=b'{"attendee": "jo@example.com"')
    text = log.read_text()
    for secret in (email, key, cookie, made, world.password, "a wrong one", "jo@example.com"):
        assert secret not in text
    assert "[address]" in text


@pytest.mark.server
@pytest.mark.parametrize("kind", ["json", "text"])
def test_an_exception_is_logged_without_its_variables(kind: str) -> None:
    output = broken(kind)
    assert "RuntimeError: failed with wk_test_[secret]" in output
    assert "UniqueViolationError: no such luck for [address]" in output
    assert "sign_in" in output
    assert "example.com" not in output.replace("https://example.com", "")
    assert not any(secret in output for secret in SECRETS)
    assert "not asked for" not in output


@pytest.mark.server
def test_any_line_stays_json() -> None:
    lines = [json.loads(line) for line in broken("json").splitlines()]
    assert [line["event"] for line in lines] == ["failed", "for [address]", "all is well"]
    assert (lines[2]["count"], lines[2]["nothing"]) == (1, None)
