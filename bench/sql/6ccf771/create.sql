-- Its job bears a name that nobody runs, as its mails are not to be sent.
BEGIN;
SELECT s.id, s.name, s.description, s.timezone, s.availability, s.overrides, s.booking_limits,
    s.is_active, s.created_at, s.updated_at, s.version,
    busy.times, busy.ids, taken.times, taken.claims, taken.bookings
FROM schedules s
LEFT JOIN LATERAL (
    SELECT string_agg(timestamptz_send(b.start_time) || timestamptz_send(b.end_time), '') AS times,
        NULL AS ids
    FROM busy_times b
    WHERE b.organization_id = lpad(:organization, 32, '0')::uuid AND b.schedule_id = s.id
        AND tstzrange(b.start_time, b.end_time)
            && tstzrange(to_timestamp(:starts - 50 * 3600), to_timestamp(:starts + 1800 + 50 * 3600))) busy ON true
LEFT JOIN LATERAL (
    SELECT string_agg(timestamptz_send(lower(o.during)) || timestamptz_send(upper(o.during))
            || timestamptz_send(o.starts_at), '') AS times,
        NULL AS claims, NULL AS bookings
    FROM occupancies o
    WHERE o.organization_id = lpad(:organization, 32, '0')::uuid AND o.schedule_id = s.id
        AND o.during && tstzrange(to_timestamp(:starts - 50 * 3600), to_timestamp(:starts + 1800 + 50 * 3600))
        AND (o.expires_at IS NULL OR o.expires_at > now())
        AND (NULL::uuid IS NULL OR coalesce(o.booking_id, o.hold_id) IS DISTINCT FROM NULL::uuid)
    ) taken ON true
WHERE s.organization_id = lpad(:organization, 32, '0')::uuid AND s.id = ANY(ARRAY[lpad(:schedule, 32, '0')::uuid])
    AND s.deleted_at IS NULL
ORDER BY s.id
FOR KEY SHARE OF s;
INSERT INTO occupancies
    (organization_id, schedule_id, claim_id, booking_id, hold_id, starts_at, during, expires_at)
SELECT lpad(:organization, 32, '0')::uuid, schedule_id, lpad(:booking, 32, '0')::uuid, lpad(:booking, 32, '0')::uuid, NULL::uuid,
    to_timestamp(:starts), tstzrange(to_timestamp(:starts), to_timestamp(:starts + 1800)), NULL::timestamptz
FROM unnest(ARRAY[lpad(:schedule, 32, '0')::uuid]) AS schedule_id ORDER BY schedule_id
ON CONFLICT DO NOTHING RETURNING schedule_id;
INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, event_type_id, status, start_time, end_time, timezone,
    wall_clock, title, location, location_type, attendee_name, attendee_email, attendee_phone,
    attendee_timezone, attendee_notes, answers, metadata, source, external_provider,
    external_uid, conflict, cancellation_reason, buffer_before, buffer_after, created_at,
    updated_at, version)
VALUES (lpad(:organization, 32, '0')::uuid, lpad(:booking, 32, '0')::uuid, lpad(:schedule, 32, '0')::uuid, ARRAY[lpad(:schedule, 32,
    '0')::uuid], NULL, 'PENDING', to_timestamp(:starts), to_timestamp(:starts + 1800),
    'Europe/Berlin', '2035-03-02T11-00-00', 'Consultation', NULL, NULL, 'John Doe',
    'john' || :number || '@example.com', '+49 30 123456', NULL, NULL, '{}', '{"order": 1234}',
    'api', NULL, NULL, false, NULL, 0, 0, now(), now(), 1);
WITH counter AS (
    UPDATE event_counters SET last_number = last_number + cardinality(ARRAY[lpad(:booking, 32, '0')::uuid])
    WHERE organization_id = lpad(:organization, 32, '0')::uuid
    RETURNING last_number - cardinality(ARRAY[lpad(:booking, 32, '0')::uuid]) AS before),
happened AS (
    SELECT counter.before + ordinal AS number, happened.*
    FROM counter, unnest(ARRAY[lpad(:booking, 32, '0')::uuid], ARRAY['booking.created'],
        ARRAY[lpad(:booking, 32, '0')::uuid], ARRAY[('{"data": "' || repeat('x', 780) || '"}')::json], ARRAY[0], ARRAY[false])
        WITH ORDINALITY AS happened (id, type, booking_id, data, sequence, override, ordinal)),
written AS (
    INSERT INTO events (organization_id, number, id, type, booking_id, data, sequence, override,
        actor, created_at)
    SELECT lpad(:organization, 32, '0')::uuid, number, id, type, booking_id, data, sequence, override,
        'key_0000000000000000000000', now() FROM happened),
delivery AS (
    INSERT INTO deliveries
        (organization_id, id, endpoint_id, event_id, type, lane_id, number, state, created_at)
    SELECT lpad(:organization, 32, '0')::uuid,
        encode(substr(uuid_send(h.id), 1, 8) || substr(uuid_send(gen_random_uuid()), 9),
            'hex')::uuid, w.id, h.id, h.type, h.booking_id, h.number, 'pending', now()
    FROM happened h JOIN webhook_endpoints w
        ON w.organization_id = lpad(:organization, 32, '0')::uuid AND w.deleted_at IS NULL
        AND (w.events = '{}' OR h.type = ANY(w.events))
    RETURNING endpoint_id, lane_id),
lane AS (
    INSERT INTO webhook_lanes AS l (organization_id, endpoint_id, lane_id, waiting, due_at)
    SELECT lpad(:organization, 32, '0')::uuid, endpoint_id, lane_id, count(*), now() FROM delivery
    GROUP BY endpoint_id, lane_id ORDER BY endpoint_id, lane_id
    ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
    SET waiting = l.waiting + excluded.waiting,
        due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END),
mail AS (
    INSERT INTO mails (organization_id, id, kind, audience, recipient, booking_id, event_number,
        state, created_at)
    SELECT lpad(:organization, 32, '0')::uuid, m.id, m.kind, m.audience,
        coalesce(m.recipient, o.notify_email), h.booking_id, h.number, 'queued', now()
    FROM unnest(ARRAY[gen_random_uuid(), gen_random_uuid()], ARRAY['requested', 'requested'],
        ARRAY['attendee', 'organization'], ARRAY['john@example.com', NULL], ARRAY[1, 1])
        AS m (id, kind, audience, recipient, ordinal)
    JOIN happened h USING (ordinal) JOIN organizations o ON o.id = lpad(:organization, 32, '0')::uuid
    WHERE coalesce(m.recipient, o.notify_email) IS NOT NULL
    RETURNING id),
job AS (
    INSERT INTO pgqueuer (priority, status, entrypoint, payload)
    SELECT 0, 'queued', 'bench',
        convert_to(lpad(:organization, 32, '0')::uuid || ' ' || string_agg(id::text, ' '), 'UTF8')
    FROM mail HAVING count(*) > 0)
SELECT EXISTS (SELECT FROM delivery);
COMMIT;
