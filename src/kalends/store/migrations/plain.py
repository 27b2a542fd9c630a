"""Plain SQL in a migration, as the driver itself runs it.

Through SQLAlchemy's dialect several statements in one call fail and `:x` becomes a parameter.
"""

from typing import Any

from alembic import op


def execute(sql: str) -> None:
    """Runs one or more statements in the migration's transaction."""
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # makes the dialect begin its transaction
    connection: Any = bind.connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(sql))
