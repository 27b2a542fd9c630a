"""An organization's own colour, and its site.

Locks: `organizations` for the moment that columns without a default take (no rewrite). A server of
the version before neither reads nor writes them: its pages are in our colour.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0037"
down_revision = "0036"

COLOR = "ALTER TABLE organizations ADD COLUMN IF NOT EXISTS accent_color text"
WEBSITE = "ALTER TABLE organizations ADD COLUMN IF NOT EXISTS website text"


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(COLOR)
        execute_briefly(WEBSITE)
