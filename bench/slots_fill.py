"""The world of `bench.slots_http`: schedules with 200 bookings each, all within the same 14 days.

Bookings lie in the table in the order in which people would make them, one schedule after the
other: the 200 of one schedule are on 200 pages.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from bench.fill import ORGANIZATIONS, SCHEDULE_ROWS, SETTLE, TODAY, World
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import set_up_organization
from kalends.store.database import SESSION, ConnectionLimits

BOOKINGS_EACH: Final = 200
FIRST_DAY: Final = TODAY + timedelta(days=30)
FILLING: Final = ConnectionLimits(3600.0, SESSION | {"statement_timeout": "0"})

# Fifteen of the day's 28 half hours on each of 14 days, on other ones for each schedule.
BOOKING_ROWS: Final = """
INSERT INTO bookings
    (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time, timezone,
     wall_clock, title, attendee_name, attendee_email, metadata, source, created_at, updated_at)
SELECT ($1::uuid[])[schedule % cardinality($1::uuid[]) + 1],
    lpad((turn::bigint * $2 + schedule)::text, 32, '0')::uuid,
    lpad(schedule::text, 32, '0')::uuid, ARRAY[lpad(schedule::text, 32, '0')::uuid], 'CONFIRMED',
    starts_at, starts_at + interval '30 minutes', 'Europe/Berlin',
    to_char(starts_at, 'YYYY-MM-DD"T"HH24:MI:SS'), 'Consultation', 'Attendee ' || turn,
    'attendee' || turn || '@example.com', '{"order": 1234}', 'api', now(), now()
FROM generate_series(0, $3 - 1) AS turn, generate_series(0, $2 - 1) AS schedule,
    LATERAL (SELECT $4::timestamptz + make_interval(
        days => turn % 14, hours => 6, mins => 30 * ((turn / 14 * 13 + schedule) % 28))
        AS starts_at) placed
ORDER BY turn, schedule
"""
OCCUPANCY_ROWS: Final = """
INSERT INTO occupancies
    (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT organization_id, schedule_id, id, id, start_time, tstzrange(start_time, end_time)
FROM bookings ORDER BY id
"""
FOR_BULK: Final = (
    "SET session_replication_role = replica",  # no look-up of each row's schedule
    "SET maintenance_work_mem = '512MB'",
    "SET work_mem = '256MB'",
)
# The constraint's index comes back alone: that ten million rows are apart need not be checked.
INDEXES: Final = """
SELECT 'DROP INDEX ' || indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid IN ('bookings'::regclass, 'occupancies'::regclass)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL
SELECT format('ALTER TABLE occupancies DROP CONSTRAINT %s', conname), pg_get_indexdef(conindid)
FROM pg_constraint WHERE conrelid = 'occupancies'::regclass AND contype = 'x'
"""


async def fill(context: Context, bookings: int) -> World:
    """Fills a migrated, empty database."""
    made = [
        await set_up_organization(
            context, f"Organization {n}", f"admin{n}@example.com", "correct horse battery"
        )
        for n in range(ORGANIZATIONS)
    ]
    ids, schedules = [one.organization_id for one in made], bookings // BOOKINGS_EACH
    async with context.database.connection() as connection:
        for sql in FOR_BULK:
            await connection.execute(sql)
        await connection.execute(SCHEDULE_ROWS, ids, schedules)
        async with _without_indexes(connection):
            await connection.execute(BOOKING_ROWS, ids, schedules, BOOKINGS_EACH, FIRST_DAY)
            await connection.execute(OCCUPANCY_ROWS)
        for sql in SETTLE:
            await connection.execute(sql)
    return World(ids, [one.api_key or "" for one in made])


@asynccontextmanager
async def _without_indexes(connection: Any) -> AsyncIterator[None]:
    """Made anew behind the rows, which takes minutes instead of an hour."""
    indexes = await connection.fetch(INDEXES)
    for drop, _ in indexes:
        await connection.execute(drop)
    yield
    for _, create in indexes:
        await connection.execute(create)
