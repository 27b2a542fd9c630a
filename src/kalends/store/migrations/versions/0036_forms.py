"""Which fields the form of an event type has, and where it leads after a booking.

Locks: `event_types` for the moment that columns with constant defaults take (no rewrite). A server
of the version before neither reads nor writes them: its form has all fields, and leads nowhere.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0036"
down_revision = "0035"

REDIRECT = "ALTER TABLE event_types ADD COLUMN IF NOT EXISTS redirect_url text"
FIELDS = """
ALTER TABLE event_types ADD COLUMN IF NOT EXISTS attendee_fields jsonb NOT NULL DEFAULT '{}'
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(REDIRECT)
        execute_briefly(FIELDS)
