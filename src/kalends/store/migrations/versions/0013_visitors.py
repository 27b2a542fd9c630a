"""Who holds a time on the booking pages, and what they have typed so far.

Locks: `holds` is locked for the moment that a nullable column takes (no rewrite, at most two
seconds of waiting at a time); its index is made while everybody goes on writing. A server of the
version before writes holds of nobody, which end as they always did.
"""

from kalends.store.migrations import plain

revision = "0013"
down_revision = "0012"

# What was typed is sealed: it is of people who have not sent it.
DRAFTS = """
CREATE TABLE IF NOT EXISTS form_drafts (
    organization_id uuid NOT NULL,
    event_type_id uuid NOT NULL,
    visitor bytea NOT NULL,
    typed bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, event_type_id, visitor),
    FOREIGN KEY (organization_id, event_type_id) REFERENCES event_types
);
CREATE INDEX IF NOT EXISTS form_drafts_by_end ON form_drafts (expires_at);
"""


def upgrade() -> None:
    with plain.outside_transaction():
        # The SHA-256 of what the visitor's browser was given; of nobody where a program holds.
        plain.add_columns("holds", "visitor bytea")
        plain.execute_briefly(DRAFTS)
        plain.create_index_concurrently(
            "holds_of_visitor",
            "ON holds (organization_id, visitor) WHERE visitor IS NOT NULL",
        )
