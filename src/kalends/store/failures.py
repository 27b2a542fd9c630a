"""What the driver raises, as words of the domain; nothing above imports the driver."""

import asyncio
from typing import Final

import asyncpg

from kalends.domain.errors import Unavailable

AWAY: Final = (
    OSError,
    TimeoutError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that was cut while it was asked
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
# Somebody replaces the schema (a restore, a migration), or there is none.
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
    """A deadlock or serialization failure: the use case may simply run again. Where nobody does
    that, it is one of the times when the database does not serve."""

    def __init__(self) -> None:
        super().__init__("Too many changes at once on the same thing. Please try again.")


class RowHeld(Unavailable):
    """Somebody holds what was waited for, for longer than is waited. The database is well."""

    def __init__(self) -> None:
        super().__init__("Another change holds what this one needs. Please try again.")


class DiskFull(Unavailable):
    """The database cannot write, and still reads."""

    def __init__(self) -> None:
        super().__init__("The database's disk is full: nothing can be changed just now.")


def failure_of(error: BaseException) -> Unavailable | None:
    """What a failure of the database means; None for anything else, as a wrong argument, which is
    our mistake."""
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
    """`lock` or `disk`, where it was that; None where the failure does not say what it was."""
    if isinstance(error, asyncpg.DiskFullError):
        return "disk"
    is_lock = isinstance(error, (asyncpg.LockNotAvailableError, *RUN_AGAIN_ERRORS))
    return "lock" if is_lock else None
