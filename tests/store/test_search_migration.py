"""Bookings are found that were there before, and those that an older server writes meanwhile."""

import asyncio

import asyncpg
import pytest
from tests.store.migrations import migrate_to
from tests.store.pg15 import Postgres15, pg15
from tests.store.test_migrations import BOOKING, ORGANIZATION, SCHEDULE, lease, old

from kalends.domain.ids import new_id
from kalends.store.bookings.search import find_patterns
from kalends.store.database import ConnectParameters
from kalends.store.embedded.server import EmbeddedPostgres
from kalends.store.migrate import migrate

__all__ = ["lease", "pg15"]
BEFORE = "0011"
MANY = """
INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, start_time,
    end_time, timezone, wall_clock, attendee_name, attendee_email, source, created_at, updated_at)
SELECT $1, gen_random_uuid(), $2, ARRAY[$2::uuid], 'CANCELLED', now(), now() + interval '1h',
    'UTC', '', 'Zoë ' || n, 'john@example.com', 'api', now(), now() FROM generate_series(1, 1201) n
"""
COUNT_MATCHES = (
    "SELECT count(*) FROM bookings WHERE organization_id = $1 AND search_text LIKE ALL($2)"
)


async def count_matches(db: asyncpg.Connection, text: str) -> int:
    patterns = [alternatives[0] for alternatives in await find_patterns(db, text)]
    count: int = await db.fetchval(COUNT_MATCHES, ORGANIZATION, patterns)
    return count


def test_every_booking_that_was_there_is_found(lease: EmbeddedPostgres) -> None:
    async def case() -> int:
        async with old(lease, BEFORE) as before:
            await before.db.execute(MANY, ORGANIZATION, SCHEDULE)
            await migrate(before.parameters)
            return await count_matches(before.db, "zoe")

    assert asyncio.run(case()) == 1201


def test_what_an_older_server_writes_meanwhile_is_found(lease: EmbeddedPostgres) -> None:
    """Its statements name their columns, and know nothing of the text."""

    async def case() -> tuple[list[int], int]:
        async with old(lease, BEFORE) as before:
            await before.db.execute(MANY, ORGANIZATION, SCHEDULE)
            migrating = asyncio.create_task(migrate(before.parameters))
            written = 0
            while not migrating.done():
                booking_id = new_id()
                await before.db.execute(BOOKING, ORGANIZATION, booking_id, SCHEDULE, "PENDING")
                await before.db.execute(
                    "UPDATE bookings SET attendee_name = 'Émile' WHERE id = $1", booking_id
                )
                written += 1
                await asyncio.sleep(0.005)
            await migrating
            counts = [await count_matches(before.db, text) for text in ("emile", "doe", "zoe")]
            return counts, written

    counts, written = asyncio.run(case())
    assert written > 0
    assert counts == [written, 0, 1201]


@pytest.mark.parametrize("text", ["ИВАН", "ΝΊΚΟΣ", "straße", "Ærøskøbing", "王小明"])
def test_postgresql_15_folds_the_same_in_any_locale(pg15: Postgres15, text: str) -> None:
    name = f"kalends_c_{abs(hash(text))}"
    pg15.psql("postgres", f"CREATE DATABASE {name} TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'")
    url = pg15.url.replace("/kalends_1?", f"/{name}?")

    async def case() -> list[str]:
        await migrate_to(ConnectParameters(dsn=url), "0012")
        db = await asyncpg.connect(url)
        forms = (text, text.lower(), text.upper(), text.title())
        folded = [await db.fetchval("SELECT search_folded($1)", form) for form in forms]
        await db.close()
        return folded

    [folded] = set(asyncio.run(case()))
    assert folded.isascii()
