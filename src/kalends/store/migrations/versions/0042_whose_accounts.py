"""Whose account a connection signs in to, and why a calendar could not be read.

Locks: `calendar_connections` and `calendars`, one after the other, each for the moment that a
column without a default takes (no rewrite). A server of the version before neither reads nor writes
them: what it reads meanwhile has the reason of before, and whose an account is it does not ask.
"""

from kalends.store.migrations.plain import add_columns, outside_transaction

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    with outside_transaction():
        add_columns("calendar_connections", "principal text")
        add_columns("calendars", "reason text")
