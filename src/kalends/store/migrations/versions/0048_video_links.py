"""Links to calls: which bookings are to have one, what is known of it, and by whose account.

What is to be done waits in lanes of the channel `video`, a lane for a provider and a subject: the
booking, or the seats of an event type at one start. A link is of a subject and its first schedule.
Mails of a booking that waits for its link are held for fifteen seconds (`not_before`).

Locks: `event_types`, `bookings` and `deliveries` for the moment that a column takes, which is null,
so that no row is written. Servers of the version before go on calling `append_events_3`: what they
book gets its link with the next change.
"""

from kalends.store.migrations import plain
from kalends.store.migrations.sql import TOLD_SUBJECTS, append_events, poke_lanes, want

revision = "0048"
down_revision = "0047"

# `is_unclear` while something was sent and no answer is known: there may be a meeting, or not.
LINKS = """
CREATE TABLE IF NOT EXISTS video_links (
    organization_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    provider text NOT NULL,
    booking_id uuid,
    event_type_id uuid,
    starts_at timestamptz,
    generation integer NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'made', 'failed', 'removed')),
    is_unclear boolean NOT NULL DEFAULT false,
    url text,
    ref text,
    digest bytea,
    error text,
    wanted_at timestamptz NOT NULL DEFAULT now(),
    mail_held_until timestamptz NOT NULL,
    made_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, subject_id, schedule_id),
    CHECK (num_nonnulls(booking_id, event_type_id) = 1)
)
"""
# Secrets and the token of Zoom are sealed.
ACCOUNTS = """
CREATE TABLE IF NOT EXISTS video_accounts (
    organization_id uuid PRIMARY KEY,
    zoom_account_id text,
    zoom_client_id text,
    zoom_client_secret bytea,
    zoom_user text,
    zoom_token bytea,
    zoom_token_until timestamptz,
    hook_url text,
    hook_secret bytea,
    updated_at timestamptz NOT NULL
)
"""
POKE = poke_lanes(
    "video",
    "providers text[]",
    """
        SELECT DISTINCT tenant, md5('video ' || p.provider)::uuid, p.subject, 'video', 1, now(), 1
        FROM unnest(providers, subjects) AS p (provider, subject) ORDER BY 2, 3""",
)
# A place that somebody has written down is left alone: only an empty one, the event type's and a
# link of ours are replaced. `earlier` is when each booking started before, if at another time.
# Mails of what waits for its link are held, but for lanes that somebody has leased: these look.
WANT = f"""
DECLARE
    subjects uuid[];
    providers text[];
    hold timestamptz := now() + interval '15 seconds';
BEGIN
    INSERT INTO video_links AS l (organization_id, subject_id, schedule_id, provider, booking_id,
        event_type_id, starts_at, mail_held_until, created_at)
    SELECT DISTINCT ON (s.id, b.schedule_id) tenant, s.id, b.schedule_id, t.video,
        CASE WHEN t.capacity > 1 THEN NULL ELSE b.id END,
        CASE WHEN t.capacity > 1 THEN t.id END, CASE WHEN t.capacity > 1 THEN b.start_time END,
        hold, moment
    FROM unnest(told, earlier) AS w (booking_id, earlier)
    JOIN bookings b ON b.organization_id = tenant AND b.id = w.booking_id
    JOIN event_types t ON t.organization_id = tenant AND t.id = b.event_type_id
        AND t.video IS NOT NULL
    CROSS JOIN LATERAL (SELECT CASE WHEN t.capacity > 1 THEN md5(t.id::text || ' '
        || extract(epoch FROM b.start_time)::bigint)::uuid ELSE b.id END AS id) s
    WHERE b.source <> 'calcom' AND b.status = 'CONFIRMED' AND NOT b.conflict
        AND b.end_time > moment
        AND (b.location IS NULL OR b.location IS NOT DISTINCT FROM t.location OR EXISTS (
            SELECT FROM video_links o WHERE o.organization_id = tenant AND o.url = b.location
                AND o.subject_id IN (s.id, b.id, md5(t.id::text || ' '
                    || extract(epoch FROM w.earlier)::bigint)::uuid)))
    ORDER BY s.id, b.schedule_id
    ON CONFLICT (organization_id, subject_id, schedule_id) DO UPDATE
    SET state = 'waiting', provider = excluded.provider, generation = l.generation + 1,
        url = NULL, ref = NULL, digest = NULL, error = NULL, is_unclear = false, wanted_at = now(),
        mail_held_until = hold
    WHERE l.state = 'removed';

    {TOLD_SUBJECTS}
    UPDATE bookings b SET video = jsonb_build_object(
        'provider', l.provider, 'state', l.state, 'error', l.error)
    FROM video_links l
    WHERE b.organization_id = tenant AND b.id = ANY(told)
        AND (b.status = 'CONFIRMED' OR (b.status = 'PENDING' AND l.state = 'made'))
        AND b.video IS NULL AND l.organization_id = tenant AND l.subject_id = ANY(subjects)
        AND l.schedule_id = b.schedule_id AND l.state IN ('waiting', 'made')
        AND (l.booking_id = b.id OR (l.event_type_id = b.event_type_id
            AND l.starts_at = b.start_time));

    SELECT array_agg(found.provider), array_agg(found.subject_id) INTO providers, subjects
    FROM (SELECT DISTINCT l.provider, l.subject_id FROM video_links l
        WHERE l.organization_id = tenant AND l.subject_id = ANY(subjects)
            AND l.state <> 'removed'
            AND NOT (l.provider = 'jitsi' AND l.state = 'made' AND EXISTS (
                SELECT FROM bookings b WHERE b.organization_id = tenant AND b.id = ANY(told)
                    AND b.location = l.url))) found;
    IF providers IS NULL THEN
        RETURN false;
    END IF;
    PERFORM poke_video_lanes_1(tenant, providers, subjects, moment);

    WITH held AS (
        UPDATE deliveries d SET not_before = m.until
        FROM (
            SELECT m.id,
                max(CASE WHEN l.state = 'made' THEN hold ELSE l.mail_held_until END) AS until
            FROM bookings b
            JOIN video_links l ON l.organization_id = tenant AND l.subject_id = ANY(subjects)
                AND l.schedule_id = b.schedule_id
                AND (l.booking_id = b.id OR (l.event_type_id = b.event_type_id
                    AND l.starts_at = b.start_time))
                AND (l.state = 'waiting' OR (l.state = 'made' AND l.booking_id IS NULL
                    AND l.url IS DISTINCT FROM b.location))
            JOIN mails m ON m.organization_id = tenant AND m.booking_id = b.id
                AND m.state = 'queued' AND m.message IS NULL
            WHERE b.organization_id = tenant AND b.id = ANY(told) AND b.status = 'CONFIRMED'
            GROUP BY m.id) m
        WHERE d.organization_id = tenant AND d.id = m.id AND d.state = 'pending'
            AND d.not_before IS NULL AND m.until > now()
        RETURNING d.endpoint_id, d.lane_id, d.not_before)
    UPDATE webhook_lanes l SET due_at = held.not_before FROM held
    WHERE l.organization_id = tenant AND l.endpoint_id = held.endpoint_id
        AND l.lane_id = held.lane_id AND l.channel = 'mail' AND l.due_at <= now();
    RETURN true;
END
"""
# `joins` are mails that wait to go out and tell what the last of these events tells, too.
APPEND = """
DECLARE
    channels text[];
BEGIN
    channels := append_events_3(tenant, actor_id, moment, ids, types, bookings, contents,
        sequences, overrides, previouses, actor_names, mail_ids, kinds, audiences, recipients,
        destinations, ordinals, expiries, told, earlier);
    IF cardinality(joins) > 0 THEN
        UPDATE mails SET event_number = (
            SELECT last_number FROM event_counters WHERE organization_id = tenant)
        WHERE organization_id = tenant AND id = ANY(joins);
    END IF;
    IF cardinality(told) > 0 AND (
        EXISTS (SELECT FROM event_types WHERE organization_id = tenant AND video IS NOT NULL)
        OR EXISTS (SELECT FROM video_links WHERE organization_id = tenant))
    THEN
        IF want_video_links_1(tenant, told, earlier, moment) THEN
            channels := channels || 'video'::text;
        END IF;
    END IF;
    RETURN channels;
END
"""
INDEX = """
CREATE INDEX IF NOT EXISTS event_types_with_video ON event_types (organization_id)
    WHERE video IS NOT NULL
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.add_columns("event_types", "video text")
        plain.execute_briefly(INDEX)
        # What the API shows of the link: JSON, as it is passed on.
        plain.add_columns("bookings", "video jsonb")
        plain.add_columns("deliveries", "not_before timestamptz")
    appended = append_events(4, APPEND, "told uuid[]", "earlier timestamptz[]", "joins uuid[]")
    for statement in (LINKS, ACCOUNTS, POKE, want("video_links", WANT), appended):
        plain.execute(statement)
