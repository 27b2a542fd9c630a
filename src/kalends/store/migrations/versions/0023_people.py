"""What people know a schedule by: its slug, its colour, and the name that attendees see.

Slug and colour are given out by a trigger, whoever writes the schedule: servers of the release
before, which go on beside it, know nothing of them. What is there gets them here, some hundred rows
at a time. Locks: for a moment `schedules`, to add columns (null, so no row is written) and trigger.
"""

from typing import Final

from kalends.store.migrations import plain
from kalends.store.migrations.sql import give_out_slug_and_color

revision = "0023"
down_revision = "0022"

COLUMNS = """
ALTER TABLE schedules ADD COLUMN IF NOT EXISTS slug text,
    ADD COLUMN IF NOT EXISTS public_name text,
    ADD COLUMN IF NOT EXISTS color text;
"""
# One schedule of an organization after the other: who waits for the lock sees what the other took.
# After some hundred of the same name its id follows it, so that no number of them is ever slow.
GIVE_OUT = give_out_slug_and_color(
    "tried integer := 1;",
    """
        WHILE EXISTS (SELECT FROM schedules WHERE organization_id = NEW.organization_id
                AND slug = NEW.slug AND deleted_at IS NULL AND id <> NEW.id) LOOP
            tried := tried + 1;
            NEW.slug := base || '-' || CASE WHEN tried <= 200 THEN tried::text
                ELSE right(replace(NEW.id::text, '-', ''), 12) || repeat('0', tried - 201) END;
        END LOOP;
""",
)
TRIGGER = """
CREATE OR REPLACE TRIGGER schedules_given_slug_and_color
    BEFORE INSERT OR UPDATE OF slug, color ON schedules FOR EACH ROW
    WHEN (NEW.slug IS NULL OR NEW.color IS NULL) EXECUTE FUNCTION give_out_slug_and_color();
"""
# To be written once more is to be given both. In the order in which they were made.
GIVE_SOME: Final = """
UPDATE schedules SET slug = NULL FROM (
    SELECT organization_id, id FROM schedules WHERE slug IS NULL
    ORDER BY organization_id, id LIMIT 300 FOR NO KEY UPDATE) given
WHERE schedules.organization_id = given.organization_id AND schedules.id = given.id
"""


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(COLUMNS, GIVE_OUT, TRIGGER)
        # Before it fills, so that two of the same name are told apart by it.
        plain.create_unique_index_concurrently(
            "schedules_by_slug", "ON schedules (organization_id, slug) WHERE deleted_at IS NULL"
        )
        plain.create_index_concurrently(
            "schedules_of_user",
            "ON schedules (organization_id, user_id) WHERE user_id IS NOT NULL",
        )
        plain.update_all(GIVE_SOME)
