"""Which fields the form of an event type has, and where it leads after a booking.

Locks: `event_types` for the moment that columns with constant defaults take (no rewrite). A server
of the version before neither reads nor writes them: its form has all fields, and leads nowhere.
"""

from kalends.store.migrations.plain import add_columns, outside_transaction

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    with outside_transaction():
        add_columns(
            "event_types", "redirect_url text", "attendee_fields jsonb NOT NULL DEFAULT '{}'"
        )
