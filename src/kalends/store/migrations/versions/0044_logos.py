"""An organization's logo.

Locks: `organizations` for the moment that a column without a default takes (no rewrite). A server
of the version before neither reads nor writes it, and shows no logo.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0044"
down_revision = "0043"

# By name, which has a hash of the content.
PICTURES = """
CREATE TABLE IF NOT EXISTS pictures (
    organization_id uuid NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, name)
)
"""
LOGO = "ALTER TABLE organizations ADD COLUMN IF NOT EXISTS logo text"


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(PICTURES)
        execute_briefly(LOGO)
