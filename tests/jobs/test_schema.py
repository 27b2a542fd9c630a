"""The queue's tables are those that the installed PgQueuer wants, and they are durable."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.adapters.persistence.queries import Queries

from kalends.compose import Installation
from kalends.jobs.worker import QUEUE_SETTINGS, run_jobs
from kalends.store.database import ConnectParameters
from kalends.store.jobs import NewJob, enqueue_jobs
from kalends.store.migrate import migrate
from kalends.store.revisions import newest_revision
from tests.jobs.workers import JOBS, QUICK, context_for, eventually
from tests.store.pg15 import Postgres15, pg15

__all__ = ["pg15"]


@pytest.fixture
async def connection(home: Installation) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(home.parameters.dsn)
    yield connection
    await connection.close()


async def test_the_installed_pgqueuer_wants_no_other_tables(connection: asyncpg.Connection) -> None:
    """Fails when the pin moves to a version with another schema: write a migration of its plan
    (docs/decisions/0004-jobs.md)."""
    queries = Queries(AsyncpgDriver(connection), QueryBuilderEnvironment(QUEUE_SETTINGS))
    plan = await queries.plan_upgrade()
    assert list(plan.statements) == []


async def test_jobs_survive_a_crash(connection: asyncpg.Connection) -> None:
    """A table of which a crash leaves nothing has the persistence 'u'."""
    query = "SELECT DISTINCT relpersistence FROM pg_class WHERE relname ~ 'pgqueuer'"
    assert await connection.fetch(query) == [(b"p",)]


async def test_several_may_migrate_at_once_and_jobs_run_on_postgresql_15(pg15: Postgres15) -> None:
    url = pg15.new_database()
    revisions = await asyncio.gather(*(migrate(ConnectParameters(dsn=url)) for _ in range(4)))
    assert revisions == [newest_revision()] * 4

    context = context_for(url)
    running = asyncio.create_task(run_jobs(context, JOBS, {}, QUICK))
    async with context.database.transaction() as tx:
        await tx.execute("CREATE TABLE job_notes (note text)")
        await enqueue_jobs(tx, [NewJob("test.note", b"") for _ in range(10)])

    async def all_ran() -> bool:
        async with context.database.connection() as tx:
            return bool(await tx.fetchval("SELECT count(*) = 10 FROM job_notes"))

    await eventually(all_ran)
    running.cancel()
    await asyncio.wait([running])
    await context.database.close()
