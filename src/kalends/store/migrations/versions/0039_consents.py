"""Accounts that are reached by a consent: its tokens, and consents that were asked for.

Locks: `calendar_connections` and `organizations` for the moment that columns with constant
defaults take (no rewrite). Servers of the version before go on beside it; they know no such
accounts, so none is to be connected before the last of them has ended: they could list no
connections of its organization.
"""

from kalends.store.migrations import plain

revision = "0039"
down_revision = "0038"

# Who gets new tokens has a lease, by the database's own clock, and writes them only where
# `tokens_version` is what it was: an older token never takes the place of a newer one.
TOKENS = """
ALTER TABLE calendar_connections ADD COLUMN IF NOT EXISTS scopes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS tokens bytea,
    ADD COLUMN IF NOT EXISTS tokens_version integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS tokens_leased_by uuid,
    ADD COLUMN IF NOT EXISTS tokens_leased_until timestamptz
"""
CONSENTS = """
CREATE TABLE IF NOT EXISTS calendar_consents (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    id uuid NOT NULL,
    provider text NOT NULL,
    user_id uuid,
    connection_id uuid,
    actor text NOT NULL,
    return_url text,
    token_hash bytea NOT NULL,
    state_hash bytea,
    cookie_hash bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, token_hash),
    UNIQUE (organization_id, state_hash)
)
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(TOKENS)
        plain.add_columns("organizations", "return_origins text[] NOT NULL DEFAULT '{}'")
    plain.execute(CONSENTS)
    plain.create_index("calendar_consents_by_expiry", "ON calendar_consents (expires_at)")
