"""Syncs of calendars that somebody has asked for, and which of them a calendar is read for.

Locks: the new column of `calendars` has no default, so its lock is held for a moment. Servers of
the version before go on beside it: what they read counts for no sync, which then waits for the next
reading.
"""

from kalends.store.migrations import plain

revision = "0028"
down_revision = "0027"

SYNCS = """
CREATE TABLE IF NOT EXISTS calendar_syncs (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    calendars_total integer NOT NULL,
    calendars_read integer NOT NULL DEFAULT 0,
    calendars_failed integer NOT NULL DEFAULT 0,
    events_changed integer NOT NULL DEFAULT 0,
    events_removed integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, connection_id)
        REFERENCES calendar_connections (organization_id, id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    with plain.outside_transaction():
        # It is set until the calendar has been read for that sync.
        plain.add_columns("calendars", "sync_id uuid")
    plain.execute(SYNCS)
    plain.create_index(
        "calendar_syncs_of_connection", "ON calendar_syncs (organization_id, connection_id)"
    )
