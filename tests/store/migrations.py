"""A database as an older release left it: migrated to a revision and no further."""

import asyncpg
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from kalends.store.database import ConnectParameters
from kalends.store.migrate import _config


async def migrate_to(parameters: ConnectParameters, revision: str) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(**parameters.as_arguments()),
        poolclass=NullPool,
    )
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), revision))
        await connection.commit()
    await engine.dispose()
