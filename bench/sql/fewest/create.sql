-- Three statements, each a transaction of its own. First the booking with all that follows from it,
-- if its schedule is active and free; then two mails that are due are taken; then they are done.
WITH claim AS (
    INSERT INTO fewest.claims
        (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
    SELECT organization_id, id, lpad(:booking, 32, '0')::uuid, lpad(:booking, 32, '0')::uuid,
        to_timestamp(:starts), tstzrange(to_timestamp(:starts), to_timestamp(:starts + 1800))
    FROM schedules
    WHERE organization_id = lpad(:organization, 32, '0')::uuid
        AND id = lpad(:schedule, 32, '0')::uuid
        AND is_active AND deleted_at IS NULL
    FOR KEY SHARE
    ON CONFLICT DO NOTHING RETURNING *),
booking AS (
    INSERT INTO fewest.bookings
        (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time, timezone,
        wall_clock, title, attendee_name, attendee_email, attendee_phone, attendee_phone_e164,
        answers, answers_e164, metadata, source, conflict, buffer_before, buffer_after,
        created_at, updated_at, version)
    SELECT organization_id, booking_id, schedule_id, ARRAY[schedule_id], 'PENDING', starts_at,
        upper(during), 'Europe/Berlin',
        '2035-03-02T11-00-00', 'Consultation', 'John Doe', 'john' || :number || '@example.com',
        '+49 30 123456', '+4930123456',
        '{}', '{}', '{"order": 1234}', 'api', false, 0, 0,
        now(), now(), 1
    FROM claim RETURNING organization_id, id),
counter AS (
    UPDATE fewest.counters c SET last_number = last_number + 1
    FROM booking WHERE c.organization_id = booking.organization_id
    RETURNING c.organization_id, c.last_number AS number, booking.id),
event AS (
    INSERT INTO fewest.events
        (organization_id, number, id, type, booking_id, data, actor, created_at)
    SELECT organization_id, number, gen_random_uuid(), 'booking.created', id,
        ('{"data": "' || repeat('x', 780) || '"}')::json, 'key_0000000000000000000000', now()
    FROM counter)
INSERT INTO fewest.deliveries
    (organization_id, id, channel, kind, destination, booking_id, number, state, due_at, created_at)
SELECT organization_id, gen_random_uuid(), 'mail', 'requested', destination, id, number,
    'pending', now(), now()
FROM counter, unnest(ARRAY['john@example.com', 'admin@example.com']) AS destination;

WITH due AS (
    SELECT organization_id, id FROM fewest.deliveries
    WHERE state = 'pending' AND due_at <= now() ORDER BY due_at LIMIT 2 FOR UPDATE SKIP LOCKED),
taken AS (
    UPDATE fewest.deliveries d SET due_at = now() + interval '1 minute'
    FROM due WHERE d.organization_id = due.organization_id AND d.id = due.id
    RETURNING d.organization_id, d.id, d.number)
SELECT coalesce(string_agg(taken.organization_id::text, ','), '') AS owners,
    coalesce(string_agg(taken.id::text, ','), '') AS mails,
    coalesce(string_agg(e.data::text, ','), '') AS data
FROM taken JOIN fewest.events e USING (organization_id, number) \gset

UPDATE fewest.deliveries d
SET state = 'done', done_at = now(), subject = 'Your booking was requested',
    message = decode(:message, 'base64')
FROM unnest(string_to_array(:owners, ',')::uuid[], string_to_array(:mails, ',')::uuid[])
    AS sent (organization_id, id)
WHERE d.organization_id = sent.organization_id AND d.id = sent.id AND d.state = 'pending';
