"""Unique keys that hold the organization, beside those that do not, for a database whose rows are
spread by organization.

The keys of a token alone stay for as long as servers of the release before name them in their
statements; a later release takes them out. Locks nothing for longer than a moment: the indexes are
made while everybody goes on writing.
"""

from kalends.store.migrations.plain import create_unique_index_concurrently, outside_transaction

revision = "0018"
down_revision = "0017"

KEYS = {
    "booking_links_of_organization": "ON booking_links (organization_id, token_hash)",
    "schedule_feeds_of_organization": "ON schedule_feeds (organization_id, token_hash)",
    "calcom_connections_of_hook": "ON calcom_connections (organization_id, hook_hash)",
}


def upgrade() -> None:
    with outside_transaction():
        for name, definition in KEYS.items():
            create_unique_index_concurrently(name, definition)
