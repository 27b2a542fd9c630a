"""A list reads little more than it finds, planned for what is asked for or for anything."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from tests.store.plans import filled_database, rows_read_by

from kalends.domain.booking import BookingFilter, Status
from kalends.store.bookings.lists import AskedPage, Statement, list_statement, stamps_statement

LARGE = UUID(int=1)
SMALL = UUID(int=2)
SCHEDULES = 50
# 30,000 bookings of the large organization, one each half hour, on its schedules in turn.
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
BOOKINGS = 30_000
TENANT = """
INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)
VALUES ('{0}', '{0}', '{0}', 'UTC', 'live', now(), now());
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
SELECT '{0}', lpad(n::text, 32, '0')::uuid, 'Room', 'UTC', now(), now()
FROM generate_series(0, 49) n;
INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time,
    timezone, wall_clock, attendee_name, attendee_email, source, created_at, updated_at)
SELECT '{0}', gen_random_uuid(), first, CASE n % 100 WHEN 0 THEN ARRAY[first, second]
    ELSE ARRAY[first] END, CASE n % 10 WHEN 0 THEN 'PENDING' ELSE 'CONFIRMED' END, at,
    at + interval '30 min', 'UTC', '', 'John', md5(n::text) || '@example.com', 'api', now(), now()
FROM (SELECT n, lpad((n % 50)::text, 32, '0')::uuid AS first,
        lpad(((n + 1) % 50)::text, 32, '0')::uuid AS second,
        timestamptz '2026-01-01 00:00Z' + n * interval '30 min' AS at
      FROM generate_series(0, {1} - 1) n) filled;
"""
# PostgreSQL plans the first five for their arguments, and then looks whether that is any better.
TIMES = 8
KEPT = "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1"
A_WEEK = FIRST + timedelta(days=100), FIRST + timedelta(days=107)
SEVENTH = "8f14e45fceea167a5a36dedd4bea2543@Example.com"

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def fill(db: asyncpg.Connection) -> None:
        await db.execute(TENANT.format(LARGE, BOOKINGS) + TENANT.format(SMALL, 100))

    with filled_database(tmp_path_factory.mktemp("lists") / "data", fill) as url:
        yield url


@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    ("criteria", "matches"),
    [
        (BookingFilter(schedule_id=UUID(int=7)), BOOKINGS // SCHEDULES),
        (BookingFilter(schedule_id=UUID(int=7), since=A_WEEK[0], before=A_WEEK[1]), 7),
        (BookingFilter(schedule_id=UUID(int=1), since=A_WEEK[0], before=A_WEEK[1]), 11),
        (BookingFilter(schedule_id=UUID(int=7), ends_after=A_WEEK[0], before=A_WEEK[1]), 7),
        (BookingFilter(since=A_WEEK[0], before=A_WEEK[1]), 7 * 48),
        (BookingFilter(statuses=(Status.PENDING,), since=A_WEEK[0], before=A_WEEK[1]), 34),
        (BookingFilter(attendee_email=SEVENTH), 1),
    ],
)
def test_a_list_reads_little_more_than_it_finds(
    url: str, criteria: BookingFilter, matches: int, plan: str
) -> None:
    sql, arguments = list_statement(AskedPage(LARGE, criteria, 50, 0))
    # What is found is counted once and shown once, and each time its neighbours may be looked at;
    # the few schedules of both organizations are looked through once, for hosts.
    most = 2 * (matches + 120) + 2 * SCHEDULES
    assert asyncio.run(rows_read_by(url, sql, arguments, plan)) <= most


@pytest.mark.parametrize("organization_id", [LARGE, SMALL, UUID(int=3)])
@pytest.mark.parametrize("criteria", [BookingFilter(), BookingFilter(statuses=(Status.PENDING,))])
def test_a_page_is_not_planned_anew_for_any_organization(
    url: str, organization_id: UUID, criteria: BookingFilter
) -> None:
    page = AskedPage(organization_id, criteria, 50, 0, is_counted=False)
    assert asyncio.run(kept_plans_of(url, stamps_statement(page))) > 0


async def kept_plans_of(url: str, asked: Statement) -> int:
    """How often a plan that was kept ran, of some times."""
    db = await asyncpg.connect(url)
    try:
        sql, arguments = asked
        for _ in range(TIMES):
            await db.fetch(sql, *arguments)
        kept: int = await db.fetchval(KEPT, sql)
        return kept
    finally:
        await db.close()
