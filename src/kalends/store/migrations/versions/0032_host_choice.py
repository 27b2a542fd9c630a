"""Whether attendees choose with whom an appointment is.

Locks: `event_types` for the moment that a column with a constant default takes (no rewrite). A
server of the version before neither reads nor writes it, and lets nobody choose.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0032"
down_revision = "0031"

EVENT_TYPES = """
ALTER TABLE event_types ADD COLUMN IF NOT EXISTS host_choice text NOT NULL DEFAULT 'none'
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(EVENT_TYPES)
