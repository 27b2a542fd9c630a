"""Jobs for mail, which servers of the release before go on writing, become deliveries as they are
written.

Such a server hands its mails over by jobs of its own, in any order, while lanes are served beside
it: what it had written could be overtaken by a later change of the same booking, made here. So a
trigger makes each of its jobs deliveries, in the transaction of the change (or of the failed try)
that writes it, while the counter of events is locked; it never runs them.

What waits already is converted here. A job that such a server runs at this moment gets its place
too, and holds its lanes until it has ended, or for as long as a try may take. That works since
nobody serves lanes of mail before all migrations have run. Locks: for a moment `pgqueuer`, to
create the triggers.
"""

from typing import Final

from kalends.store.migrations.plain import execute_briefly, outside_transaction, run, update_all

revision = "0021"
down_revision = "0020"

# As `runtime/mail_again.py` does it: known by its address in small letters, never sent after the
# link in it has expired, or after the start that it reminds of. What waits needs no second place.
PLACE = """
CREATE OR REPLACE FUNCTION place_mails_of_job(payload bytea, due timestamptz)
RETURNS void LANGUAGE plpgsql AS $place$
DECLARE
    words uuid[] := string_to_array(convert_from(payload, 'UTF8'), ' ')::uuid[];
    tenant uuid := words[1];
    placed uuid[];
BEGIN
    WITH unsent AS (
        SELECT m.*, CASE WHEN m.audience = 'organization' THEN tenant ELSE encode(substr(sha256(
            convert_to(lower(lower(m.recipient COLLATE "C") COLLATE "default"), 'UTF8')), 1, 16),
            'hex')::uuid END AS destination_id
        FROM mails m
        WHERE m.organization_id = tenant AND m.id = ANY(words[2:])
            AND m.state IN ('queued', 'failed')),
    put AS (
        INSERT INTO deliveries AS d (organization_id, id, endpoint_id, event_id, type, lane_id,
            number, state, created_at, channel, expires_at)
        SELECT tenant, u.id, u.destination_id, coalesce(e.id, u.id), u.kind,
            coalesce(u.booking_id, u.destination_id), coalesce(u.event_number, 0), 'pending',
            now(), 'mail',
            CASE u.kind WHEN 'reminder' THEN (e.data ->> 'start_time')::timestamptz
                WHEN 'password_reset' THEN u.created_at + interval '1 hour'
                WHEN 'user_invitation' THEN u.created_at + interval '7 days' END
        FROM unsent u LEFT JOIN events e ON e.organization_id = tenant AND e.number = u.event_number
        ON CONFLICT (organization_id, id) DO UPDATE
        SET state = 'pending', tries = 0, created_at = excluded.created_at
        WHERE d.state = 'exhausted'
            AND (d.expires_at IS NULL OR d.expires_at > excluded.created_at)
        RETURNING d.id)
    SELECT array_agg(id) INTO placed FROM put;

    INSERT INTO webhook_lanes AS l
        (organization_id, endpoint_id, lane_id, channel, waiting, due_at)
    SELECT tenant, d.endpoint_id, d.lane_id, 'mail', count(*), due FROM deliveries d
    WHERE d.organization_id = tenant AND d.id = ANY(placed)
    GROUP BY d.endpoint_id, d.lane_id ORDER BY d.endpoint_id, d.lane_id
    ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
    SET waiting = l.waiting + excluded.waiting,
        due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at
            ELSE greatest(l.due_at, excluded.due_at) END;
    UPDATE mails SET state = 'queued', error = NULL, done_at = NULL
    WHERE organization_id = tenant AND id = ANY(placed) AND state = 'failed';
END
$place$;
"""
# A job that was picked was picked then; so long it may take.
HELD: Final = "interval '90 seconds'"
FOLLOW = f"""
CREATE OR REPLACE FUNCTION follow_mail_job() RETURNS trigger LANGUAGE plpgsql AS $follow$
BEGIN
    IF TG_OP <> 'DELETE' AND NEW.status = 'queued' THEN
        PERFORM place_mails_of_job(NEW.payload, now());
        DELETE FROM pgqueuer WHERE id = NEW.id;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.status = 'picked' THEN
        UPDATE webhook_lanes l SET due_at = now()
        FROM deliveries d, (SELECT string_to_array(convert_from(OLD.payload, 'UTF8'), ' ')::uuid[])
            AS job (words)
        WHERE d.organization_id = job.words[1] AND d.id = ANY(job.words[2:])
            AND l.organization_id = job.words[1] AND l.endpoint_id = d.endpoint_id
            AND l.lane_id = d.lane_id AND l.due_at = OLD.updated + {HELD};
    END IF;
    RETURN NULL;
END
$follow$;
"""
TRIGGERS = """
DROP TRIGGER IF EXISTS mail_job_written ON pgqueuer;
CREATE TRIGGER mail_job_written AFTER INSERT OR UPDATE OF status ON pgqueuer FOR EACH ROW
    WHEN (NEW.entrypoint = 'mail' AND NEW.status IN ('queued', 'failed'))
    EXECUTE FUNCTION follow_mail_job();
DROP TRIGGER IF EXISTS mail_job_done ON pgqueuer;
CREATE TRIGGER mail_job_done AFTER DELETE ON pgqueuer FOR EACH ROW
    WHEN (OLD.entrypoint = 'mail' AND OLD.status = 'picked')
    EXECUTE FUNCTION follow_mail_job();
"""
# To be written once more is to be converted. What is locked is being picked.
CONVERT_SOME: Final = """
UPDATE pgqueuer SET status = 'queued' WHERE id = ANY(ARRAY(
    SELECT id FROM pgqueuer WHERE entrypoint = 'mail' AND status = 'queued'
    ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED))
"""
# What is being picked at this moment is seen as queued, and waited for.
PLACE_PICKED: Final = f"""
SELECT place_mails_of_job(payload, updated + {HELD}) FROM (
    SELECT payload, updated FROM pgqueuer
    WHERE entrypoint = 'mail' AND status IN ('queued', 'picked') ORDER BY id FOR UPDATE) picked
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(PLACE, FOLLOW, TRIGGERS)
        update_all(CONVERT_SOME)
        run(lambda driver: driver.execute(PLACE_PICKED))
        # It was not picked after all.
        update_all(CONVERT_SOME)
