"""The first schema: tenants and keys, schedules, event types, bookings, occupancies, events."""

from kalends.store.migrations.plain import execute

revision = "0001"
down_revision = None

TENANTS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL UNIQUE,
    timezone text NOT NULL,
    notify_email text,
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    twin_id uuid REFERENCES organizations DEFERRABLE INITIALLY DEFERRED,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX organizations_name ON organizations (name) WHERE mode = 'live';

-- One row an organization, updated by every change: its own table, mostly empty pages, so that
-- the update stays on its page (HOT) and is the last and shortest lock of a transaction.
CREATE TABLE event_counters (
    organization_id uuid PRIMARY KEY REFERENCES organizations,
    last_number bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE memberships (
    organization_id uuid NOT NULL REFERENCES organizations,
    user_id uuid NOT NULL REFERENCES users,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE api_keys (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text,
    key_hash bytea NOT NULL UNIQUE,
    last_four text NOT NULL,
    scopes text[] NOT NULL,
    rate_limited boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (organization_id, id)
);
"""

WHAT_CAN_BE_BOOKED = """
CREATE TABLE schedules (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL,
    description text,
    timezone text NOT NULL,
    availability jsonb,
    overrides jsonb NOT NULL DEFAULT '{}',
    booking_limits jsonb NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE busy_times (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    reason text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, schedule_id) REFERENCES schedules,
    CHECK (start_time < end_time)
);
CREATE INDEX busy_times_during ON busy_times
    USING gist (organization_id, schedule_id, tstzrange(start_time, end_time));
CREATE INDEX busy_times_listed ON busy_times (organization_id, schedule_id, start_time, id);

CREATE TABLE event_types (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    description text,
    duration_minutes integer NOT NULL,
    slot_step_minutes integer,
    buffer_before_minutes integer NOT NULL,
    buffer_after_minutes integer NOT NULL,
    min_notice_minutes integer,
    max_days_ahead integer,
    max_per_day integer,
    capacity integer NOT NULL,
    requires_confirmation boolean NOT NULL,
    requirements jsonb NOT NULL,
    location text,
    location_type text,
    questions jsonb NOT NULL,
    reminders_minutes_before integer[] NOT NULL,
    cancellation_notice_minutes integer,
    expire_pending boolean NOT NULL,
    complete_after_minutes integer,
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX event_types_slug ON event_types (organization_id, slug)
    WHERE deleted_at IS NULL;
"""

BOOKINGS = """
-- answers and metadata are json, not jsonb: they are given back as they came (jsonb spells 1e300
-- out in 301 digits), and nothing asks inside them.
CREATE TABLE bookings (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    schedule_ids uuid[] NOT NULL,
    event_type_id uuid,
    status text NOT NULL
        CHECK (status IN ('PENDING', 'CONFIRMED', 'CANCELLED', 'COMPLETED', 'NO_SHOW')),
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    timezone text NOT NULL,
    wall_clock text NOT NULL,
    title text,
    location text,
    location_type text,
    attendee_name text NOT NULL,
    attendee_email text NOT NULL,
    attendee_phone text,
    attendee_timezone text,
    attendee_notes text,
    answers json NOT NULL DEFAULT '{}',
    metadata json NOT NULL DEFAULT '{}',
    source text NOT NULL,
    external_provider text,
    external_uid text,
    conflict boolean NOT NULL DEFAULT false,
    cancellation_reason text,
    buffer_before integer NOT NULL DEFAULT 0,
    buffer_after integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, schedule_id) REFERENCES schedules,
    FOREIGN KEY (organization_id, event_type_id) REFERENCES event_types,
    CHECK (start_time < end_time)
);
CREATE INDEX bookings_by_status ON bookings (organization_id, status, start_time, id);
CREATE INDEX bookings_by_start ON bookings (organization_id, start_time, id);
CREATE INDEX bookings_by_schedule ON bookings (organization_id, schedule_id, start_time, id);
CREATE INDEX bookings_by_event_type ON bookings (organization_id, event_type_id, start_time, id)
    WHERE event_type_id IS NOT NULL;
CREATE INDEX bookings_on_several ON bookings USING gin (schedule_ids)
    WHERE cardinality(schedule_ids) > 1;
CREATE UNIQUE INDEX bookings_external ON bookings
    (organization_id, external_provider, external_uid) WHERE external_uid IS NOT NULL;

-- The time that a booking, a group session or a hold takes on one schedule, buffers included.
-- The exclusion constraint is what makes a double booking impossible, whoever writes: rows of
-- different claims on one schedule cannot overlap. Seats of one group session share a claim.
CREATE TABLE occupancies (
    organization_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    booking_id uuid,
    hold_id uuid,
    starts_at timestamptz NOT NULL,
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    expires_at timestamptz,
    CHECK (num_nonnulls(booking_id, hold_id) = 1),
    CHECK ((hold_id IS NULL) = (expires_at IS NULL)),
    CONSTRAINT occupancies_never_overlap EXCLUDE USING gist
        (organization_id WITH =, schedule_id WITH =, claim_id WITH <>, during WITH &&)
);
CREATE UNIQUE INDEX occupancies_of_booking ON occupancies
    (organization_id, booking_id, schedule_id) WHERE booking_id IS NOT NULL;
CREATE UNIQUE INDEX occupancies_of_hold ON occupancies
    (organization_id, hold_id, schedule_id) WHERE hold_id IS NOT NULL;
"""

CONSEQUENCES = """
CREATE TABLE events (
    organization_id uuid NOT NULL REFERENCES organizations,
    number bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    booking_id uuid NOT NULL,
    data json NOT NULL,
    override boolean NOT NULL DEFAULT false,
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, number)
);
CREATE UNIQUE INDEX events_by_id ON events (organization_id, id);
CREATE INDEX events_of_booking ON events (organization_id, booking_id, number);

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations,
    api_key_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, api_key_id, operation, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Counts of the running minute, shared by the processes of an installation. Unlogged: a crash
-- that forgets them costs nobody anything.
CREATE UNLOGGED TABLE rate_windows (
    subject text NOT NULL,
    window_start bigint NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (subject, window_start)
) WITH (fillfactor = 50);
"""


def upgrade() -> None:
    for part in (TENANTS, WHAT_CAN_BE_BOOKED, BOOKINGS, CONSEQUENCES):
        execute(part)
