"""Finds out which database the connection parameters lead to, or why they lead to none."""

from typing import Final
from urllib.parse import urlsplit

import asyncpg
from msgspec import Struct

from kalends.domain.failures import OperatorError
from kalends.store.connection import CONNECT_SECONDS, connect
from kalends.store.database_url import ConnectParameters

SEEN: Final = """
SELECT current_setting('server_version'), current_setting('server_version_num')::integer,
    current_setting('server_encoding'), to_regclass('public.alembic_version') IS NOT NULL
"""
REVISION: Final = "SELECT version_num FROM public.alembic_version"


class UnreachableError(OperatorError):
    """The database cannot be used; the text is a sentence that says what to do about it."""


class DatabaseInfo(Struct, frozen=True):
    """The database that answers. `revision` is that of its schema; None if it has none."""

    version: str
    version_number: int
    encoding: str
    revision: str | None

    @property
    def major(self) -> int:
        return self.version_number // 10_000


async def inspect_database(parameters: ConnectParameters) -> DatabaseInfo:
    """Connects once. Raises UnreachableError."""
    try:
        connection = await connect(parameters, command_timeout=CONNECT_SECONDS)
        try:
            version, number, encoding, has_schema = await connection.fetchrow(SEEN)
            revision = await connection.fetchval(REVISION) if has_schema else None
        finally:
            await connection.close(timeout=1)
    except asyncpg.PostgresError as error:
        raise UnreachableError(_refusal(parameters, error)) from error
    except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
        raise UnreachableError(
            f"The database at {_place(parameters)} cannot be reached ({_silence(error)}). "
            "Is PostgreSQL running there, and is KALENDS_DATABASE_URL right?"
        ) from error
    except ValueError as error:
        raise UnreachableError(
            "KALENDS_DATABASE_URL cannot be read as a URL; special characters in a password "
            "have to be written as %XX."
        ) from error
    return DatabaseInfo(version, number, encoding, revision)


def _silence(error: Exception) -> str:
    """Why there was no answer. A timeout is an OSError too, and has no message of its own."""
    if isinstance(error, asyncpg.ClientConfigurationError):
        return "the URL is not as libpq describes it"
    words = str(error).splitlines() if isinstance(error, OSError) else []
    return words[0] if words else "no answer in time; it may hang"


def _refusal(parameters: ConnectParameters, error: asyncpg.PostgresError) -> str:
    reason = str(error).splitlines()[0]
    return f"The database at {_place(parameters)} refuses Kalends: {reason}."


def _place(parameters: ConnectParameters) -> str:
    """Host and port of the database, without the password."""
    try:
        parts = urlsplit(parameters.dsn or "")
        return parts.netloc.rpartition("@")[2] or str(parameters.host or "its socket")
    except ValueError:
        return "KALENDS_DATABASE_URL"
