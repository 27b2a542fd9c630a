"""What PostgreSQL itself counted: pages by statement, rows by table and index."""

import asyncio
from typing import Any, Final

import asyncpg

from kalends.store.embedded.server import EmbeddedPostgres

STATISTICS: Final = {"shared_preload_libraries": "pg_stat_statements"}
BEGIN: Final = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"
FORGET: Final = "SELECT pg_stat_statements_reset()"
PAGES: Final = """
SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint FROM pg_stat_statements
WHERE query NOT LIKE '%pg_stat%' AND query NOT LIKE '%typeinfo%'
"""
# Entries of indexes that were given out, and rows of tables that were read through.
ROWS: Final = """
SELECT (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes)::bigint
    + (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables)::bigint
"""


def begin(database: EmbeddedPostgres) -> None:
    """Makes it count."""
    _ask(database, BEGIN)


def forget_pages(database: EmbeddedPostgres) -> None:
    _ask(database, FORGET)


def count_pages(database: EmbeddedPostgres) -> int:
    """Touched since they were forgotten, in memory or not."""
    return int(_ask(database, PAGES))


def count_rows(database: EmbeddedPostgres) -> int:
    """Looked at ever, by connections that have ended."""
    return int(_ask(database, ROWS))


def _ask(database: EmbeddedPostgres, sql: str) -> Any:
    async def once() -> Any:
        connection = await asyncpg.connect(database.url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(once())
