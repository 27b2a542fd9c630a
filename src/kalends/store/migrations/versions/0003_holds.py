"""Holds: time that is kept for somebody and ends by itself."""

from kalends.store.migrations.plain import execute

revision = "0003"
down_revision = "0002"

HOLDS = """
CREATE TABLE holds (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    schedule_ids uuid[] NOT NULL,
    event_type_id uuid,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, schedule_id) REFERENCES schedules,
    FOREIGN KEY (organization_id, event_type_id) REFERENCES event_types
);
CREATE INDEX holds_by_event_type ON holds (organization_id, event_type_id, start_time)
    WHERE event_type_id IS NOT NULL;
CREATE INDEX holds_by_end ON holds (expires_at);
"""


def upgrade() -> None:
    execute(HOLDS)
