"""Connections that are to go are found by an index, not by looking at all.

Locks: none that anybody waits for; `calendar_connections` is read once while it goes on being
written.
"""

from kalends.store.migrations.plain import create_index_concurrently, outside_transaction

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    with outside_transaction():
        create_index_concurrently(
            "calendar_connections_removing",
            "ON calendar_connections (updated_at) WHERE state = 'removing'",
        )
