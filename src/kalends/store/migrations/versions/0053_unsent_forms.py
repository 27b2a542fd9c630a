"""Forms of the console that were sent after their session had ended, kept for their user.

A new table, which nobody waits for; `users` is locked against changes of its rows for the moment
that the foreign key takes.
"""

from typing import Final

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0053"
down_revision = "0052"

TABLE: Final = """
CREATE TABLE IF NOT EXISTS unsent_forms (
    user_id uuid NOT NULL REFERENCES users,
    id uuid NOT NULL,
    path text NOT NULL,
    typed bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
)
"""
INDEX: Final = "CREATE INDEX IF NOT EXISTS unsent_forms_by_end ON unsent_forms (expires_at)"


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(TABLE, INDEX)


def downgrade() -> None:
    raise NotImplementedError("Kalends migrates forward only; restore a backup to go back.")
