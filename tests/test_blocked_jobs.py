"""One row that somebody holds, and what runs beside requests: webhooks, mail, endings, syncs, jobs
of others all go on while it is held."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from kalends.compose import Installation
from kalends.domain.errors import Unavailable
from kalends.domain.ids import SCHEDULE, decode_id
from kalends.jobs.registry import TIMETABLE, Job
from kalends.runtime.unit_of_work import Context
from kalends.services import booking_endings
from kalends.services.imports.runs import start_due_syncs
from kalends.store.bookings import endings as endings_store
from kalends.store.database import JOB_LIMITS
from kalends.store.jobs import NewJob, enqueue_jobs
from tests.conftest import PASSWORD, make_organization
from tests.jobs.workers import eventually, jobs_running
from tests.psql import Psql
from tests.receivers import Received, Receiver, Reply, receiving
from tests.servers import Server
from tests.smtp import PostOffice
from tests.world import JSON, World, plus, tomorrow_at

HOOKS = "/api/v1/webhooks"
BOOKINGS = "/api/v1/bookings"
OF = "SELECT 1 FROM {table} WHERE organization_id = '{organization}' FOR UPDATE"
YESTERDAY = plus(tomorrow_at(10), days=-2)
CHANGES = 7


@pytest.fixture(scope="module")
def own_settings(own_office: PostOffice) -> dict[str, str]:
    return {
        "OUTBOUND_ALLOW": "127.0.0.1",
        "WEBHOOK_RETRY_SCALE": "0.0001",
        "SMTP_URL": own_office.url,
        "PUBLIC_URL": "https://book.example.com",
        "MAIL_FROM": "bookings@example.com",
    }


@pytest.fixture
def worlds(own_home: Installation, own_server: Server) -> Iterator[tuple[World, World]]:
    """Whose row is held, and somebody else."""
    held, free = (World(own_server.url, make_organization(own_home), PASSWORD) for _ in range(2))
    yield held, free
    held.close()
    free.close()


@pytest.fixture
async def context(own_home: Installation) -> AsyncIterator[Context]:
    context = own_home.context(JOB_LIMITS)
    yield context
    await context.close()


def id_of(world: World) -> UUID:
    return world.setup.organization_id


def rows_of(world: World, table: str) -> str:
    return OF.format(table=table, organization=id_of(world))


async def are_mails_sent(psql: Psql, worlds: tuple[World, World]) -> bool:
    ids = ", ".join(f"'{id_of(world)}'" for world in worlds)
    queued = f"SELECT count(*) FROM mails WHERE state = 'queued' AND organization_id IN ({ids})"
    return psql.ask(queued) == "0"


def hear(world: World, url: str) -> None:
    assert world.api.post(HOOKS, json={"url": url}).status_code == 201


def change_often(world: World, booking: JSON) -> None:
    """Events of one booking: each is sent when the one before it was written down."""
    for number in range(CHANGES):
        path = f"{BOOKINGS}/{booking['id']}"
        assert world.api.patch(path, json={"title": str(number)}).status_code == 200


@dataclass
class Slow:
    """A receiver that answers once it is released."""

    status: int
    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, _: Received) -> Reply:
        self.released.wait(30)
        return Reply(self.status)


@contextmanager
def both_receiving(
    worlds: tuple[World, World], behave: Slow
) -> Iterator[tuple[Receiver, Receiver]]:
    held, free = worlds
    with receiving(behave) as slow, receiving() as receiver:
        hear(held, slow.url)
        hear(free, receiver.url)
        yield slow, receiver


@pytest.mark.parametrize("table", ["webhook_lanes", "deliveries", "webhook_endpoints"])
def test_a_held_delivery_holds_up_no_others(
    worlds: tuple[World, World], psql: Psql, table: str
) -> None:
    held, free = worlds
    behave = Slow(500)
    with both_receiving(worlds, behave) as (slow, receiver):
        booking = free.book(free.create_schedule())
        held.book(held.create_schedule())
        slow.wait_for(1)
        with psql.holding(rows_of(held, table)):
            behave.released.set()
            change_often(free, booking)
            came = receiver.wait_for(1 + CHANGES)
        assert [one.type for one in came] == ["booking.created"] + CHANGES * ["booking.updated"]
        slow.wait_for(2)


def test_what_became_of_a_held_delivery_is_written_down_later(
    worlds: tuple[World, World], psql: Psql
) -> None:
    held, free = worlds
    behave = Slow(200)
    with both_receiving(worlds, behave) as (receiver, others):
        booking = held.book(held.create_schedule())
        receiver.wait_for(1)
        with psql.holding(rows_of(held, "webhook_lanes")):
            behave.released.set()
            change_often(free, free.book(free.create_schedule()))
            others.wait_for(1 + CHANGES)
        path = f"{BOOKINGS}/{booking['id']}"
        assert held.api.patch(path, json={"title": "x"}).status_code == 200
        assert [one.type for one in receiver.wait_for(2)] == ["booking.created", "booking.updated"]


def test_many_held_lanes_hide_no_others(worlds: tuple[World, World], psql: Psql) -> None:
    held, free = worlds
    with receiving() as receiver:
        hear(held, receiver.url)
        of_held = f"organization_id = '{id_of(held)}'"
        lanes = (
            "INSERT INTO webhook_lanes SELECT organization_id, id, gen_random_uuid(), 1,"
            " now() + interval '3 seconds' FROM webhook_endpoints, generate_series(1, 1000)"
            f" WHERE {of_held}"
        )
        hear(free, receiver.url)
        overdue = f"SELECT count(*) FROM webhook_lanes WHERE due_at < now() AND {of_held}"
        psql.ask(lanes)
        with psql.holding(rows_of(held, "webhook_lanes")):
            psql.wait_for(overdue, "1000")
            free.book(free.create_schedule())
            receiver.wait_for(1)
        psql.ask(f"DELETE FROM webhook_lanes WHERE {of_held}")


def past_booking(world: World, status: str, **event_type: Any) -> JSON:
    schedule = world.create_schedule()
    made = world.create_event_type(schedule_id=schedule["id"], **event_type)
    booking = world.book(start=YESTERDAY, event_type_id=made["id"])
    if booking["status"] != status:
        path = f"{BOOKINGS}/{booking['id']}"
        assert world.api.patch(path, json={"status": status}).status_code == 200
    return booking


def status_of(world: World, booking: JSON) -> str:
    return str(world.api.get(f"{BOOKINGS}/{booking['id']}").json()["data"]["status"])


Ending = Callable[[Context], Awaitable[int]]
ENDINGS = [
    (booking_endings.expire_pending, "PENDING", {"expire_pending": True}, "CANCELLED"),
    (booking_endings.complete_confirmed, "CONFIRMED", {"complete_after_minutes": 0}, "COMPLETED"),
]


@pytest.mark.parametrize("table", ["event_counters", "bookings", "schedules", "event_types"])
@pytest.mark.parametrize(("end", "before", "event_type", "after"), ENDINGS)
async def test_a_held_ending_holds_up_no_others(
    worlds: tuple[World, World],
    context: Context,
    psql: Psql,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    end: Ending,
    before: str,
    event_type: JSON,
    after: str,
) -> None:
    monkeypatch.setattr(endings_store, "ENDINGS_A_BATCH", 1)
    held, free = worlds
    bookings = [past_booking(world, before, **event_type) for world in worlds]

    async def has_ended() -> bool:
        with suppress(Unavailable):
            await end(context)
        return status_of(free, bookings[1]) == after

    # The server's own run may come between once, and change what was found here.
    with psql.holding(rows_of(held, table)):
        await eventually(has_ended)


def connect(world: World, psql: Psql) -> None:
    """A connection whose sync is due, as a row: nothing is ever asked of its account here."""
    schedule = decode_id(SCHEDULE, world.create_schedule()["id"])
    psql.ask(
        "INSERT INTO calcom_connections (organization_id, id, base_url, api_key, last_four,"
        " default_schedule_id, mappings, on_conflict, interval_minutes, hook_token, hook_hash,"
        " due_at, created_at, updated_at)"
        f" VALUES ('{id_of(world)}', gen_random_uuid(), 'http://127.0.0.1:9', '', '0000',"
        f" '{schedule}', '[]', 'skip', 60, '', uuid_send(gen_random_uuid()),"
        " now() + interval '1 hour', now(), now())"
    )


def make_due(psql: Psql) -> None:
    psql.ask("UPDATE calcom_connections SET due_at = now() - interval '1 minute'")


@pytest.mark.parametrize(
    "locking",
    [
        "SELECT 1 FROM calcom_connections WHERE organization_id = '{}' FOR UPDATE",
        "SELECT 1 FROM organizations WHERE id = '{}' FOR UPDATE",
    ],
)
async def test_a_held_sync_holds_up_no_others_and_stays_due(
    worlds: tuple[World, World], context: Context, psql: Psql, locking: str
) -> None:
    for world in worlds:
        connect(world, psql)
    held, free = worlds
    runs = "SELECT count(*) FROM calcom_runs WHERE organization_id = '{}'"
    is_due = "SELECT due_at < now() FROM calcom_connections WHERE organization_id = '{}'"
    make_due(psql)
    with psql.holding(locking.format(id_of(held))):
        with suppress(Unavailable):
            await start_due_syncs(context)
        # The server's own timetable may begin it at the same moment.
        psql.wait_for(runs.format(id_of(free)), "1")
        assert psql.ask(runs.format(id_of(held))) == "0"
        assert psql.ask(is_due.format(id_of(held))) == "t"
    await start_due_syncs(context)
    psql.wait_for(runs.format(id_of(held)), "1")
    psql.ask("UPDATE calcom_connections SET due_at = NULL")


def sent_mails(world: World, psql: Psql, office: PostOffice) -> None:
    """Three bookings, whose six mails are sent."""
    office.taken.clear()
    schedule = world.create_schedule()
    for hour in range(3):
        world.book(schedule, tomorrow_at(hour))
    office.wait_for(6)
    unsent = f"SELECT count(*) FROM mails WHERE organization_id = '{id_of(world)}'"
    psql.wait_for(f"{unsent} AND state <> 'sent'", "0")


WAIT_AGAIN = """
UPDATE mails SET state = 'queued' WHERE organization_id = '{0}';
UPDATE deliveries SET state = 'pending', tries = 0
WHERE channel = 'mail' AND organization_id = '{0}';
UPDATE webhook_lanes SET waiting = 1, due_at = now() + interval '1 second'
WHERE channel = 'mail' AND organization_id = '{0}';
"""
JOBS_OF_BEFORE = """
UPDATE mails SET state = 'queued' WHERE organization_id = '{0}';
DELETE FROM deliveries WHERE channel = 'mail' AND organization_id = '{0}';
DELETE FROM webhook_lanes WHERE channel = 'mail' AND organization_id = '{0}';
INSERT INTO pgqueuer (priority, status, entrypoint, payload, execute_after)
SELECT 0, 'queued', 'mail', convert_to(organization_id || ' ' || id, 'UTF8'),
    now() + interval '1 second'
FROM mails, generate_series(1, 12) WHERE organization_id = '{0}';
"""


@pytest.mark.parametrize("waiting", [WAIT_AGAIN, JOBS_OF_BEFORE])
@pytest.mark.parametrize("table", ["mails", "deliveries", "webhook_lanes"])
def test_held_mails_hold_up_no_others_and_are_sent_later(
    worlds: tuple[World, World], psql: Psql, own_office: PostOffice, waiting: str, table: str
) -> None:
    held, free = worlds
    sent_mails(held, psql, own_office)
    psql.ask(waiting.format(id_of(held)))
    with psql.holding(rows_of(held, table)):
        booking = free.book(free.create_schedule())
        recipients: set[str] = set()
        while booking["attendee"]["email"] not in recipients:
            recipients = {to for envelope in own_office.taken[6:] for to in envelope.rcpt_tos}
    own_office.wait_for(14)


async def test_blocked_jobs_leave_places_to_those_of_others(
    worlds: tuple[World, World], context: Context, psql: Psql
) -> None:
    held, free = worlds
    done: set[bytes] = set()

    async def count(context: Context, payload: bytes) -> None:
        organization_id = UUID(payload.decode())
        async with context.database.transaction(organization_id) as tx:
            await tx.execute(
                "UPDATE event_counters SET last_number = last_number WHERE organization_id = $1",
                organization_id,
            )
        done.add(payload)

    async def is_done() -> bool:
        return str(id_of(free)).encode() in done

    job = Job(count, organization_of=lambda payload: UUID(payload.decode()))
    names = [str(id_of(world)).encode() for world in (held, free)]
    with psql.holding(rows_of(held, "event_counters")):
        async with context.database.transaction() as tx:
            await enqueue_jobs(tx, [NewJob("test.count", names[0]) for _ in range(40)])
            await enqueue_jobs(tx, [NewJob("test.count", names[1])])
        async with jobs_running(context, {"test.count": job}, at_once=4):
            await eventually(is_done)
        assert names[0] not in done
    psql.ask("DELETE FROM pgqueuer WHERE entrypoint = 'test.count'")


async def test_housekeeping_goes_round_what_is_held(
    worlds: tuple[World, World], context: Context, psql: Psql
) -> None:
    held, free = worlds
    for world in worlds:
        schedule = world.create_schedule()
        world.book(schedule)
        hold = world.api.post(
            "/api/v1/holds",
            json={
                "schedule_id": schedule["id"],
                "start_time": tomorrow_at(20),
                "end_time": tomorrow_at(21),
            },
        )
        assert hold.status_code == 201, hold.text
    # a mail that is not sent yet is written anew when its message was forgotten
    await eventually(lambda: are_mails_sent(psql, worlds))
    old = "now() - interval '400 days'"
    psql.ask(f"UPDATE mails SET created_at = {old}, message = coalesce(message, 'x')")
    psql.ask(f"UPDATE holds SET expires_at = {old}")
    psql.ask(f"UPDATE occupancies SET expires_at = {old} WHERE expires_at IS NOT NULL")
    tables = {
        "mails": "message IS NOT NULL",
        "holds": "true",
        "occupancies": "expires_at IS NOT NULL",
    }
    locking = "; ".join(rows_of(held, table) for table in [*tables, "event_counters", "bookings"])
    with psql.holding(locking):
        for name, timed in TIMETABLE.items():
            if name.startswith(("forget", "end holds")):
                await timed.run(context)
        for table, there in tables.items():
            left = f"SELECT count(*) FROM {table} WHERE {there} AND organization_id = "
            assert psql.ask(f"{left}'{id_of(free)}'") == "0", table
            assert psql.ask(f"{left}'{id_of(held)}'") != "0", table
