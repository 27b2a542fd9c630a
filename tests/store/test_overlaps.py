"""What meets a span of time is found by index, however much began before it."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.store.plans import filled_database, rows_read

from kalends.domain.booking import BookingFilter, Status
from kalends.store.bookings.agenda import BETWEEN
from kalends.store.bookings.lists import AskedPage, list_statement

ORGANIZATION = UUID("00000000-0000-7000-8000-000000000001")
HOTEL = UUID("00000000-0000-7000-8000-000000000002")
TENANT = """
INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)
VALUES ('{0}', '{0}', '{0}', 'UTC', 'live', now(), now());
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
VALUES ('{0}', '{0}', 'Room', 'UTC', now(), now());
"""
FILL = """
INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time,
    timezone, wall_clock, attendee_name, attendee_email, source, created_at, updated_at)
SELECT '{0}', gen_random_uuid(), '{0}', ARRAY['{0}'::uuid],
    CASE n % 3 WHEN 0 THEN 'CANCELLED' ELSE 'CONFIRMED' END,
    start_time, start_time + CASE n % {1} WHEN 0 THEN interval '{2}' ELSE interval '45 min' END,
    'UTC', '', 'John Doe', 'john@example.com', 'api', now(), now()
FROM (SELECT n, timestamptz '2024-01-01 00:00Z' + n * interval '52 minutes' AS start_time
      FROM generate_series(1, 30000) n) filled;
"""
MEETING = """
SELECT count(*) FROM bookings
WHERE organization_id = $1 AND start_time < $3 AND end_time > $2
"""
START = datetime(2026, 6, 1, tzinfo=UTC)

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def fill(db: asyncpg.Connection) -> None:
        await db.execute(TENANT.format(ORGANIZATION) + TENANT.format(HOTEL))
        # Three years: each fiftieth appointment takes three days, each stay a month.
        await db.execute(FILL.format(ORGANIZATION, 50, "3 days"))
        await db.execute(FILL.format(HOTEL, 1, "30 days"))

    with filled_database(tmp_path_factory.mktemp("overlaps") / "data", fill) as url:
        yield url


async def read_and_met(
    url: str, sql: str, arguments: list[Any], met: list[Any]
) -> tuple[float, int]:
    db = await asyncpg.connect(url)
    explained = await db.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    count = await db.fetchval(MEETING, *met)
    await db.close()
    return rows_read(json.loads(explained)[0]["Plan"]), count


@pytest.mark.parametrize("statuses", [(), (Status.CONFIRMED,), (Status.PENDING,)])
@pytest.mark.parametrize(
    "length", [timedelta(hours=1), timedelta(days=1), timedelta(days=90), timedelta(days=3000)]
)
def test_a_list_reads_little_more_than_it_finds(
    url: str, length: timedelta, statuses: tuple[Status, ...]
) -> None:
    criteria = BookingFilter(ends_after=START, before=START + length, statuses=statuses)
    sql, arguments = list_statement(AskedPage(ORGANIZATION, criteria, 50, 0))
    met = [ORGANIZATION, START, START + length]
    read, count = asyncio.run(read_and_met(url, sql, arguments, met))
    # It is counted once and shown once, and each time its neighbours may be looked at.
    assert read <= 2 * (count + 200)


@pytest.mark.parametrize("length", [timedelta(days=1), timedelta(days=42)])
def test_the_calendar_reads_little_more_than_it_shows(url: str, length: timedelta) -> None:
    arguments = [ORGANIZATION, START, START + length, None, None, 5_000]
    met = [ORGANIZATION, START, START + length]
    read, count = asyncio.run(read_and_met(url, BETWEEN, arguments, met))
    assert 0 < read <= count + 200


def test_an_overlap_is_not_searched_from_the_first_booking(url: str) -> None:
    criteria = BookingFilter(ends_after=START, before=START + timedelta(hours=1))
    sql, arguments = list_statement(AskedPage(HOTEL, criteria, 1, 0))
    met = [HOTEL, START, START + timedelta(hours=1)]
    read, count = asyncio.run(read_and_met(url, sql, arguments, met))
    assert count > 500
    assert read <= 2 * (count + 200)
