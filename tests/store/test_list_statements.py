"""Statements of the outbox keep their plans, however few mails they are about."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from msgspec import Raw
from tests.store.plans import filled_database

from kalends.store.database import ConnectParameters, Database, TenantConnection
from kalends.store.list_statements import FILLED_LENGTHS, MOST_ITEMS, in_filled_items
from kalends.store.outbox.lanes import Lease
from kalends.store.outbox.mail_lanes import DueMail, MailOutcome, record_mails
from kalends.store.outbox.recording import Recorded
from kalends.store.outbox.stories import WrittenMail, load_stories, write_down

ORGANIZATION = UUID(int=1)
# PostgreSQL plans the first five for their arguments, and then looks whether that is any better.
TIMES = 8
NOW = datetime(2026, 12, 1, tzinfo=UTC)
# A booking's event, and a mail in a lane of its own, for each number.
MAILED = f"""
INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)
VALUES ('{ORGANIZATION}', 'Org', 'org', 'UTC', 'live', now(), now());
CREATE TEMPORARY TABLE made AS SELECT lpad(n::text, 32, '0')::uuid AS id, n
FROM generate_series(1, 1000) n;
INSERT INTO events (organization_id, number, id, type, booking_id, data, previous, actor,
    created_at)
SELECT '{ORGANIZATION}', n, id, 'booking.created', id, '{{}}', '{{}}', 'key', now() FROM made;
INSERT INTO mails (organization_id, id, kind, audience, recipient, booking_id, event_number, state,
    created_at)
SELECT '{ORGANIZATION}', id, 'requested', 'attendee', 'a@example.com', id, n, 'queued', now()
FROM made;
INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number, state,
    created_at, channel)
SELECT '{ORGANIZATION}', id, id, id, 'requested', id, n, 'pending', now(), 'mail' FROM made;
INSERT INTO webhook_lanes (organization_id, endpoint_id, lane_id, channel, waiting, due_at)
SELECT '{ORGANIZATION}', id, id, 'mail', 1, now() FROM made;
ANALYZE
"""
PLANNED = "SELECT generic_plans FROM pg_prepared_statements WHERE strpos(statement, $1) > 0"
Asked = Callable[[TenantConnection, int], Awaitable[object]]


async def _load(tenant: TenantConnection, number: int) -> None:
    await load_stories(tenant, [number])


async def _load_five(tenant: TenantConnection, number: int) -> None:
    numbers = range(number, number + 5)
    assert sorted(await load_stories(tenant, numbers)) == list(numbers)


async def _write(tenant: TenantConnection, number: int) -> None:
    written = WrittenMail(
        id=UUID(str(number).zfill(32)),
        subject="",
        message=b"sealed",
        token_hash=None,
        booking_id=UUID(int=9),
        invites=True,
    )
    assert await write_down(tenant, [written], NOW) == {written.id}


async def _record(tenant: TenantConnection, number: int) -> None:
    assert await _record_all(tenant, [number]) == ([], [], [])


async def _record_all(tenant: TenantConnection, numbers: Sequence[int]) -> Recorded:
    outcomes = [await _sent(tenant, UUID(str(number).zfill(32))) for number in numbers]
    return await record_mails(tenant, outcomes, NOW)


async def _sent(tenant: TenantConnection, id_: UUID) -> MailOutcome:
    due_at = await tenant.tx.fetchval("SELECT due_at FROM webhook_lanes WHERE lane_id = $1", id_)
    told: tuple[Any, ...] = ("live", None, NOW, None, None, None, None)
    lane = DueMail(ORGANIZATION, id_, id_, Lease(due_at), id_, 0, *told)
    return MailOutcome(
        lane=lane, state="delivered", attempt=Raw(b"[]"), again_after=None, mail_state="sent"
    )


@pytest.fixture(scope="module")
def mailed_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def fill(db: asyncpg.Connection) -> None:
        await db.execute(MAILED)

    with filled_database(tmp_path_factory.mktemp("outbox") / "data", fill) as url:
        yield url


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (_load, "SELECT p.data FROM events p"),
        (_load_five, "SELECT p.data FROM events p"),
        (_write, "UPDATE mails m SET subject"),
        (_record, "UPDATE deliveries d"),
    ],
)
def test_what_is_asked_of_a_few_mails_is_planned_once(
    mailed_database: str, ask: Asked, words: str
) -> None:
    async def plans() -> list[int]:
        database = Database(ConnectParameters(dsn=mailed_database), 1)
        try:
            async with database.tenant_connection(ORGANIZATION) as tenant:
                for number in range(1, TIMES + 1):
                    await ask(tenant, number)
                return [row[0] for row in await tenant.tx.fetch(PLANNED, words)]
        finally:
            await database.close()

    assert asyncio.run(plans()) == [TIMES - 5]


def test_batches_of_any_length_are_recorded_by_few_texts(mailed_database: str) -> None:
    async def record() -> int:
        database = Database(ConnectParameters(dsn=mailed_database), 1)
        try:
            async with database.tenant_connection(ORGANIZATION) as tenant:
                first = 100
                for length in range(1, MOST_ITEMS + 1):
                    batch = range(first, first + length)
                    assert await _record_all(tenant, batch) == ([], [], [])
                    again = await _record_all(tenant, batch)
                    assert (again.held, len(again.late)) == ([], length)
                    first += length
                texts = await tenant.tx.fetch(PLANNED, "UPDATE deliveries d")
                return len(texts)
        finally:
            await database.close()

    assert asyncio.run(record()) == len(FILLED_LENGTHS)


def test_a_list_is_filled_up_to_the_next_length() -> None:
    sent = in_filled_items("SELECT $1::uuid[], $2", [[1, 2, 3], "text"])
    assert sent.statement.startswith("SELECT ARRAY[$1::uuid, $2::uuid, $3::uuid, $4::uuid]")
    assert list(sent.arguments) == [1, 2, 3, None, "text"]
    long = list(range(MOST_ITEMS + 1))
    assert in_filled_items("SELECT $1::uuid[]", [long]).arguments == [long]
