"""Filling an installation with a world, fast: rows first, indexes and constraints behind them,
several at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from bench.world import DAYS, FIRST_DAY, BenchWorld, key_of
from kalends.domain.access import hash_of
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import set_up_organization
from kalends.store.database import SESSION, ConnectionLimits

TIMEOUTS: Final = ("statement_timeout", "lock_timeout")
FILLING: Final = ConnectionLimits(7200.0, SESSION | dict.fromkeys(TIMEOUTS, "0"))
FEWEST: Final = (Path(__file__).parent / "sql" / "fewest" / "schema.sql").read_text()

# All are copies of one that was set up as any other is, under ids and keys that are known.
ORGANIZATION_ROWS: Final = """
WITH made AS (
    SELECT n, lpad(n::text, 32, '0')::uuid AS id FROM generate_series(0, $2::integer - 1) AS n),
organization AS (
    INSERT INTO organizations
    SELECT (jsonb_populate_record(template, jsonb_build_object('id', made.id, 'twin_id', NULL,
        'name', 'Organization ' || n, 'slug', 'organization-' || n))).*
    FROM organizations template, made WHERE template.id = $1),
counter AS (
    INSERT INTO event_counters
    SELECT (jsonb_populate_record(template, jsonb_build_object('organization_id', made.id))).*
    FROM event_counters template, made WHERE template.organization_id = $1)
INSERT INTO api_keys
SELECT (jsonb_populate_record(template, jsonb_build_object('organization_id', made.id,
    'id', made.id, 'key_hash', ($3::bytea[])[n + 1]))).*
FROM api_keys template, made WHERE template.organization_id = $1
"""
SCHEDULE_ROWS: Final = """
INSERT INTO schedules
    (organization_id, id, name, timezone, availability, created_at, updated_at, slug, color)
SELECT lpad(organization::text, 32, '0')::uuid, lpad(n::text, 32, '0')::uuid,
    'Room ' || n, 'Europe/Berlin', (
        SELECT jsonb_object_agg(day, '{"start": "07:00", "end": "21:00"}'::jsonb)
        FROM unnest(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday',
            'sunday']) AS day),
    now(), now(), 'room-' || n, 'blue'
FROM generate_series(0, $1::integer - 1) AS n, LATERAL (
    SELECT CASE WHEN n % 2 = 0 THEN 0 ELSE 1 + n / 2 / $2::integer END AS organization) owner
"""
# Those with the turns from $2 up to $5. What they are found by is what a trigger would write.
# Fifteen of the day's 28 half hours on each of 14 days, on other ones for each schedule. In the
# order in which people would make them: the 200 bookings of a schedule are on 200 pages.
BOOKING_ROWS: Final = """
INSERT INTO bookings
    (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time, timezone,
     wall_clock, title, location, location_type, attendee_name, attendee_email, attendee_phone,
     metadata, source, created_at, updated_at, search_text)
SELECT s.organization_id, lpad((turn::bigint * $1 + schedule)::text, 32, '0')::uuid, s.id,
    ARRAY[s.id], CASE WHEN turn % 3 = 2 THEN 'PENDING' ELSE 'CONFIRMED' END,
    starts_at, starts_at + interval '30 minutes', 'Europe/Berlin',
    to_char(starts_at + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS'), 'Consultation',
    'Room ' || schedule, 'in_person', 'Attendee ' || turn,
    'attendee' || turn * 7 + schedule || '@example.com', '+49 30 ' || 100000 + turn,
    '{"order": 1234, "channel": "website"}', 'api', now(), now(),
    ' attendee ' || turn || ' attendee' || turn * 7 + schedule || '@example.com consultation 4930'
        || 100000 + turn
FROM generate_series($2, $5 - 1) AS turn, generate_series(0, $1 - 1) AS schedule
JOIN schedules s ON s.id = lpad(schedule::text, 32, '0')::uuid, LATERAL (
    SELECT $3::timestamptz + make_interval(
        days => turn % $4, hours => 6, mins => 30 * ((turn / $4 * 13 + schedule) % 28))
        AS starts_at) placed
ORDER BY turn, schedule
"""
OCCUPANCY_ROWS: Final = """
INSERT INTO occupancies
    (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT organization_id, schedule_id, id, id, start_time, tstzrange(start_time, end_time)
FROM bookings ORDER BY id
"""
# As the triggers would have.
MARK_ROWS: Final = """
INSERT INTO calendar_marks (organization_id, schedule_id, lane, mark)
SELECT organization_id, id, 0, (random() * 9007199254740992)::bigint FROM schedules
"""
FOR_BULK: Final = (
    # No look-up of each row's schedule, and no trigger.
    "SET session_replication_role = replica",
    "SET maintenance_work_mem = '512MB'",
    "SET work_mem = '256MB'",
)
# What goes on at once: few enough to leave the machine to others as well.
PARTS: Final = 4
SETTLE: Final = ("VACUUM (ANALYZE)", "CHECKPOINT")
INDEXES: Final = """
SELECT 'DROP INDEX ' || indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY($1::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL
SELECT format('ALTER TABLE %s DROP CONSTRAINT %s', conrelid::regclass, conname),
    pg_get_indexdef(conindid)
FROM pg_constraint WHERE conrelid = ANY($1::text[]::regclass[]) AND contype = 'x'
"""
# A constraint that is added looks at each row's neighbours, an hour for ten million. As these lie
# apart, its index is made as any other is, and the constraint is noted as it was.
EXCLUSIONS: Final = """
SELECT to_jsonb(c)::text FROM pg_constraint c
WHERE conrelid = ANY($1::text[]::regclass[]) AND contype = 'x'
"""
NOTE_EXCLUSION: Final = """
WITH noted AS (
    INSERT INTO pg_constraint
    SELECT (jsonb_populate_record(NULL::pg_constraint, kept || jsonb_build_object(
        'conindid', (kept ->> 'conname')::regclass::oid::bigint))).*
    FROM (SELECT $1::text::jsonb AS kept) kept RETURNING oid, conindid),
marked AS (
    UPDATE pg_index SET indisexclusion = true FROM noted WHERE indexrelid = noted.conindid)
INSERT INTO pg_depend
SELECT 'pg_class'::regclass, conindid, 0, 'pg_constraint'::regclass, oid, 0, 'i' FROM noted
"""


async def fill(context: Context, world: BenchWorld) -> None:
    """Fills a migrated, empty database."""
    template = await set_up_organization(
        context, "Template", "admin@example.com", "correct horse battery"
    )
    hashes = [hash_of(key_of(number)) for number in range(world.organizations)]
    owner = template.organization_id
    await run_side_by_side(context, [(ORGANIZATION_ROWS, owner, world.organizations, hashes)])
    await run_side_by_side(context, [(SCHEDULE_ROWS, world.schedules, world.schedules_each)])
    await run_side_by_side(context, [(MARK_ROWS,)])
    async with without_indexes(context, "bookings", "occupancies"):
        turns = [world.bookings_each * part // PARTS for part in range(PARTS + 1)]
        await run_side_by_side(
            context,
            [
                (BOOKING_ROWS, world.schedules, first, FIRST_DAY, DAYS, last)
                for first, last in pairwise(turns)
            ],
        )
        await run_side_by_side(context, [(OCCUPANCY_ROWS,)])


async def fill_fewest(context: Context, _world: BenchWorld) -> None:
    """What the fewest statements work on, beside that."""
    await run_side_by_side(context, [(FEWEST,)])


async def settle(context: Context) -> None:
    """Leaves the database as autovacuum leaves one that has been running for a while."""
    async with context.database.connection() as connection:
        for sql in SETTLE:
            await connection.execute(sql)


async def run_side_by_side(context: Context, statements: Sequence[tuple[Any, ...]]) -> None:
    """Statements with their arguments, each in a transaction of its own, a few at a time."""
    turns = asyncio.Semaphore(PARTS)

    async def run_one(sql: str, *arguments: Any) -> None:
        async with turns, context.database.connection() as connection:
            for setting in FOR_BULK:
                await connection.execute(setting)
            await connection.execute(sql, *arguments)

    async with asyncio.TaskGroup() as group:
        for statement in statements:
            group.create_task(run_one(*statement))


@asynccontextmanager
async def without_indexes(context: Context, *tables: str) -> AsyncIterator[None]:
    """Made anew behind the rows, which takes minutes instead of an hour."""
    async with context.database.connection() as connection:
        indexes = await connection.fetch(INDEXES, tables)
        exclusions = await connection.fetch(EXCLUSIONS, tables)
        for drop, _ in indexes:
            await connection.execute(drop)
    yield
    await run_side_by_side(context, [(create,) for _, create in indexes])
    await run_side_by_side(context, [(NOTE_EXCLUSION, kept) for (kept,) in exclusions])
