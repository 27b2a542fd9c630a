"""Versions of organizations: of two who change one, the later learns of it.

Locks: `organizations` for the moment that a column with a constant default and a trigger take (no
rewrite, at most two seconds of waiting at a time). Every organization begins with version 1.

A server of the version before does not know the column: it inserts rows of version 1, and what it
changes leaves the version as it is. The trigger counts such a change, so that a form or an
`If-Match` of before it is refused. Who counts by itself, as servers of this version do, is left
alone. Once none of before runs, the trigger has nothing to do, and a later release may drop it.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction
from kalends.store.migrations.sql import trigger_function

revision = "0049"
down_revision = "0048"

VERSION = """
ALTER TABLE organizations ADD COLUMN IF NOT EXISTS version integer NOT NULL DEFAULT 1
"""
COUNT = trigger_function(
    "count_version",
    """
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
""",
    tag="count",
)
NO_TRIGGER = "DROP TRIGGER IF EXISTS organizations_count_versions ON organizations"
TRIGGER = """
CREATE TRIGGER organizations_count_versions BEFORE UPDATE ON organizations
    FOR EACH ROW WHEN (NEW.version = OLD.version AND NEW.* IS DISTINCT FROM OLD.*)
    EXECUTE FUNCTION count_version()
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(VERSION, COUNT, NO_TRIGGER, TRIGGER)
