"""Plain SQL in a migration, as the driver itself runs it.

Through SQLAlchemy's dialect several statements in one call fail and `:x` becomes a parameter.

A migration runs beside servers that go on working. Whatever could keep them waiting is done
`outside_transaction`: each step there commits by itself, and waits for a lock only so briefly that
nobody queues up behind it. A migration that was cut off starts again from its beginning, so such
steps have to do no harm a second time.

What stands here is frozen, as migrations are: another statement needs another function.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final, TypeVar

import asyncpg
from alembic import op

T = TypeVar("T")

# Who asks for a lock makes all others wait behind it, so it is given up soon, and asked for again.
LOCK_WAIT: Final = "2s"
LOCK_TRIES: Final = 60
LOCK_PAUSE_SECONDS: Final = 1.0


def execute(sql: str) -> None:
    """Runs one or more statements in the migration's transaction."""
    op.get_bind().exec_driver_sql("SELECT 1")  # makes the dialect begin its transaction
    run(lambda driver: driver.execute(sql))


def outside_transaction() -> AbstractContextManager[None]:
    """A block whose steps commit one by one; what was done before it is committed first."""
    return op.get_context().autocommit_block()


def execute_briefly(*steps: str) -> None:
    """Runs statements that need a strong lock for a moment, each step in a transaction of its own,
    once nobody is in the way. Only `outside_transaction`.

    Raises asyncpg.LockNotAvailableError where the lock was not to be had within some minutes.
    """
    for step in steps:
        run(partial(_execute_briefly, sql=step))


def add_columns(table: str, *columns: str) -> None:
    """Adds columns that need no row written (null, or of a constant default), one at a time, each
    with a lock on the table for a moment. Only `outside_transaction`."""
    execute_briefly(
        *(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}" for column in columns)
    )


def check_values(table: str, column: str, *values: str) -> None:
    """Has a column take these values only, in place of those that its table was created with. The
    table is locked for a moment; it is read as a whole while everybody goes on reading and writing.
    Only `outside_transaction`."""
    listed = ", ".join(f"'{value}'" for value in values)
    execute_briefly(f"""
ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_{column}_check,
    DROP CONSTRAINT IF EXISTS {table}_{column}_known,
    ADD CONSTRAINT {table}_{column}_known
        CHECK ({column} IN ({listed})) NOT VALID;
""")
    valid = f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_{column}_known"
    run(lambda driver: driver.execute(valid))


def create_index(name: str, definition: str) -> None:
    """Creates an index of a table that is new, or small. `definition` begins with `ON`."""
    execute(f"CREATE INDEX IF NOT EXISTS {name} {definition}")


def create_index_concurrently(name: str, definition: str) -> None:
    """Creates an index while everybody goes on writing; what an attempt that was cut off has left
    is replaced. `definition` begins with `ON`. Only `outside_transaction`."""
    run(lambda driver: driver.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
    run(lambda driver: driver.execute(f"CREATE INDEX CONCURRENTLY {name} {definition}"))


def create_unique_index_concurrently(name: str, definition: str) -> None:
    """The same for a unique index."""
    run(lambda driver: driver.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
    run(lambda driver: driver.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} {definition}"))


def update_all(some: str) -> None:
    """Runs an UPDATE of some rows again and again, until none is left for it, each in a transaction
    of its own. Only `outside_transaction`."""
    run(lambda driver: _update_all(driver, some))


def run(steps: Callable[[Any], Awaitable[T]]) -> T:
    """Runs steps on the driver's connection, where a migration needs more than SQL."""
    connection: Any = op.get_bind().connection.dbapi_connection
    result: T = connection.run_async(steps)
    return result


async def _execute_briefly(driver: Any, sql: str) -> None:
    for left in reversed(range(LOCK_TRIES)):
        try:
            async with driver.transaction():
                await driver.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
                await driver.execute(sql)
        except asyncpg.LockNotAvailableError:
            if not left:
                raise
            await asyncio.sleep(LOCK_PAUSE_SECONDS)
        else:
            return


async def _update_all(driver: Any, some: str) -> None:
    while await driver.execute(some) != "UPDATE 0":
        pass
