"""The role `staff`, and whether staff sets its own hours.

Servers of the release before know nothing of the role: who has it is refused by them, and a list of
users that holds one fails there. Give it to nobody before all servers are of this release. Locks:
for a moment `memberships` and `organizations`; no row is written.
"""

from kalends.store.migrations import plain

revision = "0031"
down_revision = "0030"

ROLES = """
ALTER TABLE memberships DROP CONSTRAINT IF EXISTS memberships_role_check,
    ADD CONSTRAINT memberships_role_check
        CHECK (role IN ('owner', 'admin', 'member', 'staff')) NOT VALID;
"""
VALIDATE = "ALTER TABLE memberships VALIDATE CONSTRAINT memberships_role_check;"
HOURS = """
ALTER TABLE organizations
    ADD COLUMN IF NOT EXISTS staff_may_edit_hours boolean NOT NULL DEFAULT true;
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(ROLES, VALIDATE, HOURS)
        # Who made a feed: it goes with the user. Null: by a key, or before this.
        plain.add_columns("schedule_feeds", "user_id uuid")
