"""Tries an upgrade on two PostgreSQL with synchronous replication, under load: --before PATH.

Two servers of another checkout make the schema, fill it and serve; the migrations of this one run
beside them; a server of this one joins; then the primary is killed and its standby promoted. Says
for each migration how long it took and the longest answer meanwhile, and how long others waited for
its locks. Then every booking has to be as it was answered last, as in `fail_under_load`, and each
webhook and mail has to go out. Exits 1 where something is not so. PATH has a `.venv` of its own,
where `kalends` is installed. PostgreSQL 15; a few minutes.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
from tests.conftest import PASSWORD
from tests.failover.invariants import assert_all_there_once
from tests.failover.load import BookingLanes
from tests.failover.pair import DATABASE, PAUSE_SECONDS, Node, Pair
from tests.failover.stage import messaging, running_pair, short_folder, subscribe
from tests.fire.destinations import CHANNELS, Destination
from tests.homes import environment_in
from tests.servers import Server
from tests.store.postgres_world import eventually
from tests.world import World

from kalends.domain.ids import ORGANIZATION, decode_id
from kalends.services.setup import MadeOrganization
from kalends.store.database_url import ConnectParameters
from kalends.store.migrate import migrate

WITHIN_SECONDS: Final = 300.0
LOOK_EVERY_SECONDS: Final = 0.02
# What each row of the filling has of its own; the rest is as in the one that a server wrote.
FILLED: Final = {
    "bookings": "'id', gen_random_uuid(), 'start_time', at, 'end_time', at + interval '1 hour'",
    "occupancies": "'claim_id', gen_random_uuid(), 'booking_id', gen_random_uuid(), 'starts_at',"
    " at, 'during', tstzrange(at, at + interval '1 hour')",
    "events": "'id', gen_random_uuid(), 'number', 100 + n, 'booking_id', gen_random_uuid()",
    "deliveries": "'id', gen_random_uuid(), 'lane_id', gen_random_uuid(), 'state', 'delivered'",
    "webhook_lanes": "'lane_id', gen_random_uuid(), 'waiting', 0",
    "mails": "'id', gen_random_uuid(), 'state', 'sent'",
    "idempotency_keys": "'key', n::text",
}
FILL: Final = """
INSERT INTO {table} SELECT made.* FROM generate_series(1, {rows}) n
CROSS JOIN LATERAL (SELECT timestamptz '2032-01-01 00:00Z' + n * interval '1 hour' AS at) times
CROSS JOIN (SELECT {table} AS one FROM {table} WHERE organization_id = '{owner}' LIMIT 1) there
CROSS JOIN LATERAL jsonb_populate_record(there.one, jsonb_build_object('n', n, {own})) made
"""
# PostgreSQL writes down who waited for a lock for longer.
LOCKS_LOGGED: Final = (
    "ALTER SYSTEM SET log_lock_waits = on",
    "ALTER SYSTEM SET deadlock_timeout = '50ms'",
)
LOCK_WAIT: Final = re.compile(r"acquired (\w+) on .*? after ([\d.]+) ms")


class Step(NamedTuple):
    """A migration, by the moments between which it ran, in seconds of the epoch."""

    revision: str
    began: float
    ended: float


class OldServers(NamedTuple):
    """Two servers of the release before, and the organization that they serve."""

    servers: list[Server]
    world: World


def main() -> None:
    given = _arguments()
    python = given.before.resolve() / ".venv" / "bin" / "python"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kalends-upgrade-")))
        folders = stack.enter_context(short_folder())
        destinations = {
            name: stack.enter_context(Destination(name, folder / name)) for name in CHANNELS
        }
        pair = stack.enter_context(running_pair(folders, _template(folders, python)))
        environment = environment_in(folder, **messaging(destinations), DATABASE_URL=pair.url())
        old = stack.enter_context(_old_servers(environment, folder, python))
        subscribe(old.world, destinations["webhook"])
        _fill(pair.primary, old.world, given.rows)
        print(f"{given.rows} rows in each of {len(FILLED)} tables", flush=True)
        load = _load(old.world, [server.url for server in old.servers])
        new = Server(environment, folder / "new.log")
        stack.callback(new.stop)
        asyncio.run(_upgrade(pair, load, old, new, given.answers))
        _check(pair, load, old.world, destinations)


async def _upgrade(
    pair: Pair, load: BookingLanes, old: OldServers, new: Server, answers: int
) -> None:
    """Under load from the first to the last."""
    async with load:
        await load.until_each_has_answered(answers, WITHIN_SECONDS)
        print(f"{len(load.answered)} bookings by the old ones alone", flush=True)
        steps = await _migrate(pair)
        await load.until_each_has_answered(answers, WITHIN_SECONDS)
        _show_steps(steps, old.servers, pair.primary)
        old.servers[1].stop()
        new.port = old.servers[1].port  # its clients find the new one instead
        await asyncio.to_thread(new.start().wait_until_ready)
        await load.until_each_has_answered(answers, WITHIN_SECONDS)
        print("one server of each release serves", flush=True)
        since = time.monotonic()
        pair.primary.kill()
        await asyncio.to_thread(pair.promote)
        await load.until_each_has_answered(answers, WITHIN_SECONDS)
        print(f"primary killed: both answer after {time.monotonic() - since:.0f} s", flush=True)
        await asyncio.to_thread(pair.rejoin)
        await load.until_each_has_answered(answers, WITHIN_SECONDS)


async def _migrate(pair: Pair) -> list[Step]:
    """What each migration took, by the revision that the database says that it has."""
    url = pair.url()
    looking = await asyncpg.connect(url)
    running = asyncio.create_task(migrate(ConnectParameters(dsn=url)))
    steps: list[Step] = []
    known, began = await looking.fetchval("SELECT version_num FROM alembic_version"), time.time()
    while not running.done():
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        revision = await looking.fetchval("SELECT version_num FROM alembic_version")
        if revision != known:
            now = time.time()
            steps.append(Step(revision, began, now))
            known, began = revision, now
    await running
    await looking.close()
    return steps


def _show_steps(steps: Sequence[Step], servers: Sequence[Server], node: Node) -> None:
    answers = [line for server in servers for line in _requests(server.log_file)]
    for step in steps:
        meanwhile = [
            (ms, path, status)
            for ended, ms, path, status in answers
            if ended > step.began and ended - ms / 1000 < step.ended
        ]
        longest = max(meanwhile, default=(0.0, "-", 0))
        refused = sum(status >= 500 for _, _, status in meanwhile)
        print(
            f"{step.revision}: {step.ended - step.began:.2f} s; longest answer"
            f" {longest[0]:.0f} ms of {len(meanwhile)} ({longest[1]}), {refused} refused",
            flush=True,
        )
    waits = LOCK_WAIT.findall((node.folder / "log").read_text())
    by_mode = {mode: [float(ms) for name, ms in waits if name == mode] for mode, _ in waits}
    for mode, times in sorted(by_mode.items()):
        print(f"waited for {mode} longer than 50 ms: {len(times)}, at most {max(times):.0f} ms")


def _requests(log: Path) -> Iterator[tuple[float, float, str, int]]:
    """When each ended, its milliseconds, path and status."""
    for text in log.read_text().splitlines():
        line = json.loads(text) if text.startswith("{") else {}
        if line.get("event") == "request" and line["method"] in ("POST", "PATCH"):
            ended = datetime.fromisoformat(line["at"]).timestamp()
            yield ended, line["ms"], line["path"].split("/bk_")[0], line["status"] or 500


def _check(
    pair: Pair, load: BookingLanes, world: World, destinations: dict[str, Destination]
) -> None:
    assert_all_there_once(pair.primary, world, load)
    print(f"{len(load.answered)} bookings: each is there once, as it was answered last")
    by_events: dict[int, list[str]] = {}
    for one in load.answered.values():
        by_events.setdefault(one.events, []).append(one.shown["id"])
    hooks = destinations["webhook"]
    for events, bookings in by_events.items():
        hooks.wait_for(bookings, events, WITHIN_SECONDS)
    lanes = hooks.steps([one.shown["id"] for one in load.answered.values()]).values()
    first = [list(dict.fromkeys(steps)) for steps in lanes]
    assert all(steps == sorted(steps) for steps in first)
    print(f"{sum(map(len, first))} webhooks arrived, in order")
    of = f"organization_id = '{world.setup.organization_id}'"
    unsent = f"SELECT count(*) FROM mails WHERE {of} AND state <> 'sent'"
    eventually(lambda: pair.primary.psql(unsent) == "0", WITHIN_SECONDS, PAUSE_SECONDS)
    print(f"{pair.primary.psql(f'SELECT count(*) FROM mails WHERE {of}')} mails, all sent")


def _template(folder: Path, python: Path) -> Path:
    """The data of a cluster that the release before has migrated."""
    node = Node(folder / "template")
    node.make()
    node.start()
    node.psql(f"CREATE DATABASE {DATABASE}", "postgres")
    for statement in LOCKS_LOGGED:
        node.psql(statement)
    url = f"postgresql://kalends@/{DATABASE}?host={node.folder}"
    _run(python, environment_in(folder, DATABASE_URL=url, SECRET="x" * 32), "migrate")
    node.stop_cleanly()
    return node.data


@contextmanager
def _old_servers(environment: dict[str, str], folder: Path, python: Path) -> Iterator[OldServers]:
    admin = ("--admin-email", "admin@example.com", "--admin-password", PASSWORD)
    made = json.loads(_run(python, environment, "init", "--organization", "Acme", *admin, "--json"))
    setup = MadeOrganization(
        organization_id=_uuid(made["organization_id"]),
        api_key=made["api_key"],
        sandbox_organization_id=_uuid(made["sandbox_organization_id"]),
        sandbox_api_key=made["sandbox_api_key"],
        admin_email=made["admin_email"],
    )
    with (
        Server(environment, folder / "1.log", python=python) as one,
        Server(environment, folder / "2.log", python=python) as two,
    ):
        world = World(one.url, setup, PASSWORD)
        yield OldServers([one, two], world)
        world.close()


def _fill(node: Node, world: World, rows: int) -> None:
    """The sandbox, so that the load is alone in its organization."""
    hook = {"url": "http://127.0.0.1:9/nobody"}
    assert world.sandbox.post("/api/v1/webhooks", json=hook).status_code == 201
    room = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    headers = {"idempotency-key": "first"}
    booked = world.sandbox.post("/api/v1/bookings", json=world.booking_body(room), headers=headers)
    assert booked.status_code == 201
    for table, own in FILLED.items():
        owner = world.setup.sandbox_organization_id
        node.psql(FILL.format(table=table, rows=rows, owner=owner, own=own))
    node.psql("ANALYZE")


def _load(world: World, urls: Sequence[str]) -> BookingLanes:
    schedules = [world.create_schedule(name=f"Lane {n}") for n in range(8)]
    return BookingLanes(world, urls, schedules, changing=True)


def _run(python: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [python, "-m", "kalends", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _uuid(public_id: str) -> UUID:
    found = decode_id(ORGANIZATION, public_id)
    assert found is not None
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True, help="the other checkout")
    parser.add_argument("--rows", type=int, default=50_000, help="in each table of the filling")
    parser.add_argument("--answers", type=int, default=24, help="of each server between two steps")
    return parser.parse_args()


if __name__ == "__main__":
    main()
