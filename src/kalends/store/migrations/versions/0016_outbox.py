"""One outbox: deliveries and their lanes carry a channel, and mails are deliveries.

Locks: `deliveries` and `webhook_lanes` are locked for the moment that a column with a constant
default takes (no rewrite, at most two seconds of waiting at a time). The states are checked while
everybody goes on reading and writing, and indexes are built so.

Servers of the version before go on beside it: what they write is of the channel `webhook`, by the
defaults, they send what they write, and never take the lane of another channel, as there is no
endpoint behind it. `webhook_lanes` and `webhook_lanes_due` are theirs, and keep their names for
that long; so does the job `mail`, which is made a delivery when it is run here. A later version
that appends otherwise brings a function of another name.
"""

from kalends.store.migrations import plain
from kalends.store.migrations.sql import append_events

revision = "0016"
down_revision = "0015"

# `endpoint_id` is the destination: a webhook endpoint, else what a mail address is known by.
# After `expires_at` it is never sent. `last_number` numbers what no event is behind.
COLUMNS = """
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS channel text NOT NULL DEFAULT 'webhook',
    ADD COLUMN IF NOT EXISTS expires_at timestamptz;
ALTER TABLE webhook_lanes ADD COLUMN IF NOT EXISTS channel text NOT NULL DEFAULT 'webhook',
    ADD COLUMN IF NOT EXISTS last_number bigint NOT NULL DEFAULT 0;
"""

# The operator's, of no organization: how the one server of a channel does, for all processes.
HEALTH = """
CREATE TABLE IF NOT EXISTS channel_health (
    channel text PRIMARY KEY,
    failing_since timestamptz NOT NULL,
    failures integer NOT NULL,
    resume_at timestamptz NOT NULL,
    reason text NOT NULL
);
"""

INDEXES = {
    "webhook_lanes_due_of_channel": "ON webhook_lanes (channel, due_at) WHERE waiting > 0",
    "deliveries_given_up": "ON deliveries (channel, created_at)"
    " WHERE state IN ('exhausted', 'dropped')",
}

# The last call of a transaction. Each statement is of one organization. The counter's row is
# locked from here to COMMIT, so numbers become visible in their order and a reader by cursor never
# misses a late one; and the lanes of one booking fill in that order. An id of a delivery begins
# with the time of the event's, so that ids sort by it. A mail without a recipient is for the
# organization, if that wants any. Lanes are locked in one order, against deadlocks.
APPEND = """
DECLARE
    before bigint;
    mailbox text;
    endpoints uuid[];
    places bigint[];
    channels text[] := '{}';
BEGIN
    UPDATE event_counters SET last_number = last_number + cardinality(ids)
    WHERE organization_id = tenant RETURNING last_number - cardinality(ids) INTO before;

    INSERT INTO events (organization_id, number, id, type, booking_id, data, sequence, override,
        previous, actor_name, actor, created_at)
    SELECT tenant, before + e.ordinal, e.id, e.type, e.booking_id, e.data, e.sequence, e.override,
        e.previous, e.actor_name, actor_id, moment
    FROM unnest(ids, types, bookings, contents, sequences, overrides, previouses, actor_names)
        WITH ORDINALITY AS e (id, type, booking_id, data, sequence, override, previous, actor_name,
            ordinal);

    SELECT array_agg(w.id), array_agg(e.ordinal) INTO endpoints, places
    FROM unnest(types) WITH ORDINALITY AS e (type, ordinal) JOIN webhook_endpoints w
        ON w.organization_id = tenant AND w.deleted_at IS NULL
        AND (w.events = '{}' OR e.type = ANY(w.events));
    IF endpoints IS NOT NULL THEN
        channels := channels || 'webhook'::text;
        INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number,
            state, created_at)
        SELECT tenant, encode(substr(uuid_send(ids[r.place]), 1, 8)
            || substr(uuid_send(gen_random_uuid()), 9), 'hex')::uuid,
            r.endpoint_id, ids[r.place], types[r.place], bookings[r.place], before + r.place,
            'pending', moment
        FROM unnest(endpoints, places) AS r (endpoint_id, place);
        INSERT INTO webhook_lanes AS l (organization_id, endpoint_id, lane_id, waiting, due_at)
        SELECT tenant, r.endpoint_id, bookings[r.place], count(*), now()
        FROM unnest(endpoints, places) AS r (endpoint_id, place)
        GROUP BY r.endpoint_id, bookings[r.place] ORDER BY 2, 3
        ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
        SET waiting = l.waiting + excluded.waiting,
            due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END;
    END IF;

    IF cardinality(mail_ids) > 0 THEN
        SELECT notify_email INTO mailbox FROM organizations WHERE id = tenant;
        INSERT INTO mails (organization_id, id, kind, audience, recipient, booking_id,
            event_number, state, created_at)
        SELECT tenant, m.id, m.kind, m.audience, coalesce(m.recipient, mailbox),
            bookings[m.ordinal], before + m.ordinal, 'queued', moment
        FROM unnest(mail_ids, kinds, audiences, recipients, ordinals)
            AS m (id, kind, audience, recipient, ordinal)
        WHERE m.recipient IS NOT NULL OR mailbox IS NOT NULL;
        IF FOUND THEN
            channels := channels || 'mail'::text;
        END IF;
        INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number,
            state, created_at, channel, expires_at)
        SELECT tenant, m.id, m.destination_id, ids[m.ordinal], m.kind, bookings[m.ordinal],
            before + m.ordinal, 'pending', moment, 'mail', m.expires_at
        FROM unnest(mail_ids, kinds, recipients, destinations, ordinals, expiries)
            AS m (id, kind, recipient, destination_id, ordinal, expires_at)
        WHERE m.recipient IS NOT NULL OR mailbox IS NOT NULL;
        INSERT INTO webhook_lanes AS l
            (organization_id, endpoint_id, lane_id, waiting, due_at, channel)
        SELECT tenant, m.destination_id, bookings[m.ordinal], count(*), now(), 'mail'
        FROM unnest(recipients, destinations, ordinals) AS m (recipient, destination_id, ordinal)
        WHERE m.recipient IS NOT NULL OR mailbox IS NOT NULL
        GROUP BY m.destination_id, bookings[m.ordinal] ORDER BY 2, 3
        ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
        SET waiting = l.waiting + excluded.waiting,
            due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END;
    END IF;
    RETURN channels;
END
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(COLUMNS)
        plain.check_values("deliveries", "state", "pending", "delivered", "exhausted", "dropped")
        plain.execute_briefly(HEALTH)
        for name, definition in INDEXES.items():
            plain.create_index_concurrently(name, definition)
        plain.execute_briefly(append_events(1, APPEND))
