"""Whether attendees choose with whom an appointment is.

Locks: `event_types` for the moment that a column with a constant default takes (no rewrite). A
server of the version before neither reads nor writes it, and lets nobody choose.
"""

from kalends.store.migrations.plain import add_columns, outside_transaction

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    with outside_transaction():
        add_columns("event_types", "host_choice text NOT NULL DEFAULT 'none'")
