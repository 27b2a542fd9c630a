"""Claims of an event type are found by month, and those that name none by schedule.

Both indexes are built while everybody goes on writing. The second one takes in what is there and
what servers of before write, and nothing new.
"""

from kalends.store.migrations.plain import create_index_concurrently, outside_transaction

revision = "0014"
down_revision = "0013"

INDEXES = {
    "occupancies_of_event_type": "ON occupancies (organization_id, event_type_id, starts_at)"
    " WHERE event_type_id IS NOT NULL",
    "occupancies_unnamed": "ON occupancies (organization_id, schedule_id, starts_at)"
    " WHERE event_type_id IS NULL",
}


def upgrade() -> None:
    with outside_transaction():
        for name, definition in INDEXES.items():
            create_index_concurrently(name, definition)
