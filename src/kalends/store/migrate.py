"""Migrates the schema under an advisory lock, so that any number of processes may try at once."""

import asyncio
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from kalends.store.connection import connect
from kalends.store.database_url import ConnectParameters
from kalends.store.revisions import (
    MIGRATIONS,
    OLDEST_POSTGRESQL,
    MigrationError,
    newest_revision,
    too_new,
    too_old,
)

MIGRATION_LOCK: Final = 0x6B616C656E6473
LOCK_POLL_SECONDS: Final = 0.1


async def migrate(parameters: ConnectParameters) -> str:
    """Migrates to the newest revision and returns it. Running it twice changes nothing.

    Raises MigrationError.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(parameters),
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_check_postgresql)
            await _take_turn(connection)
            await connection.run_sync(_upgrade_locked)
        return newest_revision()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError, OSError) as error:
        reason = (str(error).splitlines() or ["the connection broke"])[0]
        raise MigrationError(f"The schema could not be brought up to date: {reason}") from error
    finally:
        await engine.dispose()


async def _take_turn(connection: AsyncConnection) -> None:
    """Takes the lock, by trying repeatedly instead of waiting in a statement. Creating an index
    concurrently waits for all running statements, so the two would wait for each other."""
    while True:
        taken = await connection.scalar(text(f"SELECT pg_try_advisory_lock({MIGRATION_LOCK})"))
        await connection.commit()
        if taken:
            return
        await asyncio.sleep(LOCK_POLL_SECONDS)


def _check_postgresql(connection: Connection) -> None:
    major = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    if major < OLDEST_POSTGRESQL:
        raise too_old(major)
    connection.commit()


def _upgrade_locked(connection: Connection) -> None:
    try:
        _check_not_newer(connection)
        command.upgrade(_config(connection), "head")
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
        connection.commit()


def _check_not_newer(connection: Connection) -> None:
    revisions = {
        script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    }
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in revisions:
        raise too_new(current)
    connection.rollback()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    attributes: dict[Any, Any] = config.attributes
    attributes["connection"] = connection
    return config
