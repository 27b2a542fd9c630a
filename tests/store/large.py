"""An organization with many bookings, one each half an hour."""

from uuid import UUID

OWNER = UUID(int=1)


def fill(bookings: int, starts: str = "n * interval '30 min'") -> str:
    """SQL that makes it; `starts` is how long after the year's beginning the n-th starts."""
    return f"""
INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)
VALUES ('{OWNER}', 'Large', 'large', 'UTC', 'live', now(), now()) ON CONFLICT DO NOTHING;
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
VALUES ('{OWNER}', '{OWNER}', 'Room', 'UTC', now(), now());
INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time,
    timezone, wall_clock, attendee_name, attendee_email, source, created_at, updated_at)
SELECT '{OWNER}', gen_random_uuid(), '{OWNER}', ARRAY['{OWNER}'::uuid], 'CONFIRMED', at,
    at + interval '30 min', 'UTC', '', 'John', n || '@example.com', 'api', now(), now()
FROM (SELECT n, timestamptz '2026-01-01 00:00Z' + {starts} AS at
      FROM generate_series(1, {bookings}) n) filled;
"""
