"""An event type's own texts by language.

Locks: `event_types` for the moment that a column with a constant default takes (no rewrite). A
server of the version before neither reads nor writes it: it shows the originals.
"""

from kalends.store.migrations.plain import add_columns, outside_transaction

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    with outside_transaction():
        add_columns("event_types", "translations jsonb NOT NULL DEFAULT '{}'")
