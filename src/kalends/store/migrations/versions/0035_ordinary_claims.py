"""A plan for any organization thinks of one with few claims.

Of an organization that is not known yet PostgreSQL took the average of all for granted, to which
the largest added most. The plan for any then looked dearer than one for the arguments by more than
planning is said to cost, though both were the same: the calendars of ordinary organizations were
planned anew for each slot query and each booking, which took three times as long as reading them.

Locks `occupancies` against other changes of the schema for a moment, and again while it is
analyzed: a second or two, of a sample, beside reading and writing. Where Citus has the tables,
their columns take no such option, and all stays as it was.
"""

from kalends.store.migrations.plain import execute, execute_briefly, outside_transaction

revision = "0035"
down_revision = "0034"

# A hundredth of all rows are of organizations of their own: one has a hundred claims.
FEW = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        ALTER TABLE occupancies ALTER COLUMN organization_id SET (n_distinct = -0.01);
    END IF;
END $$;
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(FEW)
        execute("ANALYZE occupancies")
