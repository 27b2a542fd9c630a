"""A migration sends one statement a call: where tables lie on several nodes, no more are taken."""

import asyncio
from typing import Any

import pglast
import pytest

from kalends.store.database import ConnectParameters
from kalends.store.embedded.server import EmbeddedPostgres
from kalends.store.migrate import migrate
from kalends.store.migrations import plain

# No database was spread before this one, and what landed is never edited.
LAST_WITH_SEVERAL = "0021"


class Noting:
    """The driver's connection, which notes what it is to execute, with the revision by then."""

    def __init__(self, driver: Any, calls: list[tuple[str, str]]) -> None:
        self._driver = driver
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    async def execute(self, sql: str, *arguments: Any) -> Any:
        has_any = await self._driver.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
        query = "SELECT version_num FROM alembic_version"
        self._calls.append(((await self._driver.fetchval(query) if has_any else "") or "", sql))
        return await self._driver.execute(sql, *arguments)


@pytest.fixture
def calls(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    """What all migrations execute: the revision before each, and the text."""
    noted: list[tuple[str, str]] = []
    run = plain.run
    monkeypatch.setattr(plain, "run", lambda steps: run(lambda d: steps(Noting(d, noted))))
    data_dir = tmp_path_factory.mktemp("calls") / "data"
    with EmbeddedPostgres(data_dir, settings={"fsync": "off"}) as lease:
        asyncio.run(migrate(ConnectParameters(dsn=lease.url)))
    return noted


@pytest.mark.server  # it starts its own
def test_a_migration_sends_one_statement_a_call(calls: list[tuple[str, str]]) -> None:
    late = [sql for before, sql in calls if before >= LAST_WITH_SEVERAL]
    assert len(calls) > 40
    assert [sql for sql in late if len(pglast.parse_sql(sql)) != 1] == []
