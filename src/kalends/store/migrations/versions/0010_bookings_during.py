"""An index over the time of bookings, for what runs at an instant.

Locks nothing for longer than a moment: the index is made while everybody goes on writing, which
takes some 20 seconds for each million bookings.
"""

from kalends.store.migrations.plain import create_index_concurrently, outside_transaction, run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with outside_transaction():
        create_index_concurrently(
            "bookings_during",
            "ON bookings USING gist (organization_id, tstzrange(start_time, end_time))",
        )
        # What the planner knows of an expression comes with its index.
        run(lambda driver: driver.execute("ANALYZE bookings"))
