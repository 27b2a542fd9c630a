"""Connections are used again, unless something was left on them."""

from asyncio import timeout
from collections.abc import AsyncIterator

import pytest

from kalends.compose import Installation
from kalends.domain.errors import Unavailable
from kalends.store.connection_pool import SLOW_USE_SECONDS
from kalends.store.database import SESSION, ConnectionLimits, Database, Tx

BACKEND = "SELECT pg_backend_pid()"
# Its commits take longer than a use of a connection may.
SLOWLY_KEPT = """
CREATE TEMP TABLE slowly_kept (word text);
CREATE FUNCTION pg_temp.take_time() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_sleep(2.3); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER takes_time AFTER INSERT ON slowly_kept DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pg_temp.take_time();
"""
YOUNG_TABLE = """
CREATE TEMP TABLE young (id integer PRIMARY KEY, word text);
INSERT INTO young VALUES (0, 'first');
ANALYZE young;
SET plan_cache_mode = force_generic_plan;
PREPARE one (integer) AS SELECT * FROM young WHERE id = $1;
"""
GROWN = "INSERT INTO young SELECT id, 'more' FROM generate_series(1, 20000) id"

pytestmark = pytest.mark.server


@pytest.fixture
async def database(home: Installation) -> AsyncIterator[Database]:
    database = Database(home.parameters, 2)
    yield database
    await database.close()


async def backend_of(database: Database) -> int:
    async with database.connection() as tx:
        backend: int = await tx.fetchval(BACKEND)
        return backend


async def test_the_connection_that_was_used_last_is_used_again(database: Database) -> None:
    first = await backend_of(database)
    async with database.connection(), database.connection() as other:
        second = await other.fetchval(BACKEND)
    assert await backend_of(database) == first != second


async def test_a_cancelled_statement_leaves_its_connection_usable(database: Database) -> None:
    before = await backend_of(database)
    with pytest.raises(TimeoutError):
        async with timeout(0.1), database.connection() as tx:
            await tx.execute("SELECT pg_sleep(60)")
    assert await backend_of(database) == before


async def test_a_transaction_that_was_left_open_ends_with_its_connection(
    database: Database,
) -> None:
    before = await backend_of(database)
    async with database.connection() as tx:
        await tx.execute("BEGIN")
    assert await backend_of(database) != before


async def test_no_connection_outlives_a_change_of_the_schema(database: Database) -> None:
    before = await backend_of(database)
    with pytest.raises(Unavailable):
        async with database.connection() as tx:
            await tx.execute("SELECT FROM of_yesterday")
    assert await backend_of(database) != before


async def test_a_closed_database_opens_no_connection(database: Database) -> None:
    await database.close()
    with pytest.raises(Unavailable):
        await backend_of(database)


async def test_a_commit_that_takes_long_is_waited_for(home: Installation) -> None:
    database = Database(home.parameters, 1, ConnectionLimits(2.0, SESSION))
    async with database.connection() as tx:
        await tx.execute(SLOWLY_KEPT)
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO slowly_kept VALUES ('there')")
    async with database.connection() as tx:
        assert await tx.fetchval("SELECT word FROM slowly_kept") == "there"
    await database.close()


async def test_a_plan_for_an_empty_table_ends_with_a_slow_use(home: Installation) -> None:
    database = Database(home.parameters, 1)
    async with database.connection() as tx:
        await tx.execute(YOUNG_TABLE)
        assert "Seq Scan" in await plan_of_one(tx)
        await tx.execute(GROWN)
        assert "Seq Scan" in await plan_of_one(tx)
    async with database.connection() as tx:
        assert "Seq Scan" in await plan_of_one(tx)
        await tx.execute(f"SELECT pg_sleep({2 * SLOW_USE_SECONDS})")
    async with database.connection() as tx:
        assert "Index Scan" in await plan_of_one(tx)
    await database.close()


async def plan_of_one(tx: Tx) -> str:
    return str((await tx.fetch("EXPLAIN EXECUTE one (1)"))[0][0])
