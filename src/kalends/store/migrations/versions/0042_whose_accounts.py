"""Whose account a connection signs in to, and why a calendar could not be read.

Locks: `calendar_connections` and `calendars`, one after the other, each for the moment that a
column without a default takes (no rewrite). A server of the version before neither reads nor writes
them: what it reads meanwhile has the reason of before, and whose an account is it does not ask.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0042"
down_revision = "0041"

PRINCIPAL = "ALTER TABLE calendar_connections ADD COLUMN IF NOT EXISTS principal text"
REASON = "ALTER TABLE calendars ADD COLUMN IF NOT EXISTS reason text"


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(PRINCIPAL)
        execute_briefly(REASON)
