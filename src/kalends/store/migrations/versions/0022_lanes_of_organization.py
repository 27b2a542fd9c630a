"""An index of what is due in one organization, as lanes are leased organization by organization.

Made while everybody goes on writing. The indexes of what is due at all stay: one is for the look
at all organizations, the other is that of servers of the release before.
"""

from kalends.store.migrations.plain import create_index_concurrently, outside_transaction

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    with outside_transaction():
        create_index_concurrently(
            "webhook_lanes_due_of_organization",
            "ON webhook_lanes (organization_id, channel, due_at) WHERE waiting > 0",
        )
