"""Revisions of the schema: which one is needed, and the errors about one that does not fit.

This is separate from `migrate.py`, because Alembic and SQLAlchemy take as long to import as all the
rest of Kalends, and are only needed if there is something to migrate.
"""

from pathlib import Path
from typing import Final

from kalends.domain.failures import OperatorError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
OLDEST_POSTGRESQL: Final = 15


class MigrationError(OperatorError):
    """The schema cannot be brought up to date; the message says what to do."""


def newest_revision() -> str:
    """The revision that this version of Kalends needs; its file is named after it."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]


def too_new(revision: str) -> MigrationError:
    """The error about a schema of a later Kalends, which says what to do."""
    return MigrationError(
        f"The database is at revision {revision}, which this version of Kalends does not "
        "know: it was migrated by a newer one. Run that version, or restore a backup."
    )


def too_old(major: int) -> MigrationError:
    """The error about a PostgreSQL that is too old, which says what to do."""
    return MigrationError(
        f"This is PostgreSQL {major}; Kalends needs {OLDEST_POSTGRESQL} or newer."
    )
