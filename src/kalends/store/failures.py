"""Translates the driver's errors to domain errors, so that no layer above imports the driver."""

import asyncio
from typing import Final

import asyncpg

from kalends.domain.errors import Unavailable

AWAY: Final = (
    OSError,
    TimeoutError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # raised if the connection is cut during a request
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
)
AWAY_SAID: Final = "The database cannot be reached just now. Please try again."
CHANGED_SAID: Final = "The database is being changed. Please try again."
RUN_AGAIN_ERRORS: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# Raised while somebody replaces the schema (a restore, a migration), or if there is none.
SCHEMA_CHANGED: Final = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedObjectError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
    asyncpg.InternalServerError,
)


class RunAgain(Unavailable):
    """A deadlock or serialization failure: the use case may simply be run again. If nobody does
    that, it counts as the database being unavailable."""

    def __init__(self) -> None:
        super().__init__("Too many changes at once on the same thing. Please try again.")


class RowHeld(Unavailable):
    """Somebody has held a lock for longer than we wait for it. The database itself works."""

    def __init__(self) -> None:
        super().__init__("Another change holds what this one needs. Please try again.")


class DiskFull(Unavailable):
    """The database cannot write any more, but can still read."""

    def __init__(self) -> None:
        super().__init__("The database's disk is full: nothing can be changed just now.")


def failure_of(error: BaseException) -> Unavailable | None:
    """The domain error that a failure of the database means; None for any other error, such as a
    wrong argument, which is a bug."""
    if isinstance(error, RUN_AGAIN_ERRORS):
        return RunAgain()
    if isinstance(error, asyncpg.LockNotAvailableError):
        return RowHeld()
    if isinstance(error, asyncpg.DiskFullError):
        return DiskFull()
    if isinstance(error, SCHEMA_CHANGED):
        return Unavailable(CHANGED_SAID)
    if isinstance(error, AWAY) and not isinstance(error, ValueError):
        return Unavailable(AWAY_SAID)
    return None


def failed_wait_of(error: BaseException) -> str | None:
    """`lock` or `disk`, if the failure was about that; None if it does not tell."""
    if isinstance(error, asyncpg.DiskFullError):
        return "disk"
    is_lock = isinstance(error, (asyncpg.LockNotAvailableError, *RUN_AGAIN_ERRORS))
    return "lock" if is_lock else None
