"""What follows from a booking: webhook endpoints and deliveries, mail, reminders, links."""

from kalends.store.migrations.plain import execute

revision = "0004"
down_revision = "0003"

EVENTS = """
-- How often the booking had changed by then: the SEQUENCE of its invitation (RFC 5545 3.8.7.4).
ALTER TABLE events ADD COLUMN sequence integer NOT NULL DEFAULT 0;
"""

# Secrets are sealed. `events` is empty where an endpoint hears of all.
WEBHOOKS = """
CREATE TABLE webhook_endpoints (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    description text,
    enabled boolean NOT NULL,
    disabled_reason text,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    failing_since timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (organization_id, id)
);

-- One event for one endpoint. A lane is what has to arrive in order: the events of one booking, by
-- their `number`. A test is a lane of its own, and has a body of its own, as no event is behind it.
-- No foreign key to the endpoint: it would lock its row in every change of a booking.
CREATE TABLE deliveries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    lane_id uuid NOT NULL,
    number bigint NOT NULL,
    body json,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'exhausted')),
    tries integer NOT NULL DEFAULT 0,
    attempts jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITH (fillfactor = 80);
CREATE INDEX deliveries_listed ON deliveries (organization_id, endpoint_id, id);
CREATE INDEX deliveries_of_lane ON deliveries (organization_id, lane_id);
CREATE INDEX deliveries_waiting ON deliveries (organization_id, endpoint_id, lane_id, number)
    WHERE state = 'pending';
CREATE INDEX deliveries_by_age ON deliveries (created_at);

-- A lane with something in it, on its way to one endpoint. Its row is the queue: who takes it moves
-- `due_at` on, so that nobody else does until then.
CREATE TABLE webhook_lanes (
    organization_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    lane_id uuid NOT NULL,
    waiting integer NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, endpoint_id, lane_id)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX webhook_lanes_due ON webhook_lanes (due_at) WHERE waiting > 0;
CREATE INDEX webhook_lanes_empty ON webhook_lanes (due_at) WHERE waiting <= 0;
"""

# A message is sealed: it holds links that open a booking.
MAIL = """
CREATE TABLE mails (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    kind text NOT NULL,
    audience text NOT NULL CHECK (audience IN ('attendee', 'organization', 'user')),
    recipient text NOT NULL,
    booking_id uuid,
    event_number bigint,
    state text NOT NULL CHECK (state IN ('queued', 'kept', 'sent', 'failed')),
    subject text,
    message bytea,
    error text,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CHECK ((booking_id IS NULL) = (event_number IS NULL))
);
CREATE INDEX mails_of_booking ON mails (organization_id, booking_id)
    WHERE booking_id IS NOT NULL;
CREATE INDEX mails_by_age ON mails (created_at);

-- Links that open one booking without an account; only the SHA-256 of a token is kept.
CREATE TABLE booking_links (
    token_hash bytea PRIMARY KEY,
    organization_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX booking_links_of_booking ON booking_links (organization_id, booking_id);

CREATE TABLE reminders (
    organization_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    minutes_before integer NOT NULL,
    remind_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, booking_id, minutes_before)
);
CREATE INDEX reminders_due ON reminders (remind_at);
"""

# NOTIFY inside a transaction makes commits wait for one another (PostgreSQL holds one lock from
# it to the end of the flush). Who enqueues wakes the workers after its commit instead, for
# everything that was committed since (services/waking.py).
QUIET = "ALTER TABLE pgqueuer DISABLE TRIGGER tg_pgqueuer_changed"


def upgrade() -> None:
    for part in (EVENTS, WEBHOOKS, MAIL, QUIET):
        execute(part)
