"""What is busy in calendars elsewhere is read from its index alone, own events included.

Locks nothing for longer than a moment: the index is made while everybody goes on writing, and then
takes the place of the one that lacked whose an event is.
"""

from kalends.store.migrations import plain

revision = "0027"
down_revision = "0026"

COVERING = (
    "ON calendar_busy (organization_id, calendar_id, start_time)"
    " INCLUDE (end_time, is_tentative, is_all_day, is_out_of_office,"
    " own_id, own_event_type_id, own_starts_at)"
)
DROP = "DROP INDEX IF EXISTS calendar_busy_in_order"


def upgrade() -> None:
    with plain.outside_transaction():
        plain.create_index_concurrently("calendar_busy_times", COVERING)
        plain.execute_briefly(DROP)
