"""Channels on which providers say that a calendar has changed.

Locks: `calendars` for the moment that columns without default take. Servers of the version before
go on beside it: they open no channels, and pass over what came on one while they read.
"""

from kalends.store.migrations import plain

revision = "0040"
down_revision = "0039"

# `watch_after` is when a channel is asked for next, where there is none that lasts; `nudged_at` is
# set where something came while the calendar was being read.
CALENDARS = """
ALTER TABLE calendars ADD COLUMN IF NOT EXISTS watch_after timestamptz,
    ADD COLUMN IF NOT EXISTS nudged_at timestamptz
"""
CHANNELS = """
CREATE TABLE IF NOT EXISTS calendar_channels (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    resource text,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, token_hash),
    FOREIGN KEY (organization_id, calendar_id)
        REFERENCES calendars (organization_id, id) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(CALENDARS)
    plain.execute(CHANNELS)
    plain.create_index(
        "calendar_channels_of_calendar", "ON calendar_channels (organization_id, calendar_id)"
    )
