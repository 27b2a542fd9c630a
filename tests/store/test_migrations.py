"""Migrations of filled databases, beside servers of the release before that go on writing."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.store.migrations import migrate_to

from kalends.domain.ids import API_KEY, USER, encode_id, new_id
from kalends.store.database import ConnectParameters
from kalends.store.embedded.server import EmbeddedPostgres
from kalends.store.migrate import migrate
from kalends.store.revisions import newest_revision

ORGANIZATION, SCHEDULE, KEY, ADA = new_id(), new_id(), new_id(), new_id()
TENANT = f"""
INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)
VALUES ('{ORGANIZATION}', 'Ada', 'ada', 'UTC', 'live', now(), now());
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
VALUES ('{ORGANIZATION}', '{SCHEDULE}', 'Room', 'UTC', now(), now());
INSERT INTO api_keys (organization_id, id, name, key_hash, last_four, scopes, created_at)
VALUES ('{ORGANIZATION}', '{KEY}', NULL, 'hash', 'wXyZ', '{{*}}', now());
INSERT INTO users (id, email, created_at) VALUES ('{ADA}', 'ada@example.com', now());
"""
BOOKING = """
INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time,
    timezone, wall_clock, attendee_name, attendee_email, source, created_at, updated_at)
VALUES ($1, $2, $3, ARRAY[$3::uuid], $4, now(), now() + interval '1 hour', 'UTC', '', 'John Doe',
    'john@example.com', 'api', now(), now())
"""
EVENT = """
INSERT INTO events (organization_id, number, id, type, booking_id, data, actor, created_at)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, now() FROM events
"""


@pytest.fixture(scope="module")
def lease(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    data_dir = tmp_path_factory.mktemp("migrations") / "data"
    with EmbeddedPostgres(data_dir, settings={"fsync": "off", "timezone": "UTC"}) as lease:
        yield lease


class Old:
    """A database of an older release, and what its servers write."""

    def __init__(self, url: str, db: asyncpg.Connection) -> None:
        self.parameters = ConnectParameters(dsn=url)
        self.db = db

    async def add_booking(self, status: str, *events: tuple[str, str]) -> UUID:
        """A booking with its events: the status that each left it in, and who did it."""
        booking_id = new_id()
        await self.db.execute(BOOKING, ORGANIZATION, booking_id, SCHEDULE, status)
        for number, (then, actor) in enumerate(events):
            kind = f"booking.{then.lower() if number else 'created'}"
            data = json.dumps({"status": then, "attendee_name": "John Doe"})
            await self.db.execute(EVENT, ORGANIZATION, uuid4(), kind, booking_id, data, actor)
        return booking_id

    async def cancelled_by(self, booking_id: UUID) -> Any:
        query = "SELECT cancelled_by FROM bookings WHERE id = $1"
        text = await self.db.fetchval(query, booking_id)
        return None if text is None else json.loads(text)


@asynccontextmanager
async def old(lease: EmbeddedPostgres, revision: str) -> AsyncIterator[Old]:
    name = f"old_{uuid4().hex}"
    main = await asyncpg.connect(lease.url)
    await main.execute(f"CREATE DATABASE {name}")
    await main.close()
    url = lease.url.replace("/kalends?", f"/{name}?")
    await migrate_to(ConnectParameters(dsn=url), revision)
    db = await asyncpg.connect(url)
    await db.execute(TENANT)
    yield Old(url, db)
    await db.close()


@pytest.mark.parametrize(
    ("events", "actor"),
    [
        ([("PENDING", "attendee"), ("CANCELLED", encode_id(API_KEY, KEY))],
         {"type": "api_key", "id": encode_id(API_KEY, KEY), "name": "…wXyZ"}),
        ([("PENDING", "attendee"), ("CANCELLED", encode_id(USER, ADA)), ("CANCELLED", "kalends")],
         {"type": "system", "id": None, "name": "Kalends"}),
        ([("PENDING", "attendee"), ("CANCELLED", encode_id(USER, ADA)), ("UPDATED", "kalends")],
         {"type": "user", "id": encode_id(USER, ADA), "name": "ada@example.com"}),
        ([("PENDING", "calcom"), ("CANCELLED", encode_id(USER, SCHEDULE))],
         {"type": "user", "id": encode_id(USER, SCHEDULE), "name": None}),
        ([("PENDING", encode_id(API_KEY, KEY)), ("CANCELLED", "attendee")],
         {"type": "attendee", "id": None, "name": "John Doe"}),
        ([("PENDING", encode_id(API_KEY, KEY)), ("CANCELLED", "operator")],
         {"type": "operator", "id": None, "name": None}),
        ([("CANCELLED", "calcom")], {"type": "calcom", "id": None, "name": "Cal.com"}),
        ([("PENDING", "attendee")], None),
        ([], None),
    ],
)  # fmt: skip
def test_who_cancelled_is_filled_from_the_events(
    lease: EmbeddedPostgres, events: list[tuple[str, str]], actor: Any
) -> None:
    async def case() -> Any:
        async with old(lease, "0006") as before:
            booking_id = await before.add_booking("CANCELLED", *events)
            await migrate(before.parameters)
            return await before.cancelled_by(booking_id)

    assert asyncio.run(case()) == actor


@pytest.mark.parametrize(
    ("events", "actor"),
    [
        ([("PENDING", "attendee"), ("CANCELLED", encode_id(API_KEY, KEY))],
         {"type": "api_key", "id": encode_id(API_KEY, KEY), "name": "…wXyZ"}),
        ([("PENDING", "attendee"), ("CANCELLED", encode_id(USER, ADA)), ("UPDATED", "kalends")],
         {"type": "user", "id": encode_id(USER, ADA), "name": "ada@example.com"}),
        ([("PENDING", "attendee"), ("CANCELLED", encode_id(USER, UUID(int=2**128 - 1)))],
         {"type": "user", "id": encode_id(USER, UUID(int=2**128 - 1)), "name": None}),
        ([("PENDING", "attendee"), ("CANCELLED", "attendee")],
         {"type": "attendee", "id": None, "name": "John Doe"}),
        ([("PENDING", "attendee"), ("CANCELLED", "kalends")],
         {"type": "system", "id": None, "name": "Kalends"}),
        ([("PENDING", "attendee"), ("CANCELLED", "operator")],
         {"type": "operator", "id": None, "name": None}),
        ([("CANCELLED", "calcom")], {"type": "calcom", "id": None, "name": "Cal.com"}),
    ],
)  # fmt: skip
def test_who_cancels_by_a_server_of_before_is_kept(
    lease: EmbeddedPostgres, events: list[tuple[str, str]], actor: Any
) -> None:
    async def case() -> tuple[Any, Any]:
        async with old(lease, "0006") as before:
            await migrate(before.parameters)
            booking_id = await before.add_booking("CANCELLED", *events)
            standing = await before.add_booking("CONFIRMED", ("PENDING", "attendee"))
            return await before.cancelled_by(booking_id), await before.cancelled_by(standing)

    assert asyncio.run(case()) == (actor, None)


def test_who_cancelled_is_not_overwritten(lease: EmbeddedPostgres) -> None:
    known = "UPDATE bookings SET cancelled_by = '1' WHERE id = $1"

    async def case() -> Any:
        async with old(lease, "0006") as before:
            await migrate(before.parameters)
            booking_id = await before.add_booking("CANCELLED")
            await before.db.execute(known, booking_id)
            data = json.dumps({"status": "CANCELLED"})
            event = (ORGANIZATION, uuid4(), "booking.cancelled", booking_id, data, "kalends")
            await before.db.execute(EVENT, *event)
            return await before.cancelled_by(booking_id)

    assert asyncio.run(case()) == 1


def test_bookings_that_stand_have_nobody_who_cancelled(lease: EmbeddedPostgres) -> None:
    async def case() -> Any:
        async with old(lease, "0006") as before:
            events = [("PENDING", "attendee"), ("CONFIRMED", "attendee")]
            booking_id = await before.add_booking("CONFIRMED", *events)
            await migrate(before.parameters)
            return await before.cancelled_by(booking_id)

    assert asyncio.run(case()) is None


def test_more_than_one_batch_is_filled(lease: EmbeddedPostgres) -> None:
    many = """
    INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, start_time,
        end_time, timezone, wall_clock, attendee_name, attendee_email, source, created_at,
        updated_at)
    SELECT $1, gen_random_uuid(), $2, ARRAY[$2::uuid], 'CANCELLED', now(), now() + interval '1h',
        'UTC', '', 'John', 'john@example.com', 'api', now(), now() FROM generate_series(1, 1201)
    """
    events = """
    INSERT INTO events (organization_id, number, id, type, booking_id, data, actor, created_at)
    SELECT $1, row_number() OVER (), gen_random_uuid(), 'booking.cancelled', id,
        '{"status": "CANCELLED"}', 'kalends', now() FROM bookings
    """

    async def case() -> int:
        async with old(lease, "0006") as before:
            await before.db.execute(many, ORGANIZATION, SCHEDULE)
            await before.db.execute(events, ORGANIZATION)
            await migrate(before.parameters)
            count: int = await before.db.fetchval("SELECT count(cancelled_by) FROM bookings")
            return count

    assert asyncio.run(case()) == 1201


def test_a_migration_waits_for_a_reader_without_holding_up_others(lease: EmbeddedPostgres) -> None:
    """A backup reads every table for a long time. What asks for a strong lock meanwhile would
    make all others wait behind it."""

    async def case() -> str:
        async with old(lease, "0006") as before:
            other = await asyncpg.connect(before.parameters.dsn)
            backup = before.db.transaction()
            await backup.start()
            await before.db.fetch("SELECT FROM bookings, events")
            migrating = asyncio.create_task(migrate(before.parameters))
            for _ in range(30):
                await other.execute("SET statement_timeout = '2500ms'")
                await other.execute("SELECT count(*) FROM bookings; SELECT count(*) FROM events")
                await asyncio.sleep(0.1)
            assert not migrating.done()
            await backup.rollback()
            revision = await migrating
            await other.close()
            return revision

    assert asyncio.run(case()) == newest_revision()


def test_several_may_migrate_at_once(lease: EmbeddedPostgres) -> None:
    async def case() -> list[str]:
        async with old(lease, "0006") as before:
            return await asyncio.gather(*(migrate(before.parameters) for _ in range(4)))

    assert set(asyncio.run(case())) == {newest_revision()}


def test_a_migration_that_was_cut_off_starts_again(lease: EmbeddedPostgres) -> None:
    async def case() -> list[str]:
        async with old(lease, "0006") as before:
            await migrate(before.parameters)
            await before.db.execute("UPDATE alembic_version SET version_num = '0006'")
            await migrate(before.parameters)
            rows = await before.db.fetch(
                "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
            )
            return [row[0] for row in rows]

    assert asyncio.run(case()) == []


@pytest.mark.parametrize(
    ("zones", "phone", "answers", "number", "numbers"),
    [
        (("Europe/Berlin", "UTC"), "030 1234567", {}, "+49301234567", {}),
        (("UTC", "Europe/Berlin"), "030 1234567", {}, "+49301234567", {}),
        (("UTC", "UTC"), "030 1234567", {}, None, {}),
        (("UTC", "UTC"), None, {"second": "+49 30 1234567", "text": "x"}, None,
         {"second": "+49301234567"}),
        (("UTC", "UTC"), None, {"second": 5, "text": "+49 30 1234567"}, None, {}),
    ],
)  # fmt: skip
def test_numbers_are_made_of_the_phones_there_are(
    lease: EmbeddedPostgres,
    zones: tuple[str, str],
    phone: str | None,
    answers: dict[str, Any],
    number: str | None,
    numbers: dict[str, str],
) -> None:
    event_type = """
    INSERT INTO event_types (organization_id, id, name, slug, duration_minutes,
        buffer_before_minutes, buffer_after_minutes, capacity, requires_confirmation, requirements,
        questions, reminders_minutes_before, expire_pending, is_active, created_at, updated_at)
    VALUES ($1, $2, 'x', 'x', 30, 0, 0, 1, true, '[]', $3, '{}', false, true, now(), now())
    """
    questions = json.dumps([{"key": "second", "type": "phone"}, {"key": "text", "type": "text"}])
    typed = """
    UPDATE bookings SET attendee_phone = $2, answers = $3, timezone = $4, event_type_id = $5
    WHERE id = $1
    """

    async def case() -> tuple[str | None, dict[str, str]]:
        async with old(lease, "0007") as before:
            booking_id, event_type_id = await before.add_booking("CONFIRMED"), new_id()
            await before.db.execute("UPDATE organizations SET timezone = $1", zones[0])
            await before.db.execute(event_type, ORGANIZATION, event_type_id, questions)
            given = (booking_id, phone, json.dumps(answers), zones[1], event_type_id)
            await before.db.execute(typed, *given)
            await migrate(before.parameters)
            query = "SELECT attendee_phone_e164, answers_e164 FROM bookings WHERE id = $1"
            row = await before.db.fetchrow(query, booking_id)
            return row[0], json.loads(row[1])

    assert asyncio.run(case()) == (number, numbers)


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ("attendee_phone = '+49 30 7654321'", None),  # as a server of before writes it
        ("attendee_phone = NULL", None),
        ("attendee_phone = '+49 30 1234-567', attendee_phone_e164 = '+49301234567'",
         "+49301234567"),
        ("attendee_phone = '+49 30 76', attendee_phone_e164 = '+493076'", "+493076"),
        ("attendee_name = 'Ada', attendee_phone = '+49 30 1234567'", "+49301234567"),
    ],
)  # fmt: skip
def test_no_phone_keeps_the_number_of_another(
    lease: EmbeddedPostgres, change: str, number: str | None
) -> None:
    phone = """
    UPDATE bookings SET attendee_phone = '+49 30 1234567', attendee_phone_e164 = '+49301234567'
    """

    async def case() -> tuple[str | None, bool]:
        async with old(lease, "0006") as before:
            await migrate(before.parameters)
            booking_id = await before.add_booking("CONFIRMED")
            await before.db.execute(phone)
            await before.db.execute(f"UPDATE bookings SET {change} WHERE id = $1", booking_id)
            query = "SELECT attendee_phone_e164, search_text FROM bookings WHERE id = $1"
            row = await before.db.fetchrow(query, booking_id)
            return row[0], "49301234567" in row[1].split(" ")[-1]

    assert asyncio.run(case()) == (number, number == "+49301234567")


@pytest.mark.parametrize(
    ("change", "version"),
    [
        ("name = 'Bea', updated_at = now()", 2),  # as a server of before writes it
        ("logo = 'x.png', updated_at = now()", 2),
        ("name = 'Ada'", 1),
        ("name = 'Bea', version = 2", 2),
    ],
)
def test_what_a_server_of_before_changes_counts_as_a_version(
    lease: EmbeddedPostgres, change: str, version: int
) -> None:
    async def case() -> int:
        async with old(lease, "0048") as before:
            await migrate(before.parameters)
            await before.db.execute(f"UPDATE organizations SET {change}")
            counted: int = await before.db.fetchval("SELECT version FROM organizations")
            return counted

    assert asyncio.run(case()) == version


@pytest.mark.parametrize(
    ("change", "version"),
    [
        ("url = 'https://b.example', updated_at = now() + interval '1 second'", 2),
        ("failing_since = now()", 1),
        ("enabled = false, updated_at = now() + interval '1 second', version = version + 1", 2),
    ],
)
def test_a_server_of_before_counts_changes_of_webhooks(
    lease: EmbeddedPostgres, change: str, version: int
) -> None:
    webhook = """
    INSERT INTO webhook_endpoints (organization_id, id, url, events, enabled, secret, created_at,
        updated_at)
    VALUES ($1, $2, 'https://a.example', '{}', true, '', now(), now())
    """

    async def case() -> int:
        async with old(lease, "0050") as before:
            await before.db.execute(webhook, ORGANIZATION, new_id())
            await migrate(before.parameters)
            await before.db.execute(f"UPDATE webhook_endpoints SET {change}")
            counted: int = await before.db.fetchval("SELECT version FROM webhook_endpoints")
            return counted

    assert asyncio.run(case()) == version
