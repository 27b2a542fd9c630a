"""Claims longer than a day are found by an index of their own, which is next to empty.

What takes time at an instant and began before it: of the last day's claims the index in order says
so, of longer ones this. Until now the constraint's index did, whose pages of a schedule that nobody
has asked about lately are in no cache.

Locks nothing for longer than a moment: the index is made while everybody goes on writing, which
takes some 0.2 seconds for each million claims.
"""

from kalends.store.migrations.plain import create_index_concurrently, outside_transaction

revision = "0025"
down_revision = "0024"

LONG = (
    "ON occupancies USING gist (organization_id, schedule_id, during)"
    " WHERE upper(during) - lower(during) > interval '24 hours'"
)


def upgrade() -> None:
    with outside_transaction():
        create_index_concurrently("occupancies_long", LONG)
