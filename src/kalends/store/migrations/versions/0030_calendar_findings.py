"""What was seen in calendars elsewhere that somebody has to decide about.

A new table; servers of the version before know nothing of it.
"""

from kalends.store.migrations.plain import execute

revision = "0030"
down_revision = "0029"

# A session has no booking of its own.
FINDINGS = """
CREATE TABLE IF NOT EXISTS calendar_findings (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    booking_id uuid,
    schedule_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    seen_at timestamptz NOT NULL,
    was_from timestamptz,
    was_until timestamptz,
    is_from timestamptz,
    is_until timestamptz,
    reason text,
    resolution text,
    resolved_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, calendar_id)
        REFERENCES calendars (organization_id, id) ON DELETE CASCADE
)
"""
INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS calendar_findings_open ON calendar_findings"
    " (organization_id, calendar_id, subject_id, schedule_id, kind) WHERE resolved_at IS NULL",
    "CREATE INDEX IF NOT EXISTS calendar_links_missed ON calendar_links"
    " (organization_id, calendar_id, missed_at) WHERE missed_at IS NOT NULL",
)


def upgrade() -> None:
    for statement in (FINDINGS, *INDEXES):
        execute(statement)
