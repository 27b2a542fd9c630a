"""Absences: their busy times, what was decided about the bookings that they meet, and which
bookings' attendees were asked to choose another time.

Locks: `busy_times` and `bookings` are each locked for the moment that a column with a constant
default takes (no rewrite). A server of the version before books within an absence no more than
within any busy time, but does not see one that is entered in that very moment.
"""

from kalends.store.migrations import plain

revision = "0024"
down_revision = "0023"

ABSENCES = """
CREATE TABLE IF NOT EXISTS absences (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    schedule_ids uuid[] NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    reason text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (start_time < end_time)
);
"""
DECISIONS = """
CREATE TABLE IF NOT EXISTS absence_decisions (
    organization_id uuid NOT NULL,
    absence_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('reassign', 'cancel', 'offer', 'keep')),
    schedule_id uuid,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, absence_id, booking_id)
);
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.add_columns("busy_times", "absence_id uuid")
        plain.add_columns("bookings", "needs_new_time boolean NOT NULL DEFAULT false")
        plain.create_index_concurrently(
            "busy_times_of_absences",
            "ON busy_times (organization_id, schedule_id, end_time) WHERE absence_id IS NOT NULL",
        )
    plain.execute(ABSENCES)
    plain.create_index("absences_by_end", "ON absences (organization_id, end_time, id)")
    plain.execute(DECISIONS)
