"""Cal.com: what ends a run for good stands in its row, and rows know whose account showed them.

Locks: each of the tables for an instant, within which nothing is rewritten (columns without a
default, or with a constant one), and `organizations` for the instant in which it is referred to.
Who does not know the columns leaves them empty: rows without an account are given to the one that
is connected by its next sync, a thousand at a time.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0011"
down_revision = "0010"

# `silent_since` is when the first request was sent that Cal.com has not answered since. A holder is
# a token that each worker makes for itself.
RUNS = """
ALTER TABLE calcom_runs
    ADD COLUMN IF NOT EXISTS began_at timestamptz,
    ADD COLUMN IF NOT EXISTS silent_since timestamptz,
    ADD COLUMN IF NOT EXISTS failed_tries integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS rate_limits integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS garbled_answers integer NOT NULL DEFAULT 0;
"""

# An account is a number and an address for mail at a server, as it says itself; a server that does
# not say is known by its address. A connection's account holds for one generation of it.
ACCOUNTS = """
CREATE TABLE IF NOT EXISTS calcom_accounts (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    base_url text NOT NULL,
    calcom_id bigint,
    email text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
"""
CONNECTIONS = """
ALTER TABLE calcom_connections
    ADD COLUMN IF NOT EXISTS account_id uuid,
    ADD COLUMN IF NOT EXISTS account_generation integer;
"""
ROWS = """
ALTER TABLE calcom_rows ADD COLUMN IF NOT EXISTS account_id uuid;
"""


def upgrade() -> None:
    with outside_transaction():
        for part in (RUNS, ACCOUNTS, CONNECTIONS, ROWS):
            execute_briefly(part)
