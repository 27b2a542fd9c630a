"""Calendars elsewhere: connections, what they hold, which schedules read and write them, busy time.

Locks: the new columns of `schedules` have constant defaults, so its lock is held for a moment (no
rewrite). All else is new. Servers of the version before go on beside it: they write schedules
without these columns, and read no calendar; while one of them answers, time that is busy in a
calendar can be booked through it.
"""

from kalends.store.migrations.plain import execute, execute_briefly, outside_transaction

revision = "0020"
down_revision = "0019"

# `reads_calendars` is kept so that slots of schedules without calendars ask no other table.
SCHEDULES = """
ALTER TABLE schedules ADD COLUMN IF NOT EXISTS user_id uuid,
    ADD COLUMN IF NOT EXISTS calendar_policy jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS reads_calendars boolean NOT NULL DEFAULT false;
"""

# `sealed` holds what signs in, as JSON. What answers late, of an earlier `generation`, is dropped.
CONNECTIONS = """
CREATE TABLE IF NOT EXISTS calendar_connections (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    id uuid NOT NULL,
    user_id uuid,
    provider text NOT NULL CHECK (provider IN ('caldav', 'ics', 'google', 'microsoft', 'test')),
    account text,
    url text,
    sealed bytea,
    state text NOT NULL CHECK
        (state IN ('reading', 'active', 'reconnect', 'failing', 'paused', 'removing')),
    reason text,
    generation integer NOT NULL DEFAULT 1,
    failures integer NOT NULL DEFAULT 0,
    last_synced_at timestamptz,
    stale_since timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, id)
);
"""
# `known_until` is null until the first reading is done. `due_at` is when it is read again; while it
# is being read, when somebody else may take it over.
CALENDARS = """
CREATE TABLE IF NOT EXISTS calendars (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    remote_id text NOT NULL,
    name text NOT NULL,
    timezone text,
    access text NOT NULL CHECK (access IN ('freebusy', 'read', 'write')),
    is_transparent boolean NOT NULL DEFAULT false,
    progress text,
    known_until timestamptz,
    last_synced_at timestamptz,
    compared_at timestamptz,
    events_total integer NOT NULL DEFAULT 0,
    unreadable_total integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    leased_by uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, connection_id, remote_id),
    FOREIGN KEY (organization_id, connection_id)
        REFERENCES calendar_connections (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS calendars_due ON calendars (due_at);
CREATE TABLE IF NOT EXISTS schedule_calendars (
    organization_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    reads boolean NOT NULL,
    writes boolean NOT NULL,
    tentative_blocks boolean NOT NULL,
    all_day_blocks boolean NOT NULL,
    out_of_office_blocks boolean NOT NULL,
    PRIMARY KEY (organization_id, schedule_id, calendar_id),
    FOREIGN KEY (organization_id, schedule_id) REFERENCES schedules (organization_id, id),
    FOREIGN KEY (organization_id, calendar_id)
        REFERENCES calendars (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS schedule_calendars_written
    ON schedule_calendars (organization_id, schedule_id) WHERE writes;
CREATE INDEX IF NOT EXISTS schedule_calendars_of_calendar
    ON schedule_calendars (organization_id, calendar_id);
"""
# An event is known by a hash of where it lies; nothing of what it says is kept but its times
# (`shape`), so that busy time farther ahead is found without reading it again. `own_id` is the
# booking, or the claim of the session, that we have written it for.
EVENTS = """
CREATE TABLE IF NOT EXISTS calendar_events (
    organization_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    key bytea NOT NULL,
    ref text NOT NULL,
    etag text,
    uid_hash bytea,
    own_id uuid,
    own_event_type_id uuid,
    own_starts_at timestamptz,
    shape bytea NOT NULL,
    PRIMARY KEY (organization_id, calendar_id, key),
    FOREIGN KEY (organization_id, calendar_id)
        REFERENCES calendars (organization_id, id) ON DELETE CASCADE
);
"""
# No row is longer than a day, so that those that meet a time lie in one range of the index.
BUSY = """
CREATE TABLE IF NOT EXISTS calendar_busy (
    organization_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    key bytea NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    is_tentative boolean NOT NULL DEFAULT false,
    is_all_day boolean NOT NULL DEFAULT false,
    is_out_of_office boolean NOT NULL DEFAULT false,
    own_id uuid,
    own_event_type_id uuid,
    own_starts_at timestamptz,
    CHECK (start_time < end_time AND end_time <= start_time + interval '1 day'),
    FOREIGN KEY (organization_id, calendar_id)
        REFERENCES calendars (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS calendar_busy_in_order
    ON calendar_busy (organization_id, calendar_id, start_time)
    INCLUDE (end_time, is_tentative, is_all_day, is_out_of_office);
CREATE INDEX IF NOT EXISTS calendar_busy_of_event
    ON calendar_busy (organization_id, calendar_id, key);
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(SCHEDULES)
    for statements in (CONNECTIONS, CALENDARS, EVENTS, BUSY):
        execute(statements)
