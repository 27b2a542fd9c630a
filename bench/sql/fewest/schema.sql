-- What a booking needs at the least: the same columns, the same constraint, the indexes by which
-- bookings are listed, and one table of what goes out. It is as full as Kalends' own.
CREATE SCHEMA fewest;

CREATE TABLE fewest.counters AS SELECT * FROM event_counters;
ALTER TABLE fewest.counters SET (fillfactor = 10);
ALTER TABLE fewest.counters ADD PRIMARY KEY (organization_id);

CREATE TABLE fewest.bookings AS SELECT * FROM bookings ORDER BY id;
ALTER TABLE fewest.bookings ADD PRIMARY KEY (organization_id, id);
CREATE INDEX ON fewest.bookings (organization_id, start_time, id);
CREATE INDEX ON fewest.bookings (organization_id, status, start_time, id);
CREATE INDEX ON fewest.bookings (organization_id, schedule_id, start_time, id);

CREATE TABLE fewest.claims AS
SELECT organization_id, schedule_id, claim_id, booking_id, starts_at, during
FROM occupancies ORDER BY booking_id;
ALTER TABLE fewest.claims ADD EXCLUDE USING gist
    (organization_id WITH =, schedule_id WITH =, claim_id WITH <>, during WITH &&);
CREATE INDEX ON fewest.claims (organization_id, booking_id);

CREATE TABLE fewest.events (
    organization_id uuid NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    booking_id uuid NOT NULL,
    data json NOT NULL,
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, number)
);
CREATE INDEX ON fewest.events (organization_id, booking_id, number);

CREATE TABLE fewest.deliveries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    destination text NOT NULL,
    booking_id uuid NOT NULL,
    number bigint NOT NULL,
    state text NOT NULL,
    due_at timestamptz NOT NULL,
    subject text,
    message bytea,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (organization_id, id)
) WITH (fillfactor = 70);
CREATE INDEX ON fewest.deliveries (due_at) WHERE state = 'pending';
CREATE INDEX ON fewest.deliveries (organization_id, booking_id);
