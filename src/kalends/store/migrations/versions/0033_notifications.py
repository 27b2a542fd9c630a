"""What each user is mailed, the agenda, further addresses of the organization, users' zones.

Servers of the release before go on beside it. They mail nothing to hosts, and know the first
address of an organization alone, which stays where it was. One that leases a mail to a host cannot
write it and tries again later, so that a server of this release comes to it. Locks: for a moment
`organizations` and `users`, for a column each that is null or has a constant default, and `mails`,
for its check, which is then validated while everybody reads and writes; no row is written.
"""

from kalends.store.migrations import plain
from kalends.store.migrations.sql import append_events

revision = "0033"
down_revision = "0032"

# Who has no row is mailed everything, and no agenda. `agenda_due_at` is when to look next,
# `agenda_sent_on` the last day (of the user's zone) whose agenda is settled.
NOTIFICATIONS = """
CREATE TABLE IF NOT EXISTS user_notifications (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    requested boolean NOT NULL DEFAULT true,
    confirmed boolean NOT NULL DEFAULT true,
    rescheduled boolean NOT NULL DEFAULT true,
    cancelled boolean NOT NULL DEFAULT true,
    reassigned boolean NOT NULL DEFAULT true,
    agenda_at time,
    agenda_due_at timestamptz,
    agenda_sent_on date,
    PRIMARY KEY (organization_id, user_id)
)
"""
AGENDA_DUE = """
CREATE INDEX IF NOT EXISTS user_notifications_agenda_due
    ON user_notifications (agenda_due_at) WHERE agenda_due_at IS NOT NULL
"""
# A mail to the organization goes to each of its addresses; the first is filled in by what is
# called. The lanes of further ones are known by the address, as an attendee's are.
APPEND = """
DECLARE
    further text[];
    made record;
BEGIN
    IF array_position(recipients, NULL) IS NOT NULL THEN
        SELECT more_notify_emails INTO further FROM organizations WHERE id = tenant;
        FOR made IN
            SELECT m.kind, m.audience, m.ordinal, m.expires_at, f.address,
                encode(substr(uuid_send(m.id), 1, 8)
                    || substr(uuid_send(gen_random_uuid()), 9), 'hex')::uuid AS id,
                encode(substr(sha256(convert_to(
                    lower(lower(f.address COLLATE "C") COLLATE "default"), 'UTF8')), 1, 16),
                    'hex')::uuid AS destination_id
            FROM unnest(mail_ids, kinds, audiences, recipients, ordinals, expiries)
                AS m (id, kind, audience, recipient, ordinal, expires_at)
            CROSS JOIN unnest(further) AS f (address)
            WHERE m.recipient IS NULL
        LOOP
            mail_ids := array_append(mail_ids, made.id);
            kinds := array_append(kinds, made.kind);
            audiences := array_append(audiences, made.audience);
            recipients := array_append(recipients, made.address);
            destinations := array_append(destinations, made.destination_id);
            ordinals := array_append(ordinals, made.ordinal);
            expiries := array_append(expiries, made.expires_at);
        END LOOP;
    END IF;
    RETURN append_events_2(tenant, actor_id, moment, ids, types, bookings, contents, sequences,
        overrides, previouses, actor_names, mail_ids, kinds, audiences, recipients, destinations,
        ordinals, expiries, told, earlier);
END
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(NOTIFICATIONS, AGENDA_DUE)
        plain.add_columns("organizations", "more_notify_emails text[] NOT NULL DEFAULT '{}'")
        plain.add_columns("users", "timezone text")
        plain.check_values("mails", "audience", "attendee", "organization", "host", "user")
        plain.execute_briefly(append_events(3, APPEND, "told uuid[]", "earlier timestamptz[]"))
