"""`python -m bench.calendar_slots` (a minute): what calendars elsewhere cost slots.

Availability is read of one schedule and of twenty, of such with three calendars of 700 events each
and of such without, in turns: processor time of this process and of its one connection's backend.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

from bench import report
from bench.fill import FILLING
from bench.home import environ_of, folder_of
from bench.world import DAYS, FIRST_DAY, numbered
from kalends.cli.running import run
from kalends.compose import installation, migrate_now
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import set_up_organization
from kalends.settings import Settings
from kalends.store.availability.calendars import CalendarDetail, load_calendars
from kalends.store.database import TenantConnection

SCHEDULES: Final = 20
CALENDARS_EACH: Final = 3
EVENTS_EACH: Final = 700
ROUNDS: Final = 9
TIMES: Final = 60
# What three calendars may add, in milliseconds, by how many schedules are asked.
MOST_MS: Final = {1: 0.4, SCHEDULES: 4.0}
SPAN: Final = FIRST_DAY, FIRST_DAY + timedelta(days=DAYS)
# Those from the number SCHEDULES on read calendars.
SCHEDULE_ROWS: Final = """
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at, slug, color,
    reads_calendars, calendar_policy)
SELECT $1, lpad(n::text, 32, '0')::uuid, 'Room ' || n, 'Europe/Berlin', now(), now(), 'room-' || n,
    'blue', n >= $2, '{"close_after_hours": 24}'
FROM generate_series(0, 2 * $2 - 1) AS n
"""
CLAIM_ROWS: Final = """
INSERT INTO occupancies (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT $1, s.id, made.id, made.id, at, tstzrange(at, at + interval '30 minutes')
FROM schedules s, generate_series(0, 199) AS n,
    LATERAL (SELECT gen_random_uuid() AS id, $2::timestamptz + n * interval '100 minutes' AS at
        WHERE s.id IS NOT NULL) made
WHERE s.organization_id = $1
"""
CONNECTION_ROW: Final = """
INSERT INTO calendar_connections (organization_id, id, provider, state, created_at, updated_at)
VALUES ($1, $1, 'test', 'active', now(), now())
"""
CALENDAR_ROWS: Final = """
WITH made AS (
    INSERT INTO calendars (organization_id, id, connection_id, remote_id, name, access,
        known_until, last_synced_at, due_at, created_at)
    SELECT $1, lpad((s.n * $2 + c)::text, 32, '0')::uuid, $1, s.n || '-' || c, 'Personal', 'read',
        now() + interval '100 years', now() + interval '1 hour', now() + interval '1 day', now()
    FROM generate_series($3::integer, 2 * $3 - 1) AS s (n), generate_series(0, $2 - 1) AS c)
INSERT INTO schedule_calendars (organization_id, schedule_id, calendar_id, reads, writes,
    tentative_blocks, all_day_blocks, out_of_office_blocks)
SELECT $1, lpad(s.n::text, 32, '0')::uuid, lpad((s.n * $2 + c)::text, 32, '0')::uuid, true, false,
    true, false, true
FROM generate_series($3::integer, 2 * $3 - 1) AS s (n), generate_series(0, $2 - 1) AS c
"""
# Within 60 days around the span: a third of them meets it.
BUSY_ROWS: Final = """
INSERT INTO calendar_busy (organization_id, calendar_id, key, start_time, end_time)
SELECT c.organization_id, c.id, decode(md5(n::text), 'hex'), at, at + interval '45 minutes'
FROM calendars c, generate_series(0, $2 - 1) AS n,
    LATERAL (SELECT $3::timestamptz - interval '20 days' + n * interval '2 hours' AS at) placed
WHERE c.organization_id = $1
"""


@dataclass(frozen=True)
class ReadSchedules:
    """Of which schedules availability is read."""

    count: int
    reads_calendars: bool

    @property
    def schedule_ids(self) -> Sequence[UUID]:
        first = SCHEDULES if self.reads_calendars else 0
        return [numbered(number) for number in range(first, first + self.count)]


CASES: Final = tuple(ReadSchedules(count, reads) for count in MOST_MS for reads in (False, True))


def main() -> None:
    load_at_start = report.load_average()
    with folder_of("calendars") as folder:
        settings = Settings.from_environ(environ_of(folder / "data"))
        with installation(settings) as home:
            migrate_now(home)
            costs = run(home, _measure, FILLING)
    for count, most in MOST_MS.items():
        without, with_three = (costs[ReadSchedules(count, reads)] for reads in (False, True))
        more = median(b - a for a, b in zip(without, with_three, strict=True))
        print(
            f"{count} schedules: {median(without):.2f} ms, {more:+.2f} ms where each reads"
            f" {CALENDARS_EACH} calendars of {EVENTS_EACH} events (at most {most:+.1f})"
        )
    print(f"load {load_at_start:.1f} at the start, {report.load_average():.1f} at the end")


async def _measure(context: Context) -> dict[ReadSchedules, list[float]]:
    """Milliseconds of processor time of one reading, in each round."""
    made = await set_up_organization(context, "Bench", "admin@example.com", "correct horse battery")
    costs: dict[ReadSchedules, list[float]] = {case: [] for case in CASES}
    async with context.database.tenant_connection(made.organization_id) as tenant:
        await _fill(tenant.tx, made.organization_id)
        backend = await tenant.tx.fetchval("SELECT pg_backend_pid()")
        for _ in range(ROUNDS):
            for case in CASES:
                costs[case].append(await _cost_of(tenant, case, backend))
    # Before the first round's plans had settled.
    return {case: rounds[1:] for case, rounds in costs.items()}


async def _cost_of(tenant: TenantConnection, case: ReadSchedules, backend: int) -> float:
    before = time.process_time(), _backend_seconds(backend)
    for _ in range(TIMES):
        await load_calendars(
            tenant,
            case.schedule_ids,
            SPAN,
            datetime.now(UTC),
            (),
            detail=CalendarDetail.NONE,
            to_book=False,
        )
        await asyncio.sleep(0)
    own, theirs = time.process_time() - before[0], _backend_seconds(backend) - before[1]
    return (own + theirs) / TIMES * 1000


async def _fill(tx: Any, organization_id: UUID) -> None:
    await tx.execute(SCHEDULE_ROWS, organization_id, SCHEDULES)
    await tx.execute(CLAIM_ROWS, organization_id, FIRST_DAY)
    await tx.execute(CONNECTION_ROW, organization_id)
    await tx.execute(CALENDAR_ROWS, organization_id, CALENDARS_EACH, SCHEDULES)
    await tx.execute(BUSY_ROWS, organization_id, EVENTS_EACH, FIRST_DAY)
    await tx.execute("VACUUM (ANALYZE)")


def _backend_seconds(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    main()
