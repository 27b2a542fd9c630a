-- 14 days, and around them what zones and limits may need: 15 and 50 hours.
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
            && tstzrange(to_timestamp(:first_day - 65 * 3600), to_timestamp(:first_day + 14 * 86400 + 65 * 3600 + 1800))) busy ON true
LEFT JOIN LATERAL (
    SELECT string_agg(timestamptz_send(lower(o.during)) || timestamptz_send(upper(o.during))
            || timestamptz_send(o.starts_at), '') AS times,
        NULL AS claims, NULL AS bookings
    FROM occupancies o
    WHERE o.organization_id = lpad(:organization, 32, '0')::uuid AND o.schedule_id = s.id
        AND o.during && tstzrange(to_timestamp(:first_day - 65 * 3600), to_timestamp(:first_day + 14 * 86400 + 65 * 3600 + 1800))
        AND (o.expires_at IS NULL OR o.expires_at > now())
        AND (NULL::uuid IS NULL OR coalesce(o.booking_id, o.hold_id) IS DISTINCT FROM NULL::uuid)
    ) taken ON true
WHERE s.organization_id = lpad(:organization, 32, '0')::uuid AND s.id = ANY(ARRAY[lpad(:schedule, 32, '0')::uuid])
    AND s.deleted_at IS NULL
ORDER BY s.id;
