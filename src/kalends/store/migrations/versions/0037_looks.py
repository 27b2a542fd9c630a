"""An organization's own colour, and its site.

Locks: `organizations` for the moment that columns without a default take (no rewrite). A server of
the version before neither reads nor writes them: its pages are in our colour.
"""

from kalends.store.migrations.plain import add_columns, outside_transaction

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    with outside_transaction():
        add_columns("organizations", "accent_color text", "website text")
