"""Occupancies name their event type.

Adds a column without a default: nothing is rewritten. `occupancies` is locked for the blink of an
eye, once nobody is in the way. Rows that are there, and those of a server of before, name none;
whose they are is then asked of their booking or hold.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with outside_transaction():
        execute_briefly("ALTER TABLE occupancies ADD COLUMN IF NOT EXISTS event_type_id uuid")
