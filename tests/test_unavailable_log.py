"""What an operator reads in the log of requests that were answered with 503."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from kalends.compose import Installation
from tests.postgres import postmaster_of, stopped
from tests.psql import Psql
from tests.servers import Server
from tests.store.postgres_world import eventually
from tests.world import JSON, World, plus, tomorrow_at

BOOKINGS = "/api/v1/bookings"
SLOW = """
CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
CREATE {kind} TRIGGER slow AFTER INSERT ON bookings {when} FOR EACH ROW EXECUTE FUNCTION be_slow()
"""
FULL = """
CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk AFTER INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION be_full()
"""
AT_COMMIT = SLOW.format(kind="CONSTRAINT", when="DEFERRABLE INITIALLY DEFERRED")


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    return {"DATABASE_POOL": "4"}


def warnings(server: Server, since: int, waited_for: str) -> list[JSON]:
    """All of them, once there is one of what was waited for: a line is written a little after its
    answer."""

    def said() -> list[JSON]:
        lines = [json.loads(line) for line in server.log_file.read_text()[since:].splitlines()]
        return [line for line in lines if line["event"] == "answered with 503"]

    eventually(lambda: any(line["waited_for"] == waited_for for line in said()))
    return said()


@contextmanager
def slow(psql: Psql, statements: str, function: str = "be_slow") -> Iterator[None]:
    psql.ask(statements)
    try:
        yield
    finally:
        psql.ask(f"DROP FUNCTION {function} CASCADE")


def test_a_lock_that_is_waited_for_in_vain_is_named(
    own_world: World, own_server: Server, psql: Psql
) -> None:
    schedule = own_world.create_schedule()
    of = f"organization_id = '{own_world.setup.organization_id}'"
    before = len(own_server.log_file.read_text())
    with psql.holding(f"UPDATE event_counters SET last_number = last_number WHERE {of}"):
        answer = own_world.api.post(BOOKINGS, json=own_world.booking_body(schedule))
    assert answer.status_code == 503
    (line,) = warnings(own_server, before, "lock")
    assert (line["waited_for"], line["route"], line["level"]) == ("lock", BOOKINGS, "warning")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "LockNotAvailable" in line["why"]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [(SLOW.format(kind="", when=""), "statement"), (AT_COMMIT, "commit")],
    ids=["statement", "commit"],
)
def test_a_statement_or_commit_that_takes_too_long_is_named(
    own_world: World, own_server: Server, psql: Psql, statements: str, expected: str
) -> None:
    schedule = own_world.create_schedule()
    before = len(own_server.log_file.read_text())
    with slow(psql, statements):
        answer = own_world.api.post(BOOKINGS, json=own_world.booking_body(schedule))
    assert answer.status_code == 503
    assert [line["waited_for"] for line in warnings(own_server, before, expected)] == [expected]


def test_a_full_disk_is_named(own_world: World, own_server: Server, psql: Psql) -> None:
    schedule = own_world.create_schedule()
    before = len(own_server.log_file.read_text())
    with slow(psql, FULL, "be_full"):
        answer = own_world.api.post(BOOKINGS, json=own_world.booking_body(schedule))
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert "disk is full" in answer.json()["error"]
    (line,) = warnings(own_server, before, "disk")
    assert "DiskFull" in line["why"]


def test_a_pool_whose_places_are_all_taken_is_named_once(
    own_world: World, own_server: Server, psql: Psql
) -> None:
    schedules = [own_world.create_schedule() for _ in range(8)]
    of = f"organization_id = '{own_world.setup.organization_id}'"
    own_server.stop()
    own_server.ensure_running()

    def book(schedule: Any) -> int:
        body = own_world.booking_body(schedule, plus(tomorrow_at(0), hours=5))
        return own_world.api.post(BOOKINGS, json=body).status_code

    before = len(own_server.log_file.read_text())
    with (
        psql.holding(f"UPDATE event_counters SET last_number = last_number WHERE {of}"),
        ThreadPoolExecutor(8) as pool,
    ):
        assert set(pool.map(book, schedules)) == {503}
    lines = [line for line in warnings(own_server, before, "pool") if line["waited_for"] == "pool"]
    assert len(lines) == 1


def test_a_database_that_takes_connections_and_hangs_is_named(
    own_world: World, own_server: Server, own_home: Installation
) -> None:
    own_server.stop()
    own_server.ensure_running()
    before = len(own_server.log_file.read_text())
    with stopped(postmaster_of(own_home)):
        answers = [own_world.api.get(BOOKINGS).status_code for _ in range(3)]
    assert answers == [503, 503, 503]
    waited_for = {line["waited_for"] for line in warnings(own_server, before, "host")}
    assert waited_for <= {"host", "statement"}
    assert "host" in waited_for
