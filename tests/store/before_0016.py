"""Statements of servers of the release before migration 0016, which go on beside it: how they
append events, with deliveries, mails and a job for mail, and how they lease lanes."""

APPEND = """
WITH counter AS (
    UPDATE event_counters SET last_number = last_number + cardinality($2::uuid[])
    WHERE organization_id = $1 RETURNING last_number - cardinality($2::uuid[]) AS before),
happened AS (
    SELECT counter.before + ordinal AS number, happened.*
    FROM counter, unnest($2::uuid[], $3::text[], $4::uuid[], $5::json[], $6::integer[],
        $7::boolean[], $8::json[], $9::text[]) WITH ORDINALITY
        AS happened (id, type, booking_id, data, sequence, override, previous, actor_name,
            ordinal)),
written AS (
    INSERT INTO events (organization_id, number, id, type, booking_id, data, sequence, override,
        previous, actor_name, actor, created_at)
    SELECT $1, number, id, type, booking_id, data, sequence, override,
        previous, actor_name, $10, $11 FROM happened),
delivery AS (
    INSERT INTO deliveries
        (organization_id, id, endpoint_id, event_id, type, lane_id, number, state, created_at)
    SELECT $1, encode(substr(uuid_send(h.id), 1, 8) || substr(uuid_send(gen_random_uuid()), 9),
        'hex')::uuid, w.id, h.id, h.type, h.booking_id, h.number, 'pending', $11
    FROM happened h JOIN webhook_endpoints w
        ON w.organization_id = $1 AND w.deleted_at IS NULL
        AND (w.events = '{}' OR h.type = ANY(w.events))
    RETURNING endpoint_id, lane_id),
lane AS (
    INSERT INTO webhook_lanes AS l (organization_id, endpoint_id, lane_id, waiting, due_at)
    SELECT $1, endpoint_id, lane_id, count(*), now() FROM delivery
    GROUP BY endpoint_id, lane_id ORDER BY endpoint_id, lane_id
    ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
    SET waiting = l.waiting + excluded.waiting,
        due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END),
mail AS (
    INSERT INTO mails (organization_id, id, kind, audience, recipient, booking_id, event_number,
        state, created_at)
    SELECT $1, m.id, m.kind, m.audience, coalesce(m.recipient, o.notify_email), h.booking_id,
        h.number, 'queued', $11
    FROM unnest($12::uuid[], $13::text[], $14::text[], $15::text[], $16::bigint[])
        AS m (id, kind, audience, recipient, ordinal)
    JOIN happened h USING (ordinal) JOIN organizations o ON o.id = $1
    WHERE coalesce(m.recipient, o.notify_email) IS NOT NULL
    RETURNING id),
job AS (
    INSERT INTO pgqueuer (priority, status, entrypoint, payload)
    SELECT 0, 'queued', 'mail', convert_to($1::uuid || ' ' || string_agg(id::text, ' '), 'UTF8')
    FROM mail HAVING count(*) > 0)
SELECT EXISTS (SELECT FROM delivery)
"""
LEASE = """
WITH candidate AS MATERIALIZED (
    SELECT organization_id, endpoint_id, lane_id, due_at FROM webhook_lanes
    WHERE waiting > 0 AND due_at <= now() AND endpoint_id <> ALL($3::uuid[])
    ORDER BY due_at LIMIT 4 * $1::integer),
ranked AS (
    SELECT c.*, row_number() OVER (PARTITION BY endpoint_id ORDER BY due_at) AS place
    FROM candidate c),
due AS MATERIALIZED (
    SELECT l.organization_id, l.endpoint_id, l.lane_id
    FROM ranked r JOIN webhook_lanes l USING (organization_id, endpoint_id, lane_id)
    JOIN webhook_endpoints w ON w.organization_id = l.organization_id AND w.id = l.endpoint_id
    WHERE l.waiting > 0 AND l.due_at <= now()
        AND r.place <= CASE WHEN w.failing_since IS NULL THEN $4::integer ELSE $5::integer END
    ORDER BY r.due_at LIMIT $1 FOR UPDATE OF l SKIP LOCKED),
taken AS (
    UPDATE webhook_lanes l
    SET due_at = now() + CASE WHEN w.enabled THEN $2::interval ELSE interval '1 hour' END
    FROM due JOIN webhook_endpoints w
        ON w.organization_id = due.organization_id AND w.id = due.endpoint_id
    WHERE l.organization_id = due.organization_id AND l.endpoint_id = due.endpoint_id
        AND l.lane_id = due.lane_id
    RETURNING l.organization_id, l.endpoint_id, l.lane_id, w.enabled, w.url, w.secret,
        w.previous_secret, w.previous_until, w.failing_since)
SELECT t.organization_id, t.endpoint_id, t.lane_id, t.enabled, t.url, t.secret,
    t.previous_secret, t.previous_until, t.failing_since, d.id, d.tries, d.event_id, d.type, d.body,
    e.data, e.previous, e.actor, e.actor_name, e.override, coalesce(e.created_at, d.created_at)
FROM taken t
LEFT JOIN LATERAL (
    SELECT * FROM deliveries d
    WHERE d.organization_id = t.organization_id AND d.endpoint_id = t.endpoint_id
        AND d.lane_id = t.lane_id AND d.state = 'pending'
    ORDER BY d.number LIMIT 1) d ON true
LEFT JOIN events e ON e.organization_id = t.organization_id AND e.id = d.event_id
"""
