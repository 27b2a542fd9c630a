"""One outbox, beside servers of the release before: what they write is delivered, and they deliver
nothing but that."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import Raw
from tests.store import before_0016
from tests.store.test_migrations import ORGANIZATION, Old, lease, old

from kalends.domain.ids import new_id
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Context
from kalends.services.mail_jobs import put_in_outbox
from kalends.store.database import Database
from kalends.store.embedded.server import EmbeddedPostgres
from kalends.store.migrate import migrate
from kalends.store.outbox.events import Event, NewMail, append_events
from kalends.store.outbox.lanes import Caps
from kalends.store.outbox.mail_lanes import DueMail, lease_due_mails
from kalends.store.outbox.webhook_lanes import DueWebhook, lease_due_webhooks

__all__ = ["lease"]
BEFORE = "0015"
LEASE_FOR = timedelta(minutes=1)
CAPS = Caps(working=10, failing=10)
ENDPOINT = """
INSERT INTO webhook_endpoints
    (organization_id, id, url, events, enabled, secret, created_at, updated_at)
VALUES ($1, $2, 'https://example.com/', '{}', true, '', now(), now())
"""
NOW = datetime.now(UTC)
REMIND_AT = NOW + timedelta(hours=1)


class Beside:
    """The database of such a server, and what a server of this release does in it."""

    def __init__(self, before: Old) -> None:
        self.db = before.db
        self.context = Context(Database(before.parameters), Seal("0" * 32))

    async def append_before(self, booking_id: UUID, *kinds: str) -> None:
        """An event with a mail of each of the kinds to the attendee, as that server appends it."""
        data = json.dumps({"start_time": REMIND_AT.isoformat()})
        await self.db.execute(
            before_0016.APPEND,
            ORGANIZATION,
            [new_id()],
            ["booking.created"],
            [booking_id],
            [data],
            [0],
            [False],
            ["{}"],
            [None],
            "key",
            NOW,
            [new_id() for _ in kinds],
            list(kinds),
            ["attendee" for _ in kinds],
            ["john@example.com" for _ in kinds],
            [1 for _ in kinds],
        )

    async def append(self, booking_id: UUID, kind: str) -> None:
        """The same, as this release does it, with one mail."""
        event = Event(
            id=new_id(),
            type="booking.updated",
            booking_id=booking_id,
            data=Raw(b"{}"),
            previous=Raw(b"{}"),
            actor_name=None,
        )
        mail = NewMail(
            id=new_id(), kind=kind, audience="attendee", recipient="John@example.com", ordinal=1
        )
        async with self.context.database.tenant_transaction(ORGANIZATION) as tenant:
            await append_events(tenant, [event], [mail], [], "key", NOW)

    async def append_twice(self) -> UUID:
        """What befell a booking: by a server of the release before, then by one of this."""
        booking_id = new_id()
        await self.append_before(booking_id, "confirmed")
        await self.append(booking_id, "updated")
        return booking_id

    async def run_jobs(self, limit: int = 10) -> None:
        """The jobs for mail, the latest first."""
        jobs = "SELECT payload FROM pgqueuer WHERE entrypoint = 'mail' ORDER BY id DESC LIMIT $1"
        for row in await self.db.fetch(jobs, limit):
            await put_in_outbox(self.context, row[0])

    async def lease_before(self) -> list[Any]:
        """The lanes that a server of the release before leases: their destinations."""
        rows = await self.db.fetch(before_0016.LEASE, 100, LEASE_FOR, [], 10, 10)
        return [row["endpoint_id"] for row in rows]

    async def lease_webhooks(self) -> list[DueWebhook]:
        async with self.context.database.tenant_connection(ORGANIZATION) as tenant:
            return await lease_due_webhooks(tenant, 100, LEASE_FOR, [], CAPS)

    async def lease_mails(self) -> list[DueMail]:
        async with self.context.database.tenant_connection(ORGANIZATION) as tenant:
            return await lease_due_mails(tenant, 100, 100, LEASE_FOR)


@asynccontextmanager
async def beside(
    lease: EmbeddedPostgres, endpoint_id: UUID, booking_id: UUID | None = None, then: str = "SELECT"
) -> AsyncIterator[Beside]:
    """After the migration, with an endpoint that receives everything, and a mail about a booking
    that was written before it, after which something was done."""
    async with old(lease, BEFORE) as before:
        await before.db.execute("INSERT INTO event_counters VALUES ($1)", ORGANIZATION)
        await before.db.execute(ENDPOINT, ORGANIZATION, endpoint_id)
        both = Beside(before)
        await both.append_before(booking_id or new_id(), "confirmed")
        await before.db.execute(then)
        await migrate(before.parameters)
        yield both
        await both.context.database.close()


def test_webhooks_of_servers_of_before_are_leased(lease: EmbeddedPostgres) -> None:
    async def case() -> list[str]:
        async with beside(lease, new_id()) as both:
            await both.append_before(new_id(), "confirmed")
            return [lane.type for lane in await both.lease_webhooks()]

    assert asyncio.run(case()) == ["booking.created"] * 2


def test_servers_of_before_lease_webhooks_alone(lease: EmbeddedPostgres) -> None:
    endpoint_id = new_id()

    async def case() -> list[Any]:
        async with beside(lease, endpoint_id) as both:
            await both.append(new_id(), "updated")
            return await both.lease_before()

    assert asyncio.run(case()) == [endpoint_id] * 2


def test_events_of_both_releases_wait_in_one_lane(lease: EmbeddedPostgres) -> None:
    async def case() -> list[Any]:
        async with beside(lease, new_id()) as both:
            booking_id = await both.append_twice()
            query = "SELECT channel, waiting FROM webhook_lanes WHERE lane_id = $1 ORDER BY 1"
            return [tuple(row) for row in await both.db.fetch(query, booking_id)]

    assert asyncio.run(case()) == [("mail", 2), ("webhook", 2)]


def test_mails_of_both_releases_wait_in_the_order_of_events(lease: EmbeddedPostgres) -> None:
    async def case() -> list[str]:
        async with beside(lease, new_id()) as both:
            booking_id = await both.append_twice()
            await both.append_before(booking_id, "rescheduled")
            (lane,) = [lane for lane in await both.lease_mails() if lane.lane_id == booking_id]
            query = """
            SELECT type FROM deliveries WHERE lane_id = $1 AND channel = 'mail' ORDER BY number
            """
            kinds = [row[0] for row in await both.db.fetch(query, booking_id)]
            assert lane.mail.kind == kinds[0]
            return kinds

    assert asyncio.run(case()) == ["confirmed", "updated", "rescheduled"]


def test_no_job_for_mail_is_left_to_servers_of_before(lease: EmbeddedPostgres) -> None:
    async def case() -> tuple[int, int]:
        async with beside(lease, new_id()) as both:
            await both.append_before(new_id(), "confirmed")
            jobs: int = await both.db.fetchval("SELECT count(*) FROM pgqueuer")
            return jobs, len(await both.lease_mails())

    assert asyncio.run(case()) == (0, 2)


@pytest.mark.parametrize(
    ("ending", "left"),
    [("DELETE FROM pgqueuer", 1), ("UPDATE pgqueuer SET status = 'queued', attempts = 1", 2)],
)
def test_a_job_that_runs_holds_what_follows_until_its_end(
    lease: EmbeddedPostgres, ending: str, left: int
) -> None:
    """A server of before has begun it when the migration comes."""
    booking_id = new_id()
    pick = "UPDATE pgqueuer SET status = 'picked', updated = now()"
    ours = "UPDATE mails SET state = 'sent'"
    waits = "SELECT waiting FROM webhook_lanes WHERE channel = 'mail' AND lane_id = $1"

    async def case() -> tuple[list[str], list[str]]:
        async with beside(lease, new_id(), booking_id, pick) as both:
            await both.append(booking_id, "updated")
            held = [lane.mail.kind for lane in await both.lease_mails()]
            assert await both.db.fetchval(waits, booking_id) == 2
            if left == 1:
                await both.db.execute(ours + " WHERE kind = 'confirmed'")
            await both.db.execute(ending)
            assert await both.db.fetchval("SELECT count(*) FROM pgqueuer") == 0
            (lane,) = await both.lease_mails()
            return held, [lane.mail.kind, lane.mail.state]

    state = "sent" if left == 1 else "queued"
    assert asyncio.run(case()) == ([], ["confirmed", state])


def test_running_jobs_for_mail_twice_changes_nothing(lease: EmbeddedPostgres) -> None:
    async def case() -> tuple[int, int]:
        async with beside(lease, new_id()) as both:
            await both.run_jobs()
            await both.run_jobs()
            counts = "SELECT sum(waiting), count(*) FROM webhook_lanes WHERE channel = 'mail'"
            row = await both.db.fetchrow(counts)
            return row[0], row[1]

    assert asyncio.run(case()) == (1, 1)


def test_a_reminder_with_a_job_expires_at_its_start(lease: EmbeddedPostgres) -> None:
    async def case() -> list[datetime | None]:
        async with beside(lease, new_id()) as both:
            await both.append_before(new_id(), "reminder")
            await both.run_jobs()
            lanes = await both.lease_mails()
            return [lane.expires_at for lane in lanes if lane.mail.kind == "reminder"]

    assert asyncio.run(case()) == [REMIND_AT]
