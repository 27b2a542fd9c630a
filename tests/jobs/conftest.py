"""A context on the real database, and a table in which the tests' jobs write what they did."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from kalends.compose import Installation
from kalends.runtime.unit_of_work import Context
from tests.homes import BESIDE

Notes = Callable[[], Awaitable[list[str]]]


@pytest.fixture
async def context(home: Installation) -> AsyncIterator[Context]:
    context = home.context(BESIDE)
    yield context
    await context.database.close()


@pytest.fixture
async def notes(context: Context) -> AsyncIterator[Notes]:
    """What the jobs of this test wrote down. Nothing is left of them afterwards."""
    async with context.database.connection() as tx:
        await tx.execute("CREATE TABLE job_notes (note text NOT NULL)")

    async def read() -> list[str]:
        async with context.database.connection() as tx:
            return [row["note"] for row in await tx.fetch("SELECT note FROM job_notes")]

    yield read
    async with context.database.connection() as tx:
        await tx.execute("DROP TABLE job_notes; DELETE FROM pgqueuer WHERE entrypoint ~ '^test'")
