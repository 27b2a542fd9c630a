"""When an organization was told that a provider does not make links to calls.

Locks: none that anybody waits for; the table is new.
"""

from kalends.store.migrations.plain import execute

revision = "0050"
down_revision = "0049"

REPORTS = """
CREATE TABLE IF NOT EXISTS video_reports (
    organization_id uuid NOT NULL,
    provider text NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, provider)
)
"""


def upgrade() -> None:
    execute(REPORTS)
