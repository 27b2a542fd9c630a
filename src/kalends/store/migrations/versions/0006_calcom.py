"""Cal.com: the connection, its runs, the rows that were seen, and the bookings that they became."""

from kalends.store.migrations.plain import execute

revision = "0006"
down_revision = "0005"

# Key, webhook secret and hook token are sealed; a hook is found by the SHA-256 of its token.
# The mark: `walked_to` is the creation time that the first walk has reached, `walked_since` when
# that walk began, `changed_since` from when on later runs ask for changes. Each PUT is a new
# generation, so that a run that was under way does not bring the old mark back.
CONNECTION = """
CREATE TABLE calcom_connections (
    organization_id uuid PRIMARY KEY REFERENCES organizations,
    id uuid NOT NULL,
    base_url text NOT NULL,
    api_key bytea NOT NULL,
    last_four text NOT NULL,
    default_schedule_id uuid NOT NULL,
    mappings jsonb NOT NULL,
    on_conflict text NOT NULL CHECK (on_conflict IN ('skip', 'record')),
    interval_minutes integer NOT NULL,
    webhook_secret bytea,
    hook_token bytea NOT NULL,
    hook_hash bytea NOT NULL UNIQUE,
    generation integer NOT NULL DEFAULT 1,
    walked_since timestamptz,
    walked_to timestamptz,
    changed_since timestamptz,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX calcom_connections_due ON calcom_connections (due_at) WHERE due_at IS NOT NULL;
"""

# Of an organization one run at a time is at work; who works on it renews the lease.
RUNS = """
CREATE TABLE calcom_runs (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    since timestamptz,
    until timestamptz,
    generation integer,
    mark timestamptz,
    walks jsonb,
    synced integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    skips jsonb NOT NULL DEFAULT '[]',
    error text,
    code text,
    holder uuid,
    lease_until timestamptz,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX calcom_runs_by_age ON calcom_runs (finished_at);
CREATE UNIQUE INDEX calcom_runs_at_work ON calcom_runs (organization_id) WHERE state = 'running';
"""

# `kept` is the row as it was shown, for what could not be brought in yet and is tried again.
ROWS = """
CREATE TABLE calcom_rows (
    organization_id uuid NOT NULL REFERENCES organizations,
    uid text NOT NULL,
    state text NOT NULL CHECK (state IN ('brought', 'skipped', 'parked', 'recorded', 'gone')),
    reason text,
    digest bytea NOT NULL,
    made_at timestamptz,
    changed_at timestamptz,
    seen_at timestamptz NOT NULL,
    from_uid text,
    to_uid text,
    kept bytea,
    run_id uuid,
    outcome text,
    PRIMARY KEY (organization_id, uid)
) WITH (fillfactor = 80);
CREATE INDEX calcom_rows_kept ON calcom_rows (organization_id, uid) WHERE kept IS NOT NULL;
CREATE INDEX calcom_rows_successors ON calcom_rows (organization_id, from_uid)
    WHERE from_uid IS NOT NULL;
CREATE INDEX calcom_rows_unstamped ON calcom_rows (organization_id, made_at)
    WHERE changed_at IS NULL;

-- `seat` is empty but for seated rows; `brought` is what Cal.com last said of it.
CREATE TABLE calcom_seats (
    organization_id uuid NOT NULL REFERENCES organizations,
    uid text NOT NULL,
    seat text NOT NULL,
    booking_id uuid NOT NULL,
    brought json NOT NULL,
    PRIMARY KEY (organization_id, uid, seat)
);

-- Schedules and event types that were brought over, by their ids there.
CREATE TABLE calcom_plans (
    organization_id uuid NOT NULL REFERENCES organizations,
    kind text NOT NULL,
    calcom_id bigint NOT NULL,
    our_id uuid NOT NULL,
    PRIMARY KEY (organization_id, kind, calcom_id)
);
"""

# The seats of one row there are bookings of their own here, with the same uid outside.
# Exactly once is what calcom_seats_pkey guards.
SEATS_SHARE_A_UID = """
DROP INDEX bookings_external;
CREATE INDEX bookings_external ON bookings
    (organization_id, external_provider, external_uid) WHERE external_uid IS NOT NULL;
"""


def upgrade() -> None:
    for part in (CONNECTION, RUNS, ROWS, SEATS_SHARE_A_UID):
        execute(part)
