"""Findings that were resolved long ago are found by an index, not by looking at all.

Locks: none that anybody waits for; `calendar_findings` is read once while it goes on being written.
"""

from kalends.store.migrations.plain import create_index_concurrently, outside_transaction

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    with outside_transaction():
        create_index_concurrently(
            "calendar_findings_resolved",
            "ON calendar_findings (resolved_at) WHERE resolved_at IS NOT NULL",
        )
