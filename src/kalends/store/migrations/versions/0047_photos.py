"""Photos of schedules: where each is.

Locks: `schedules` for the moment that a column without a default takes (no rewrite). A server of
the version before neither reads nor writes it; one that takes a new logo meanwhile may forget
photos beyond the latest 20 pictures, which are then given again.
"""

from kalends.store.migrations.plain import add_columns, outside_transaction

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    with outside_transaction():
        add_columns("schedules", "photo text")
