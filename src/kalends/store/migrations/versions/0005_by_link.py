"""What is opened by link (accounts, feeds), and what ends by itself."""

from kalends.store.migrations.plain import execute

revision = "0005"
down_revision = "0004"

# Who was invited has no password yet. A link sets one, once; only the SHA-256 of its token is kept.
ACCOUNTS = """
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;

CREATE TABLE account_links (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    purpose text NOT NULL CHECK (purpose IN ('password-reset', 'invitation')),
    organization_id uuid REFERENCES organizations,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((purpose = 'invitation') = (organization_id IS NOT NULL))
);
CREATE INDEX account_links_of_user ON account_links (user_id);
CREATE INDEX account_links_by_end ON account_links (expires_at);
"""

FEEDS = """
CREATE TABLE schedule_feeds (
    organization_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, schedule_id),
    FOREIGN KEY (organization_id, schedule_id) REFERENCES schedules
);
"""

# What ends by itself is looked for each minute, over all organizations: by the few event types
# that say so, and then only what is due, however many others lie in the past.
ENDINGS = """
CREATE INDEX event_types_expiring ON event_types (organization_id, id) WHERE expire_pending;
CREATE INDEX event_types_completing ON event_types (organization_id, id)
    WHERE complete_after_minutes IS NOT NULL;
CREATE INDEX bookings_to_expire ON bookings (organization_id, event_type_id, start_time)
    WHERE status = 'PENDING' AND event_type_id IS NOT NULL;
CREATE INDEX bookings_to_complete ON bookings (organization_id, event_type_id, end_time)
    WHERE status = 'CONFIRMED' AND event_type_id IS NOT NULL;
"""

LITTER = """
CREATE INDEX booking_links_by_age ON booking_links (created_at);
CREATE INDEX mails_with_message ON mails (created_at) WHERE message IS NOT NULL;
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (organization_id, id)
    WHERE deleted_at IS NOT NULL;
"""


def upgrade() -> None:
    for part in (ACCOUNTS, FEEDS, ENDINGS, LITTER):
        execute(part)
