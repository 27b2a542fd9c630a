"""Destinations, servers and PostgreSQL that hang or end for a while, and what waits for them."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from uuid import UUID

import pytest

from kalends.compose import Installation
from tests.conftest import PASSWORD, make_organization
from tests.fire.bookings import TIMES, book_many, change_many
from tests.fire.conftest import HOOKS, Destinations, subscribed
from tests.fire.destinations import Destination
from tests.postgres import postmaster_of, stopped
from tests.psql import Psql
from tests.servers import Server
from tests.store.postgres_world import eventually
from tests.world import World

# More lanes than one process has under way.
HELD_UP = {"webhook": 220, "mail": 110}
# Longer than all tries of a mail take, shorter than those of a webhook.
DEAD_SECONDS = 6
WAITING = 60 * TIMES
STOPPED = 20
FEW = 3
STOPPED_SECONDS = 3 * TIMES
PATIENCE_SECONDS = 120 * TIMES


def test_a_destination_that_hangs_delays_no_other_channel(
    world: World, destinations: Destinations, channel: str
) -> None:
    with destinations[channel].hanging():
        booked = book_many(world, HELD_UP[channel])
        for name in destinations.keys() - {channel}:
            destinations[name].wait_for(booked, 1)
        held_up = destinations[channel].steps(booked)
        assert len(held_up) < len(booked)
    destinations[channel].wait_for(booked, 1, PATIENCE_SECONDS)


def test_an_endpoint_that_hangs_delays_no_other_endpoint(
    world: World, destinations: Destinations, other_endpoint: Destination
) -> None:
    with subscribed(world, other_endpoint), destinations["webhook"].hanging():
        booked = book_many(world, HELD_UP["webhook"])
        other_endpoint.wait_for(booked, 1)


def test_what_a_dead_destination_missed_arrives_in_order_later(
    world: World, destination: Destination
) -> None:
    with destination.dead():
        changed = change_many(world, STOPPED)
        time.sleep(DEAD_SECONDS)
    assert destination.out_of_order_at_last(changed, PATIENCE_SECONDS) == []


def test_a_dead_mail_server_is_logged_at_its_end_and_return(
    world: World, own_server: Server, destinations: Destinations
) -> None:
    mail, log = destinations["mail"], own_server.log_file
    before = log.read_text()
    with mail.dead():
        booked = book_many(world, STOPPED)
        time.sleep(2)
    mail.wait_for(booked, 1, PATIENCE_SECONDS)
    lines = [json.loads(line) for line in log.read_text()[len(before) :].splitlines()]
    reports = [line["event"] for line in lines if line["logger"] == "kalends.mail"]
    assert reports == ["mail waits for the mail server", "the mail server takes mail again"]


@pytest.mark.parametrize("fault", ["RAISE 'broken'", "PERFORM pg_sleep(60)"])
def test_an_organization_that_the_database_fails_stops_no_other(
    world: World, own_home: Installation, destination: Destination, psql: Psql, fault: str
) -> None:
    """Whatever moves a lane of one fails, or hangs."""
    failing = World(world.url, make_organization(own_home), PASSWORD)
    owner = failing.setup.organization_id
    hook = subscribed(failing, destination) if destination.channel == "webhook" else nullcontext()
    with hook:
        with broken_lanes(psql, owner, fault):
            late = book_many(failing, FEW)
            destination.wait_for(book_many(world, FEW), 1)
            assert destination.steps(late) == {}
        destination.wait_for(late, 1, PATIENCE_SECONDS)
    failing.close()


def test_what_is_told_of_goes_out_though_looks_fail(
    world: World, own_server: Server, destinations: Destinations, psql: Psql
) -> None:
    """From the start on: leases of webhooks need no more than their organization's rows."""
    own_server.stop()
    before = len(own_server.log_file.read_text())
    psql.ask("ALTER TABLE channel_health RENAME TO away")
    try:
        own_server.ensure_running()
        failed = "looks for deliveries by webhook wait for the database"
        eventually(lambda: failed in own_server.log_file.read_text()[before:])
        booked = book_many(world, FEW)
        destinations["webhook"].wait_for(booked, 1)
    finally:
        psql.ask("ALTER TABLE away RENAME TO channel_health")
    destinations["mail"].wait_for(booked, 1)


@pytest.fixture(scope="module")
def waiting(world: World, _own_server: Server, destinations: Destinations) -> list[str]:
    """Bookings whose messages waited when the server was started anew."""
    with destinations["mail"].dead(), disabled_endpoints(world):
        changed = change_many(world, WAITING)
        for destination in destinations.values():
            assert destination.steps(changed) == {}
    _own_server.stop()
    _own_server.ensure_running()
    return changed


def test_what_waits_at_a_restart_arrives_in_order(
    waiting: list[str], destination: Destination
) -> None:
    assert destination.out_of_order_at_last(waiting, PATIENCE_SECONDS) == []


@pytest.fixture(scope="module")
def stopped_in_turn(world: World, own_home: Installation, destinations: Destinations) -> list[str]:
    """Bookings that were changed while PostgreSQL and each destination in turn was stopped."""
    stops: list[Callable[[], AbstractContextManager[None]]]
    stops = [lambda: stopped(postmaster_of(own_home))]
    stops += [destination.hanging for destination in destinations.values()]
    changed: list[str] = []
    for stop in stops:
        with ThreadPoolExecutor(1) as pool:
            changing = pool.submit(change_many, world, STOPPED)
            time.sleep(0.5)
            with stop():
                time.sleep(STOPPED_SECONDS)
            changed += changing.result()
    return changed


def test_what_was_under_way_at_stops_arrives_in_order(
    stopped_in_turn: list[str], destination: Destination
) -> None:
    assert destination.out_of_order_at_last(stopped_in_turn, PATIENCE_SECONDS) == []


def test_what_was_under_way_at_stops_is_seldom_sent_again(
    stopped_in_turn: list[str], destination: Destination
) -> None:
    """A stopped destination takes all that it was sent when it goes on, and a try ends after ten
    seconds; what was recorded nowhere is sent once more."""
    assert destination.out_of_order_at_last(stopped_in_turn, PATIENCE_SECONDS) == []
    steps = destination.steps(stopped_in_turn).values()
    copies = [count for taken in steps for count in Counter(taken).values()]
    assert max(copies) <= 2 + STOPPED_SECONDS // 10


@contextmanager
def broken_lanes(psql: Psql, organization_id: UUID, fault: str) -> Iterator[None]:
    """While the block lasts, no lane of the organization can be changed."""
    psql.ask(
        f"CREATE FUNCTION break_lane() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {fault}; RETURN NEW; END $$;"
        "CREATE TRIGGER broken BEFORE UPDATE ON webhook_lanes FOR EACH ROW"
        f" WHEN (OLD.organization_id = '{organization_id}') EXECUTE FUNCTION break_lane()"
    )
    try:
        yield
    finally:
        # What hangs holds a lock of the table.
        psql.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        )
        psql.ask("DROP FUNCTION break_lane CASCADE")


@contextmanager
def disabled_endpoints(world: World) -> Iterator[None]:
    """What they are to receive waits while the block lasts."""
    hooks = world.api.get(HOOKS).json()["data"]
    for enabled in (False, True):
        for hook in hooks:
            done = world.api.patch(f"{HOOKS}/{hook['id']}", json={"enabled": enabled})
            assert done.is_success
        if not enabled:
            yield
