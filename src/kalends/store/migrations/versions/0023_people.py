"""What people know a schedule by: its slug, its colour, and the name that attendees see.

Slug and colour are given out by a trigger, whoever writes the schedule: servers of the release
before, which go on beside it, know nothing of them. What is there gets them here, some hundred rows
at a time. Locks: for a moment `schedules`, to add columns (null, so no row is written) and trigger.
"""

from typing import Final

from kalends.store.migrations.plain import (
    create_index_concurrently,
    create_unique_index_concurrently,
    execute_briefly,
    outside_transaction,
    update_all,
)

revision = "0023"
down_revision = "0022"

COLUMNS = """
ALTER TABLE schedules ADD COLUMN IF NOT EXISTS slug text,
    ADD COLUMN IF NOT EXISTS public_name text,
    ADD COLUMN IF NOT EXISTS color text;
"""
COLORS: Final = (
    "blue", "orange", "green", "purple", "red", "teal",
    "yellow", "pink", "indigo", "lime", "brown", "cyan",
)  # fmt: skip
# One schedule of an organization after the other: who waits for the lock sees what the other took.
# After some hundred of the same name its id follows it, so that no number of them is ever slow.
GIVE_OUT = f"""
CREATE OR REPLACE FUNCTION give_out_slug_and_color() RETURNS trigger LANGUAGE plpgsql AS $give$
DECLARE
    colors text[] := '{{{",".join(COLORS)}}}';
    base text;
    tried integer := 1;
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended('schedules ' || NEW.organization_id::text, 0));
    IF NEW.slug IS NULL THEN
        base := left(regexp_replace(lower(regexp_replace(
            normalize(NEW.name, NFKD), '[^ -~]', '', 'g') COLLATE "C"), '[^a-z0-9]+', '-', 'g'),
            60);
        base := coalesce(nullif(trim(BOTH '-' FROM base), ''), 'schedule');
        NEW.slug := base;
        WHILE EXISTS (SELECT FROM schedules WHERE organization_id = NEW.organization_id
                AND slug = NEW.slug AND deleted_at IS NULL AND id <> NEW.id) LOOP
            tried := tried + 1;
            NEW.slug := base || '-' || CASE WHEN tried <= 200 THEN tried::text
                ELSE right(replace(NEW.id::text, '-', ''), 12) || repeat('0', tried - 201) END;
        END LOOP;
    END IF;
    IF NEW.color IS NULL THEN
        SELECT colors[coalesce(array_position(colors, latest.color), 0) % cardinality(colors) + 1]
        INTO NEW.color FROM (SELECT (
            SELECT color FROM schedules
            WHERE organization_id = NEW.organization_id AND color IS NOT NULL
            ORDER BY id DESC LIMIT 1) AS color) latest;
    END IF;
    RETURN NEW;
END
$give$;
"""
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
    with outside_transaction():
        execute_briefly(COLUMNS, GIVE_OUT, TRIGGER)
        # Before it fills, so that two of the same name are told apart by it.
        create_unique_index_concurrently(
            "schedules_by_slug", "ON schedules (organization_id, slug) WHERE deleted_at IS NULL"
        )
        create_index_concurrently(
            "schedules_of_user",
            "ON schedules (organization_id, user_id) WHERE user_id IS NOT NULL",
        )
        update_all(GIVE_SOME)
