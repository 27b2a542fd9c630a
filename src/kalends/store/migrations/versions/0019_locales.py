"""The languages of organizations and users.

Locks: `organizations` and `users` are each locked for the moment that a nullable column takes (no
rewrite, at most two seconds of waiting at a time). A server of the version before neither reads nor
writes them, so whatever it changes stays in the language that was chosen.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    with outside_transaction():
        # Language tags (BCP 47) in their canonical form.
        for table in ("organizations", "users"):
            execute_briefly(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS locale text")
