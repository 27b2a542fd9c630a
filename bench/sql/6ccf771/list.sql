SELECT page.*, counted.total FROM (
    SELECT count(*) AS total FROM bookings
    WHERE organization_id = lpad(:organization, 32, '0')::uuid AND status = 'CONFIRMED') counted
LEFT JOIN (
    SELECT id, schedule_id, schedule_ids, event_type_id, status, start_time, end_time, timezone,
        wall_clock, title, location, location_type, attendee_name, attendee_email,
        attendee_phone, attendee_timezone, attendee_notes, answers, metadata, source,
        external_provider, external_uid, conflict, cancellation_reason, buffer_before,
        buffer_after, created_at, updated_at, version
    FROM bookings WHERE organization_id = lpad(:organization, 32, '0')::uuid AND status = 'CONFIRMED'
    ORDER BY start_time, id LIMIT 50 OFFSET 0) page
ON true ORDER BY start_time, id;
