"""Versions of webhooks, and of the accounts by which links to calls are made.

Locks: `webhook_endpoints` and `video_accounts`, each for the moment that a column with a constant
default and a trigger take (no rewrite, at most two seconds of waiting at a time). Each row begins
with version 1.

A server of the version before leaves the version as it is. The triggers count what it changes by
the time of the change, which it writes along: what is noted of deliveries or tokens is no change.
See 0049.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0051"
down_revision = "0050"

TABLES = ("webhook_endpoints", "video_accounts")
VERSION = "ALTER TABLE {0} ADD COLUMN IF NOT EXISTS version integer NOT NULL DEFAULT 1"
NO_TRIGGER = "DROP TRIGGER IF EXISTS {0}_count_versions ON {0}"
TRIGGER = """
CREATE TRIGGER {0}_count_versions BEFORE UPDATE ON {0}
    FOR EACH ROW WHEN (NEW.version = OLD.version AND NEW.updated_at IS DISTINCT FROM OLD.updated_at)
    EXECUTE FUNCTION count_version()
"""


def upgrade() -> None:
    with outside_transaction():
        for table in TABLES:
            execute_briefly(*(step.format(table) for step in (VERSION, NO_TRIGGER, TRIGGER)))
