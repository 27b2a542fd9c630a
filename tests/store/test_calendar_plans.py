"""The calendar of a schedule is read without its history, planned for the span or for any."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.store.plans import filled_database, rows_read_by

from kalends.store.availability.calendars import CalendarDetail, Reading, read_statement

ORGANIZATION = UUID(int=1)
SCHEDULE = UUID(int=2)
GUEST_ROOM = UUID(int=3)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TIMES_ALONE = read_statement(
    Reading(CalendarDetail.NONE, is_of_one=True, excludes=False, is_to_book=False)
)
# In the guest room somebody stays for three days, and then for exactly one.
# One claim of half an hour each hour, 24,000 of them, and one of the schedules of others.
CLAIMS = f"""
INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)
VALUES ('{ORGANIZATION}', 'Org', 'org', 'UTC', 'live', now(), now());
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
VALUES ('{ORGANIZATION}', '{SCHEDULE}', 'Room', 'UTC', now(), now());
INSERT INTO occupancies (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT '{ORGANIZATION}', '{SCHEDULE}', id, id, at, tstzrange(at, at + interval '30 minutes')
FROM (SELECT gen_random_uuid() AS id, timestamptz '2026-01-01 00:00Z' + n * interval '1 hour' AS at
      FROM generate_series(0, 23999) n) made;
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
VALUES ('{ORGANIZATION}', '{GUEST_ROOM}', 'Guests', 'UTC', now(), now());
INSERT INTO occupancies (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT '{ORGANIZATION}', '{GUEST_ROOM}', id, id, '2026-01-01 00:00Z', during
FROM (VALUES (gen_random_uuid(), tstzrange '[2026-01-01 00:00Z, 2026-01-04 00:00Z)'),
             (gen_random_uuid(), '[2026-01-04 00:00Z, 2026-01-05 00:00Z)')) stays (id, during);
INSERT INTO occupancies (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT '{ORGANIZATION}', gen_random_uuid(), id, id, now(), tstzrange(now(), now() + '1 hour')
FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 2000)) others;
"""
# Twenty ordinary ones, each with a tenth of the claims that the schedule above has.
ORDINARY = UUID("21".zfill(32))
ROOM = UUID(int=4)
OTHERS = """
INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)
SELECT lpad(n::text, 32, '0')::uuid, n, n, 'UTC', 'live', now(), now()
FROM generate_series(10, 29) n;
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
SELECT id, lpad('4', 32, '0')::uuid, 'Room', 'UTC', now(), now()
FROM organizations WHERE slug ~ '^[0-9]';
INSERT INTO occupancies (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT o.id, lpad((n % 10 + 4)::text, 32, '0')::uuid, made.id, made.id, at,
    tstzrange(at, at + interval '30 minutes')
FROM (SELECT n, gen_random_uuid() AS id, timestamptz '2026-01-01 00:00Z' + n * interval '1 hour'
        AS at FROM generate_series(0, 2399) n) made, organizations o WHERE o.slug ~ '^[0-9]';
"""
# PostgreSQL plans the first five for their arguments, and then looks whether that is any better.
TIMES = 8
KEPT = "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1"

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def fill(db: asyncpg.Connection) -> None:
        await db.execute(CLAIMS + OTHERS)
        await db.execute("VACUUM ANALYZE occupancies")

    with filled_database(tmp_path_factory.mktemp("calendars") / "data", fill) as url:
        yield url


def arguments_of(begins: datetime, ends: datetime, schedule: UUID = SCHEDULE) -> list[Any]:
    return [ORGANIZATION, [schedule], begins, ends, FIRST]


def claims_read(url: str, arguments: list[Any]) -> int:
    """How many the statement gives."""

    async def read() -> bytes:
        db = await asyncpg.connect(url)
        try:
            row = await db.fetchrow(TIMES_ALONE, *arguments)
            return bytes(row[-3] or b"")
        finally:
            await db.close()

    return len(asyncio.run(read())) // (3 * 8)


@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
def test_a_calendar_is_read_without_what_lies_outside_its_span(url: str, plan: str) -> None:
    begins = FIRST + 900 * DAY
    read = rows_read_by(url, TIMES_ALONE, arguments_of(begins, begins + 7 * DAY), plan)
    # Those of the day before may last into it.
    assert asyncio.run(read) <= 8 * 24 + 10


@pytest.mark.parametrize("is_to_book", [True, False])
def test_calendars_of_ordinary_organizations_are_planned_once(url: str, is_to_book: bool) -> None:
    statement = read_statement(
        Reading(CalendarDetail.NONE, is_of_one=True, excludes=False, is_to_book=is_to_book)
    )

    async def count_kept() -> int:
        db = await asyncpg.connect(url, server_settings={"jit": "off"})
        try:
            for day in range(TIMES):
                begins = FIRST + day * DAY
                await db.fetch(statement, ORDINARY, [ROOM], begins, begins + DAY, FIRST)
            return int(await db.fetchval(KEPT, statement))
        finally:
            await db.close()

    assert asyncio.run(count_kept()) > 0


@pytest.mark.parametrize(
    ("begins", "ends", "claims"),
    [
        (timedelta(), timedelta(hours=3), 3),
        (timedelta(minutes=29), timedelta(minutes=61), 2),
        (timedelta(minutes=30), timedelta(minutes=60), 0),
        (timedelta(minutes=10), timedelta(minutes=20), 1),
        (timedelta(minutes=60), timedelta(minutes=60, microseconds=1), 1),
    ],
)
def test_a_calendar_holds_what_meets_its_span(
    url: str, begins: timedelta, ends: timedelta, claims: int
) -> None:
    assert claims_read(url, arguments_of(FIRST + begins, FIRST + ends)) == claims


@pytest.mark.parametrize(
    ("hours", "claims"), [(0, 1), (23, 1), (24, 1), (49, 1), (71, 2), (72, 1), (95, 1), (96, 0)]
)
def test_a_calendar_holds_long_claims_that_began_before(url: str, hours: int, claims: int) -> None:
    begins = FIRST + timedelta(hours=hours)
    arguments = arguments_of(begins, begins + timedelta(hours=1, minutes=1), GUEST_ROOM)
    assert claims_read(url, arguments) == claims
