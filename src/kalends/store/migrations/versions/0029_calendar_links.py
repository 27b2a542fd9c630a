"""Events that are written into calendars elsewhere: which there are to be, and what is known of
them.

A link is what we have written (or are to write) into a calendar for a booking, or for the seats of
a session, on one schedule; its subject is the booking, or stands for an event type and a start.
What is to be done waits in lanes of the channel `calendar`: their deliveries have no content, as
who sends reads what is wanted at that moment.

Locks: `bookings` and `mails` for the moment that a column takes (constant, so no row is written).
Servers of the version before go on calling `append_events_1`, which writes nothing into calendars;
a look by the timetable finds what they have booked.
"""

from kalends.store.migrations import plain
from kalends.store.migrations.sql import TOLD_SUBJECTS, append_events, poke_lanes, want

revision = "0029"
down_revision = "0028"

# `is_unclear` while something was sent and no answer is known: it may be there, or not.
LINKS = """
CREATE TABLE IF NOT EXISTS calendar_links (
    organization_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    booking_id uuid,
    event_type_id uuid,
    starts_at timestamptz,
    generation integer NOT NULL DEFAULT 1,
    uid text,
    ref text,
    etag text,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'written', 'failed', 'removed', 'asking')),
    is_unclear boolean NOT NULL DEFAULT false,
    digest bytea,
    shown_from timestamptz,
    shown_until timestamptz,
    error text,
    written_at timestamptz,
    missed_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, calendar_id, subject_id, schedule_id),
    FOREIGN KEY (organization_id, calendar_id)
        REFERENCES calendars (organization_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(booking_id, event_type_id) = 1)
)
"""
INDEXES = {
    "calendar_links_of_subject": "ON calendar_links (organization_id, subject_id)",
    "calendar_links_by_ref": "ON calendar_links (organization_id, calendar_id, ref)"
    " WHERE ref IS NOT NULL",
    "calendar_links_of_schedule": "ON calendar_links (organization_id, schedule_id)"
    " WHERE state <> 'removed'",
}
POKE = poke_lanes(
    "calendar",
    "destinations uuid[]",
    """
        SELECT tenant, p.destination, p.subject, 'calendar', 1, now(), 1
        FROM unnest(destinations, subjects) AS p (destination, subject) ORDER BY 2, 3""",
)
# `earlier` is when each booking started before, if that was another time: its session of then has
# one seat less. Answers whether anything is to be done.
WANT = f"""
DECLARE
    subjects uuid[];
    destinations uuid[];
BEGIN
    INSERT INTO calendar_links (organization_id, calendar_id, subject_id, schedule_id, booking_id,
        event_type_id, starts_at, created_at)
    SELECT tenant, u.calendar_id,
        CASE WHEN t.capacity > 1 THEN md5(t.id::text || ' '
            || extract(epoch FROM b.start_time)::bigint)::uuid ELSE b.id END,
        s.id, CASE WHEN t.capacity > 1 THEN NULL ELSE b.id END,
        CASE WHEN t.capacity > 1 THEN t.id END, CASE WHEN t.capacity > 1 THEN b.start_time END,
        moment
    FROM bookings b
    JOIN schedules s ON s.organization_id = tenant AND s.id = ANY(b.schedule_ids)
    JOIN schedule_calendars u ON u.organization_id = tenant AND u.schedule_id = s.id AND u.writes
    LEFT JOIN event_types t ON t.organization_id = tenant AND t.id = b.event_type_id
    WHERE b.organization_id = tenant AND b.id = ANY(told) AND b.source <> 'calcom'
        AND b.end_time > moment AND NOT b.conflict AND (b.status = 'CONFIRMED'
            OR (b.status = 'PENDING' AND s.calendar_policy ->> 'pending' = 'tentative'))
    ORDER BY 2, 3, 4
    ON CONFLICT DO NOTHING;

    {TOLD_SUBJECTS}
    SELECT array_agg(found.calendar_id), array_agg(found.subject_id) INTO destinations, subjects
    FROM (SELECT DISTINCT l.calendar_id, l.subject_id FROM calendar_links l
        WHERE l.organization_id = tenant AND l.subject_id = ANY(subjects)) found;
    IF destinations IS NULL THEN
        RETURN false;
    END IF;
    PERFORM poke_calendar_lanes_1(tenant, destinations, subjects, moment);
    RETURN true;
END
"""
APPEND = """
DECLARE
    channels text[];
BEGIN
    channels := append_events_1(tenant, actor_id, moment, ids, types, bookings, contents,
        sequences, overrides, previouses, actor_names, mail_ids, kinds, audiences, recipients,
        destinations, ordinals, expiries);
    IF cardinality(told) > 0 AND EXISTS (
        SELECT FROM schedule_calendars WHERE organization_id = tenant AND writes)
    THEN
        IF want_calendar_events_1(tenant, told, earlier, moment) THEN
            channels := channels || 'calendar'::text;
        END IF;
    END IF;
    RETURN channels;
END
"""


def upgrade() -> None:
    with plain.outside_transaction():
        # What the API shows of the events of a booking: JSON, as it is passed on.
        plain.add_columns("bookings", "calendar_events jsonb NOT NULL DEFAULT '[]'")
        # Whether a mail has an invitation. Null of what was written before: it had one.
        plain.add_columns("mails", "invites boolean")
    plain.execute(LINKS)
    for name, definition in INDEXES.items():
        plain.create_index(name, definition)
    appended = append_events(2, APPEND, "told uuid[]", "earlier timestamptz[]")
    for function in (POKE, want("calendar_events", WANT), appended):
        plain.execute(function)
