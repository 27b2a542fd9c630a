"""Whether and where the organization's page lists an event type.

Locks: `event_types` for the moment that columns with constant defaults take (no rewrite). A server
of the version before neither reads nor writes them: it lists all, in the order of their creation.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0034"
down_revision = "0033"

VISIBILITY = """
ALTER TABLE event_types ADD COLUMN IF NOT EXISTS visibility text NOT NULL DEFAULT 'public'
"""
POSITION = "ALTER TABLE event_types ADD COLUMN IF NOT EXISTS position integer"


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(VISIBILITY)
        execute_briefly(POSITION)
